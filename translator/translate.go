package translator

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// translate makes the block at va and enters it in the cache. It answers nil
// where not even the first instruction can be fetched; the fault has then been
// delivered.
func (e *Engine) translate(va, off uint64, ram bool, mode uint32) *ir.Block {
	c := e.CPU
	bits := decoder.Mode16
	if mode&cpu.ModeCode32 != 0 {
		bits = decoder.Mode32
	}
	limit := e.conf.MaxBlock
	if e.conf.Lengths != nil {
		limit = max(1, e.conf.Lengths())
	}
	if mode&cpu.ModeOne != 0 {
		limit = 1
		e.Stats.Ones++
	}
	if !ram {
		return e.uncached(va, mode, bits)
	}
	p := e.pages.at(off >> bus.PageShift)
	if p != nil && p.hits > 64 {
		limit = min(limit, 4) // written again and again: keep what dies small
		if p.hits > 4096 {
			p.hits = 64
		}
	}
	code := c.Host.Bytes(off, int(bus.PageSize-off&0xfff))
	// The code segment may end before the page does.
	if left := uint64(c.Seg[x86.CS].Limit) - c.EIP + 1; left < uint64(len(code)) && mode&cpu.ModeFlatCS == 0 {
		code = code[:left]
	}
	b := &ir.Block{Off: off, Mode: mode}
	b.Insts = make([]decoder.Inst, 0, min(limit, 8))
	pos := 0
	for len(b.Insts) < limit && pos < len(code) {
		var in decoder.Inst
		st := decoder.Decode(code[pos:], bits, &in)
		if st != decoder.OK && len(b.Insts) > 0 {
			break // let it be the first of its own block
		}
		if st == decoder.Truncated {
			return e.straddle(b, va, bits, code)
		}
		if e.refused(st) {
			return nil
		}
		at := uint16(off+uint64(pos)) & (bus.PageSize - 1)
		b.Insts = append(b.Insts, in)
		pos += int(in.Len)
		if ends(&in) || p != nil && p.ends[at] {
			break
		}
	}
	if len(b.Insts) == 0 {
		return e.straddle(b, va, bits, code)
	}
	b.Bytes = uint32(pos)
	e.compile(b)
	lo := int(off & (bus.PageSize - 1))
	b.Spans = []ir.Span{{Page: off >> bus.PageShift, Lo: lo, Hi: lo + int(b.Bytes)}}
	e.enter(b)
	return b
}

// refused raises what a failed decoding of a block's first instruction asks for.
func (e *Engine) refused(st decoder.Status) bool {
	switch st {
	case decoder.OK:
		return false
	case decoder.Invalid:
		e.raise(x86.Exception{Vector: x86.UD})
	default:
		e.raise(x86.Exception{Vector: x86.GP})
	}
	return true
}

// ends tells beforehand that an instruction is the last of its block, so that
// nothing is decoded behind it.
func ends(in *decoder.Inst) bool {
	switch in.Op {
	case decoder.JMP, decoder.JCC, decoder.CALL, decoder.JMPI, decoder.CALLI, decoder.RET, decoder.LOOP,
		decoder.LOOPE, decoder.LOOPNE, decoder.JCXZ:
		return true
	case decoder.MOVS, decoder.STOS, decoder.LODS, decoder.CMPS, decoder.SCAS, decoder.INS, decoder.OUTS:
		if in.Rep != decoder.RepNone {
			return true
		}
	}
	return cpu.Calls[in.Op].Flow != cpu.FlowOn
}

// straddle makes the block of one instruction that lies in two pages, or that
// the end of the code segment cuts; code is what the first page has of it.
func (e *Engine) straddle(b *ir.Block, va uint64, bits decoder.Mode, code []byte) *ir.Block {
	c := e.CPU
	left := uint64(c.Seg[x86.CS].Limit) - c.EIP + 1
	if left <= uint64(len(code)) {
		e.raise(x86.Exception{Vector: x86.GP})
		return nil
	}
	phys, exc := c.MMU.Translate((va|0xfff)+1, mmu.Exec, c.CPL == 3)
	if exc != nil {
		e.raise(*exc)
		return nil
	}
	off2, read, _ := c.Mem.Page(phys)
	if !read {
		return e.uncached(va, b.Mode, bits)
	}
	both := append(append([]byte(nil), code...), c.Host.Bytes(off2, decoder.MaxLen)...)
	both = both[:min(left, uint64(len(both)))]
	var in decoder.Inst
	if e.refused(decoder.Decode(both, bits, &in)) {
		return nil
	}
	b.Insts = append(b.Insts[:0], in)
	b.Bytes, b.Straddle, b.Off2 = uint32(in.Len), true, off2
	e.compile(b)
	lo := int(b.Off & (bus.PageSize - 1))
	b.Spans = []ir.Span{{Page: b.Off >> bus.PageShift, Lo: lo, Hi: bus.PageSize},
		{Page: off2 >> bus.PageShift, Lo: 0, Hi: lo + int(in.Len) - bus.PageSize}}
	e.enter(b)
	return b
}

// uncached makes the block of one instruction that lies in a device window, in
// part or as a whole. A device sees each read: the bytes are read one by one, as
// many as the instruction has, each time that it runs.
func (e *Engine) uncached(va uint64, mode uint32, bits decoder.Mode) *ir.Block {
	c := e.CPU
	b := &ir.Block{Off: ^uint64(0), Mode: mode, Insts: make([]decoder.Inst, 1)}
	var code [decoder.MaxLen]byte
	st := decoder.Truncated
	for n := 0; st == decoder.Truncated && n < len(code); n++ {
		if c.EIP+uint64(n) > uint64(c.Seg[x86.CS].Limit) {
			break
		}
		phys, exc := c.MMU.Translate(va+uint64(n), mmu.Exec, c.CPL == 3)
		if exc != nil {
			e.raise(*exc)
			return nil
		}
		if _, read, _ := c.Mem.Page(phys); !read {
			c.SyncClock()
		}
		code[n] = byte(c.Mem.Load(phys, 1))
		st = decoder.Decode(code[:n+1], bits, &b.Insts[0])
	}
	if e.refused(st) {
		return nil
	}
	b.Bytes = uint32(b.Insts[0].Len)
	e.compile(b)
	return b
}

// near tells whether the instruction at a distance from a block's entry lies in
// its linear page; a jump that cuts EIP to 16 bits may lead to another one that
// shows the same RAM page.
func near(off uint64, by, mask uint32) bool {
	at := int64(off&(bus.PageSize-1)) + int64(int32(by))
	return mask == ^uint32(0) && 0 <= at && at < bus.PageSize
}

// compile lowers a block's instructions and hands them to the backend.
func (e *Engine) compile(b *ir.Block) {
	c := e.CPU
	b.Sites = make([]cpu.Site, len(b.Insts))
	l := lowering{mode: b.Mode, cpu: c, uops: e.scratch[:0]}
	at := uint32(0)
	ended := false
	n := len(b.Insts)
	for i := range b.Insts {
		in := &b.Insts[i]
		b.Sites[i] = cpu.Site{Inst: in, Off: at, Rem: int32(n - i), Mid: i < n-1}
		at += uint32(in.Len)
		if ended = l.lower(in, &b.Sites[i]); ended {
			if i < n-1 { // ends found out only by lowering: what follows is dropped
				n = i + 1
				b.Insts, b.Sites = b.Insts[:n], b.Sites[:n]
				b.Bytes = at
				for j := range b.Sites {
					b.Sites[j].Rem, b.Sites[j].Mid = int32(n-j), j < n-1
				}
			}
			break
		}
	}
	if !ended {
		l.uops = append(l.uops, ir.Uop{Op: ir.Fall, Site: &b.Sites[n-1], Next: at, Mask: ^uint32(0)})
	}
	b.Steps = int64(n)
	last := &l.uops[len(l.uops)-1]
	b.Near = [2]bool{near(b.Off, last.Next, ^uint32(0)), near(b.Off, last.Target, last.Mask)}
	liveness(l.uops)
	known(l.uops)
	e.back.Compile(b, l.uops)
	e.scratch = l.uops[:0]
	s := &e.Stats
	s.Blocks++
	s.Instructions += uint64(n)
	s.Uops += uint64(b.Uops)
	s.Calls += uint64(b.Calls)
	s.Bytes += uint64(at)
}
