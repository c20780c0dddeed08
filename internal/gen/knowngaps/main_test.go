package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/cpu"
	"ringzero/decoder"
)

func TestPageIsFresh(t *testing.T) {
	require.NoError(t, run("../../../docs/KNOWN_GAPS.md", true))
}

// A CPUID bit promises all instructions of its feature.
func TestNoFeatureIsShownThatIsNotThere(t *testing.T) {
	promised := map[decoder.Feature]bool{}
	for f := range decoder.Feature(decoder.NumFeatures) {
		promised[f] = f != decoder.Base && f != decoder.I486
	}
	for _, name := range cpu.ModelNames() {
		m, err := cpu.ModelByName(name)
		require.NoError(t, err)
		for _, r := range decoder.Rows() {
			if promised[r.Feature] {
				require.NotEqual(t, noHandler, judge(r, m), "model %s shows %v: %v %s", name, r.Feature, r.Op, r.Encoding())
			}
		}
	}
}

func TestEveryShownBitHasAName(t *testing.T) {
	for _, name := range cpu.ModelNames() {
		m, err := cpu.ModelByName(name)
		require.NoError(t, err)
		for _, w := range words {
			for _, bit := range names(m, w) {
				require.NotRegexp(t, `^bit\d`, bit, "model %s, leaf %x", name, w.leaf)
			}
		}
	}
}
