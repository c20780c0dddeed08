package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ringzero/decoder"

	"github.com/stretchr/testify/require"
)

// TestCommittedPage: docs/instructions.md is what the rows give.
func TestCommittedPage(t *testing.T) {
	require.NoError(t, run("../../../docs/instructions.md", true))
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	require.ErrorContains(t, run(path, true), "stale", "missing")
	require.NoError(t, run(path, false))
	require.NoError(t, run(path, true))
	require.NoError(t, os.WriteFile(path, append(Page(decoder.Rows()), '\n'), 0o600))
	require.ErrorContains(t, run(path, true), "stale", "changed")
}

func TestPage(t *testing.T) {
	page := string(Page(decoder.Rows()))
	for _, line := range []string{
		"| 00 /r | ADD | Eb,Gb | all | Base |  |  | W OF SF ZF AF PF CF | L | SDM 2A ADD |",
		"| 63 /r | ARPL | Ew,Gw | P | Base |  |  | W ZF |  | SDM 2A ARPL |",
		"| F4 | HLT |  | all | Base | CPL 0 | C |  |  | SDM 2A HLT |",
		"| 0F 01 /0 m | SGDT | Ms | all | Base | CR4.UMIP | B **critical** |  |  | SDM 2B SGDT |",
		"| C0 /4 | SHL | Eb,Ib | all | Base |  |  | W SF ZF PF CF, U OF AF |  | SDM 2B SAL/SAR/SHL/SHR |",
	} {
		require.Contains(t, page, line+"\n")
	}
	require.Equal(t, len(decoder.Rows()), strings.Count(page, " | SDM ")+strings.Count(page, " | AMD ")+
		strings.Count(page, " | i486 ")+strings.Count(page, " | 8087 ")+strings.Count(page, " | 80287 ")+strings.Count(page, " | undocumented"))
}
