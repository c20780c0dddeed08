// Package repo finds the module's own folder from inside a test, whatever
// folder the test runs in.
package repo

import (
	"os"
	"path/filepath"
	"testing"
)

// Root is the folder that holds go.mod. It fails the test where there is none:
// tests run from a checkout.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("repo: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("repo: no go.mod above the folder of the test")
		}
		dir = parent
	}
}
