// Package explain tells people what happened in a machine: which rule a fault broke and
// why it is likely to have come to that, the registers, the way that control took, and
// the last instructions. It looks, and changes nothing.
package explain

import (
	"fmt"

	"ringzero"
	"ringzero/debugger/symbols"
	"ringzero/decoder"
	"ringzero/x86"
)

// Machine is what can be explained; *ringzero.Machine is one.
type Machine interface {
	Steps() uint64
	Now() uint64
	State() ringzero.State
	CodeSize() decoder.CodeSize
	EA(in *decoder.Inst) uint64
	Walk(va uint64, code uint32) ringzero.Walk
	ReadLinear(va uint64, p []byte) int
	Faults() *ringzero.FaultLog
	History() *ringzero.History
	Recent(n int) []ringzero.Ran
	Has(f decoder.Feature) bool
	NX() bool
	Devices() []ringzero.DeviceState
}

// explainer is a machine as it stands.
type explainer struct {
	m     Machine
	c     *ringzero.State
	names *symbols.Table
}

// look takes a machine as it stands; names may be nil.
func look(m Machine, names *symbols.Table) *explainer {
	s := m.State()
	if names == nil {
		names = symbols.NewTable()
	}
	return &explainer{m, &s, names}
}

// symbol names the place at an offset in the code segment, as " <main+0x12>", "" where
// no name covers it.
func (e *explainer) symbol(eip uint64) string {
	if e.c.CR0&x86.CR0_PE == 0 {
		return ""
	}
	return e.nameOf(e.c.Seg[x86.CS].Base + eip)
}

// nameOf names a linear address likewise.
func (e *explainer) nameOf(at uint64) string {
	if e.codeSize() != decoder.Code64 {
		at &= 0xffffffff
	}
	sym, off, ok := e.names.At(at)
	switch {
	case !ok:
		return ""
	case off == 0:
		return fmt.Sprintf(" <%s>", sym.Name)
	}
	return fmt.Sprintf(" <%s+%#x>", sym.Name, off)
}

func (e *explainer) codeSize() decoder.CodeSize { return e.m.CodeSize() }

// codeAt is up to 15 bytes of code at CS:eip, as far as they can be read.
func (e *explainer) codeAt(eip uint64) []byte {
	return e.linear(e.c.Seg[x86.CS].Base+eip, decoder.MaxLen)
}

// linear reads up to n bytes from a linear address; it ends where a page is not present
// or is no memory.
func (e *explainer) linear(va uint64, n int) []byte {
	p := make([]byte, n)
	return p[:e.m.ReadLinear(va, p)]
}

// word reads a dword.
func (e *explainer) word(va uint64) (v uint64, ok bool) {
	p := e.linear(va, 4)
	for i, b := range p {
		v |= uint64(b) << (8 * i)
	}
	return v, len(p) == 4
}

// Listing gives the length and text of the instruction at the start of code.
func Listing(code []byte, mode decoder.CodeSize, pc uint64) (int, string) {
	var in decoder.Inst
	if decoder.Decode(code, mode, &in) != decoder.OK {
		return min(1, len(code)), "(bad)"
	}
	return int(in.Len), in.Text(pc)
}

// mostFrames bounds a backtrace.
const mostFrames = 16

// frames follows the frame pointers of 32-bit code: each frame holds the caller's, and
// above it the address to return to. It ends where that makes no sense. The addresses
// are linear.
func (e *explainer) frames() (back []uint64) {
	c := e.c
	if e.codeSize() != decoder.Code32 || c.CR0&x86.CR0_PE == 0 {
		return nil
	}
	bp := c.R[x86.BP] & 0xffffffff
	for len(back) < mostFrames && bp&3 == 0 {
		next, ok1 := e.word(c.Seg[x86.SS].Base + bp)
		ret, ok2 := e.word(c.Seg[x86.SS].Base + bp + 4)
		if !ok1 || !ok2 || ret == 0 || len(e.codeAt(ret)) == 0 {
			break
		}
		back = append(back, (c.Seg[x86.CS].Base+ret)&0xffffffff)
		if next <= bp {
			break
		}
		bp = next
	}
	return back
}
