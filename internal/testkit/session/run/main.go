// Command run runs the scripted session with the embedded guest and prints its
// steps, its state hash and what the guest said: a test builds it for other
// processors and compares.
package main

import (
	"fmt"
	"os"

	"ringzero"
	"ringzero/internal/testkit/session"
)

func main() {
	r, err := session.Embedded(ringzero.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d %s\n%s", r.Steps, r.Hash, r.Output)
}
