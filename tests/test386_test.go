// Package tests holds the tests that run a whole machine.
package tests

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/debugger/explain"
)

// test386 is barotto's test386.asm, a ROM that stands in for the BIOS (GitHub,
// GPL: it is built outside of this repository). TEST386 names its image, as
// docs/TESTING.md tells how to make it; the repository's reference of the
// output of POST EEh is expected beside it.
const test386Reference = "test386-EE-reference.txt"

// postPorts are where a POST code may go: 80h, and those of other machines,
// 190h being the program's own default.
var postPorts = []uint16{0x80, 0x84, 0x190, 0x300, 0x680}

// post is a POST card: it keeps the codes, and where the output stood at EEh.
type post struct {
	m     *ringzero.Machine
	out   []*bytes.Buffer
	codes []byte
}

func (p *post) Read(uint64, int) uint64 { return 0xff }

func (p *post) Write(_ uint64, _ int, v uint64) {
	p.codes = append(p.codes, byte(v))
	switch byte(v) {
	case 0xee:
		for _, o := range p.out {
			o.Reset()
		}
	case 0xff:
		p.m.Stop(ringzero.Requested)
	}
}

// test386 runs the image and gives what it printed in POST EEh and its codes.
// The serial port counts where the image was built for it, else port E9h.
func test386(t *testing.T, rom []byte, model string) (output, codes []byte) {
	var serial, debug bytes.Buffer
	into := func(b *bytes.Buffer) io.Writer { return ringzero.EachByte(func(c byte) { b.WriteByte(c) }) }
	m, err := ringzero.New(ringzero.Config{Memory: 16 << 20, CPU: model, BIOS: rom, Serial: into(&serial), Debug: into(&debug),
		MaxInstructions: 2_000_000_000, NoReboot: true})
	require.NoError(t, err)
	defer m.Close()
	card := &post{m: m, out: []*bytes.Buffer{&serial, &debug}}
	for _, p := range postPorts {
		require.NoError(t, m.MapPorts(fmt.Sprintf("POST %Xh", p), p, 1, 1, card))
	}
	stop := m.Step()
	for ; stop == ringzero.Going; stop = m.Step() {
	}
	require.Equal(t, ringzero.Requested, stop, explain.Short(m, nil, fmt.Sprintf("after POST codes % X ended", card.codes)))
	if serial.Len() > 0 {
		return serial.Bytes(), card.codes
	}
	return debug.Bytes(), card.codes
}

func TestTest386(t *testing.T) {
	image := os.Getenv("TEST386")
	if image == "" {
		t.Skip("TEST386 does not name an image of test386.asm")
	}
	rom, err := os.ReadFile(image)
	require.NoError(t, err)
	want, err := os.ReadFile(filepath.Join(filepath.Dir(image), test386Reference))
	require.NoError(t, err)
	// The suite tests what an 80386 defines; no model may differ.
	for _, model := range []string{"486", "pentium", "pentiumpro", "max"} {
		t.Run(model, func(t *testing.T) {
			got, codes := test386(t, rom, model)
			require.Contains(t, string(codes), "\xee", "POST EEh was left out")
			require.Empty(t, differences(got, want))
		})
	}
}

// differences lists the first lines in which two outputs differ.
func differences(got, want []byte) (d []string) {
	lines := func(b []byte) [][]byte {
		return bytes.Split(bytes.ReplaceAll(bytes.TrimSpace(b), []byte("\r"), nil), []byte("\n"))
	}
	g, w := lines(got), lines(want)
	if len(g) != len(w) {
		d = append(d, fmt.Sprintf("%d lines, want %d", len(g), len(w)))
	}
	for i := range min(len(g), len(w)) {
		if len(d) > 20 {
			break
		}
		if a, b := bytes.TrimSpace(g[i]), bytes.TrimSpace(w[i]); !bytes.Equal(a, b) {
			d = append(d, fmt.Sprintf("line %d: %s\nwant %s", i+1, a, b))
		}
	}
	return d
}
