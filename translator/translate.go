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
	}
	if p := e.pages[off>>bus.PageShift]; ram && p != nil && p.hits > 64 {
		limit = min(limit, 4) // written again and again: keep what dies small
		if p.hits > 4096 {
			p.hits = 64
		}
	}
	if !ram {
		limit = 1 // reads of a device count: each instruction is fetched when it runs
	}
	room := int(bus.PageSize - off&0xfff)
	code := e.fetch(va, off, ram, room)
	// The code segment may end before the page does.
	if left := uint64(c.Seg[x86.CS].Limit) - c.EIP + 1; left < uint64(len(code)) && mode&cpu.ModeFlatCS == 0 {
		code = code[:left]
	}
	b := &ir.Block{Off: off, Mode: mode}
	if !ram {
		b.Off = ^uint64(0) // nothing is linked to it
	}
	b.Insts = make([]decoder.Inst, 0, min(limit, 8))
	pos := 0
	for len(b.Insts) < limit && pos < len(code) {
		var in decoder.Inst
		st := decoder.Decode(code[pos:], bits, &in)
		if st != decoder.OK && len(b.Insts) > 0 {
			break // let it be the first of its own block
		}
		if st == decoder.Truncated {
			return e.straddle(b, va, off, ram, bits, code)
		}
		if st == decoder.TooLong {
			e.raise(x86.Exception{Vector: x86.GP})
			return nil
		}
		if st == decoder.Invalid {
			e.raise(x86.Exception{Vector: x86.UD})
			return nil
		}
		b.Insts = append(b.Insts, in)
		pos += int(in.Len)
		if ends(&in) {
			break
		}
	}
	if len(b.Insts) == 0 {
		return e.straddle(b, va, off, ram, bits, code)
	}
	b.Bytes = uint32(pos)
	e.compile(b)
	if ram {
		e.enter(b)
	}
	return b
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

// fetch gives the bytes of a page from off on.
func (e *Engine) fetch(va, off uint64, ram bool, room int) []byte {
	c := e.CPU
	if ram {
		return c.Host.Bytes(off, room)
	}
	// Code in a device window is read byte by byte and never cached.
	room = min(room, decoder.MaxLen)
	phys, exc := c.MMU.Translate(va, mmu.Exec, c.CPL == 3)
	if exc != nil {
		return nil
	}
	p := make([]byte, room)
	for i := range p {
		p[i] = byte(c.Mem.Load(phys+uint64(i), 1))
	}
	return p
}

// straddle makes the block of one instruction that lies in two pages, or that
// the end of the code segment cuts.
func (e *Engine) straddle(b *ir.Block, va, off uint64, ram bool, bits decoder.Mode, code []byte) *ir.Block {
	c := e.CPU
	if left := uint64(c.Seg[x86.CS].Limit) - c.EIP + 1; left <= uint64(len(code)) {
		e.raise(x86.Exception{Vector: x86.GP})
		return nil
	}
	next := (va | 0xfff) + 1
	phys, exc := c.MMU.Translate(next, mmu.Exec, c.CPL == 3)
	if exc != nil {
		e.raise(*exc)
		return nil
	}
	off2, read, _ := c.Mem.Page(phys)
	both := append([]byte(nil), code...)
	for i := range decoder.MaxLen {
		if read {
			both = append(both, c.Host.Load8(off2+uint64(i)))
		} else {
			both = append(both, byte(c.Mem.Load(phys+uint64(i), 1)))
		}
	}
	if left := uint64(c.Seg[x86.CS].Limit) - c.EIP + 1; left < uint64(len(both)) {
		both = both[:left]
	}
	var in decoder.Inst
	switch decoder.Decode(both, bits, &in) {
	case decoder.OK:
	case decoder.Invalid:
		e.raise(x86.Exception{Vector: x86.UD})
		return nil
	default:
		e.raise(x86.Exception{Vector: x86.GP})
		return nil
	}
	b.Insts = append(b.Insts[:0], in)
	b.Bytes, b.Straddle, b.Off2 = uint32(in.Len), true, off2
	e.compile(b)
	if ram && read {
		e.enter(b)
	}
	return b
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

// enter puts a block into the cache and marks its pages.
func (e *Engine) enter(b *ir.Block) {
	e.since++
	if e.bytes > e.conf.CacheBytes || e.conf.EvictEvery != 0 && e.since%e.conf.EvictEvery == 0 {
		e.evict()
	}
	b.Heat = e.period
	e.bytes += size(b)
	e.blocks[key{b.Off, b.Mode}] = b
	e.add(b.Off>>bus.PageShift, b)
	if b.Straddle {
		e.add(b.Off2>>bus.PageShift, b)
	} else {
		e.jump[hash(b.Off, b.Mode)] = b
	}
}

func (e *Engine) add(page uint64, b *ir.Block) {
	p := e.pages[page]
	if p == nil {
		p = &codePage{}
		e.pages[page] = p
	}
	p.blocks = append(p.blocks, b)
	lo, hi := span(b, page)
	p.lines |= lineMask(lo, hi-lo)
	e.CPU.Mem.SetMark(page, bus.Code)
}
