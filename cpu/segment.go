package cpu

import (
	"ringzero/x86"
)

// Segment is a segment register with its cached descriptor (SDM 3A 3.4.3).
type Segment struct {
	Sel   uint16
	Base  uint64
	Limit uint32
	// Attr is bits 40 to 55 of the descriptor: type, S, DPL, P, limit nibble
	// (ignored), AVL, L, D/B, G. Zero stands for a null selector.
	Attr uint16
	// ReadLo to ReadHi and WriteLo to WriteHi are the offsets that may be
	// read and written: derived from the rest, so that one comparison checks
	// limit, type and expansion. An empty range has Lo above Hi.
	ReadLo, ReadHi, WriteLo, WriteHi uint64
}

// Bits of Segment.Attr.
const (
	attrA    = 1 << 0
	attrRW   = 1 << 1
	attrC    = 1 << 2 // conforming, expand-down
	attrCode = 1 << 3
	attrS    = 1 << 4
	attrP    = 1 << 7
	attrL    = 1 << 13
	attrDB   = 1 << 14
	attrG    = 1 << 15
)

// DPL is the descriptor's privilege level.
func (s *Segment) DPL() int { return int(s.Attr>>5) & 3 }

// Big is the D/B bit.
func (s *Segment) Big() bool { return s.Attr&attrDB != 0 }

// nullSegment is a segment register without a segment: no access is within its
// ranges.
func nullSegment(sel uint16) Segment { return Segment{Sel: sel, ReadLo: 1, WriteLo: 1} }

// derive computes the ranges (SDM 3A 5.3, 5.4).
func (s *Segment) derive() {
	s.ReadLo, s.ReadHi, s.WriteLo, s.WriteHi = 1, 0, 1, 0
	if s.Attr&attrP == 0 || s.Attr&attrS == 0 {
		return
	}
	lo, hi := uint64(0), uint64(s.Limit)
	if s.Attr&(attrCode|attrC) == attrC { // expand-down data
		lo, hi = uint64(s.Limit)+1, 0xffff
		if s.Big() {
			hi = 0xffffffff
		}
	}
	if s.Attr&attrCode == 0 || s.Attr&attrRW != 0 {
		s.ReadLo, s.ReadHi = lo, hi
	}
	if s.Attr&(attrCode|attrRW) == attrRW {
		s.WriteLo, s.WriteHi = lo, hi
	}
}

// flat tells a segment that adds nothing and checks nothing.
func (s *Segment) flat() bool {
	return s.Base == 0 && s.ReadLo == 0 && s.ReadHi == 0xffffffff && s.WriteLo == 0 && s.WriteHi == 0xffffffff
}

func (s *Segment) load(sel uint16, d x86.Descriptor) {
	s.Sel, s.Base, s.Limit, s.Attr = sel, uint64(d.Base()), d.Limit(), uint16(d>>40)&0xf0ff
	s.derive()
}

// descriptor reads the descriptor of a selector. A selector outside of its
// table raises v with the selector as code.
func (c *CPU) descriptor(sel x86.Selector, v x86.Vector, ext uint32) (d x86.Descriptor, at uint64, exc *x86.Exception) {
	base, limit := c.GDTR.Base, uint32(c.GDTR.Limit)
	if sel.Local() {
		ldt := &c.Seg[x86.LDTR]
		if ldt.Sel&^3 == 0 && ldt.Attr == 0 {
			return 0, 0, c.fault(v, uint32(sel)&^3|ext)
		}
		base, limit = ldt.Base, ldt.Limit
	}
	if sel.Offset()+7 > limit {
		return 0, 0, c.fault(v, uint32(sel)&^3|ext)
	}
	at = base + uint64(sel.Offset())
	raw, exc := c.loadSystem(at, 8)
	return x86.Descriptor(raw), at, exc
}

// touch sets the accessed bit of a descriptor in memory.
func (c *CPU) touch(d x86.Descriptor, at uint64) (x86.Descriptor, *x86.Exception) {
	if d.Accessed() {
		return d, nil
	}
	d |= x86.DescA
	return d, c.storeSystem(at+5, 1, uint64(d>>40)&0xff)
}

// loadReal loads a segment register in real-address or virtual-8086 mode.
func (c *CPU) loadReal(seg int, sel uint16) {
	s := &c.Seg[seg]
	s.Sel, s.Base = sel, uint64(sel)<<4
	if s.Attr == 0 { // it was null: nothing of it is kept
		s.Limit, s.Attr = 0xffff, attrP|attrS|attrRW|attrA
	}
	if c.v86() {
		s.Limit, s.Attr = 0xffff, attrP|attrS|attrRW|attrA|3<<5
	} else if seg == x86.CS {
		// A code segment loaded in real mode may be written (SDM 3B 20.1.1);
		// limit and D stay as they were cached.
		s.Attr = s.Attr&attrDB | attrP | attrS | attrRW | attrA
	}
	s.derive()
}

// LoadData loads DS, ES, FS, GS or SS with a selector (SDM 2B MOV). Nothing
// changes where it faults.
func (c *CPU) LoadData(seg int, sel uint16) *x86.Exception {
	if !c.protected() {
		c.loadReal(seg, sel)
		c.updateMode()
		return nil
	}
	d, exc := c.checkData(seg, x86.Selector(sel))
	if exc != nil {
		return exc
	}
	c.commitData(seg, sel, d)
	c.updateMode()
	return nil
}

func (c *CPU) commitData(seg int, sel uint16, d x86.Descriptor) {
	if x86.Selector(sel).Null() {
		c.Seg[seg] = nullSegment(sel)
		return
	}
	c.Seg[seg].load(sel, d)
}

// checkData makes the checks of a data or stack segment load and sets the
// accessed bit.
func (c *CPU) checkData(seg int, sel x86.Selector) (x86.Descriptor, *x86.Exception) {
	if seg == x86.SS {
		return c.checkStack(sel, int(c.CPL), x86.VecGP, 0)
	}
	if sel.Null() {
		return 0, nil
	}
	d, at, exc := c.descriptor(sel, x86.VecGP, 0)
	if exc != nil {
		return 0, exc
	}
	code := uint32(sel) &^ 3
	if !d.Segment() || !d.Readable() {
		return 0, c.fault(x86.VecGP, code)
	}
	if !d.Conforming() && (d.DPL() < sel.RPL() || d.DPL() < int(c.CPL)) {
		return 0, c.fault(x86.VecGP, code)
	}
	if !d.Present() {
		return 0, c.fault(x86.VecNP, code)
	}
	return c.touch(d, at)
}

// checkStack makes the checks of a stack segment for a privilege level. v is
// the vector of most failures: #GP in loads, #TS in stack and task switches.
func (c *CPU) checkStack(sel x86.Selector, cpl int, v x86.Vector, ext uint32) (x86.Descriptor, *x86.Exception) {
	if sel.Null() {
		return 0, c.fault(v, ext)
	}
	d, at, exc := c.descriptor(sel, v, ext)
	if exc != nil {
		return 0, exc
	}
	code := uint32(sel)&^3 | ext
	if sel.RPL() != cpl || !d.Segment() || !d.Writable() || d.DPL() != cpl {
		return 0, c.fault(v, code)
	}
	if !d.Present() {
		return 0, c.fault(x86.VecSS, code)
	}
	return c.touch(d, at)
}

// setCS commits a checked code segment at a privilege level.
func (c *CPU) setCS(sel x86.Selector, d x86.Descriptor, cpl int) {
	c.Seg[x86.CS].load(uint16(sel)&^3|uint16(cpl), d)
	c.CPL = uint8(cpl)
}

// nullOuter empties the data segments that a return to an outer level may not
// keep (SDM 3A 5.8.6).
func (c *CPU) nullOuter() {
	for _, i := range [...]int{x86.ES, x86.DS, x86.FS, x86.GS} {
		s := &c.Seg[i]
		conforming := s.Attr&(attrCode|attrC) == attrCode|attrC
		if !conforming && s.DPL() < int(c.CPL) {
			*s = nullSegment(0)
		}
	}
}
