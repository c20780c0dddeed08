package translator

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/translator/cache"
	"ringzero/translator/closure"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// translate makes the block at va and enters it in the cache. It answers nil
// where not even the first instruction can be fetched; the fault has then been
// delivered.
func (e *Engine) translate(va, off uint64, ram bool, mode uint32) *cache.Block {
	c := e.CPU
	bits := decoder.Code16
	if mode&cpu.ModeCode32 != 0 {
		bits = decoder.Code32
	}
	limit := e.conf.MaxBlock
	if e.conf.Lengths != nil {
		limit = max(1, e.conf.Lengths())
	}
	if mode&cpu.ModeOne != 0 {
		limit = 1
		e.stats.Ones++
	}
	if !ram {
		return e.uncached(va, mode, bits)
	}
	limit = e.cache.Bound(off, limit)
	code := c.Host.Bytes(off, int(bus.PageSize-off&0xfff))
	// The code segment may end before the page does.
	if left := uint64(c.Seg[x86.CS].Limit) - c.EIP + 1; left < uint64(len(code)) && mode&cpu.ModeFlatCS == 0 {
		code = code[:left]
	}
	b := &cache.Block{Key: cache.Key{Off: off, Mode: mode}, Alone: mode&cpu.ModeOne != 0}
	b.Insts = make([]decoder.Inst, 0, min(limit, 8))
	l := lowering{mode: mode, cpu: c}
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
		b.Insts = append(b.Insts, in)
		last := l.flow(&b.Insts[len(b.Insts)-1]) != cpu.FlowOn || e.cache.EndsAt(off+uint64(pos)) || e.cuts(off+uint64(pos)+uint64(in.Len))
		if pos += int(in.Len); last {
			break
		}
	}
	if len(b.Insts) == 0 {
		return e.straddle(b, va, bits, code)
	}
	b.Bytes = uint32(pos)
	e.compile(b, va)
	lo := int(off & (bus.PageSize - 1))
	b.Spans = []cache.Span{{Page: off >> bus.PageShift, Lo: lo, Hi: lo + int(b.Bytes)}}
	e.enter(b)
	return b
}

// refused raises what a failed decoding of a block's first instruction asks for.
func (e *Engine) refused(st decoder.Status) bool {
	switch st {
	case decoder.OK:
		return false
	case decoder.Invalid:
		e.raise(x86.Exception{Vector: x86.VecUD})
	default:
		e.raise(x86.Exception{Vector: x86.VecGP})
	}
	return true
}

// straddle makes the block of one instruction that lies in two pages, or that
// the end of the code segment cuts; code is what the first page has of it.
func (e *Engine) straddle(b *cache.Block, va uint64, bits decoder.CodeSize, code []byte) *cache.Block {
	c := e.CPU
	left := uint64(c.Seg[x86.CS].Limit) - c.EIP + 1
	if left <= uint64(len(code)) {
		e.raise(x86.Exception{Vector: x86.VecGP})
		return nil
	}
	to, exc := c.MMU.Translate((va|0xfff)+1, mmu.Exec, c.CPL == 3)
	if exc != nil {
		e.raise(*exc)
		return nil
	}
	if !to.Read {
		return e.uncached(va, b.Mode, bits)
	}
	off2 := to.Off
	both := append(append([]byte(nil), code...), c.Host.Bytes(off2, decoder.MaxLen)...)
	both = both[:min(left, uint64(len(both)))]
	var in decoder.Inst
	if e.refused(decoder.Decode(both, bits, &in)) {
		return nil
	}
	b.Insts = append(b.Insts[:0], in)
	b.Bytes, b.Straddle, b.Off2 = uint32(in.Len), true, off2
	e.compile(b, va)
	lo := int(b.Off & (bus.PageSize - 1))
	b.Spans = []cache.Span{{Page: b.Off >> bus.PageShift, Lo: lo, Hi: bus.PageSize},
		{Page: off2 >> bus.PageShift, Lo: 0, Hi: lo + int(in.Len) - bus.PageSize}}
	e.enter(b)
	return b
}

// uncached makes the block of one instruction that lies in a device window, in
// part or as a whole. A device sees each read: the bytes are read one by one, as
// many as the instruction has, each time that it runs.
func (e *Engine) uncached(va uint64, mode uint32, bits decoder.CodeSize) *cache.Block {
	c := e.CPU
	b := &cache.Block{Key: cache.Key{Off: ^uint64(0), Mode: mode}, Insts: make([]decoder.Inst, 1)}
	var code [decoder.MaxLen]byte
	st := decoder.Truncated
	for n := 0; st == decoder.Truncated && n < len(code); n++ {
		if c.EIP+uint64(n) > uint64(c.Seg[x86.CS].Limit) {
			break
		}
		to, exc := c.MMU.Translate(va+uint64(n), mmu.Exec, c.CPL == 3)
		if exc != nil {
			e.raise(*exc)
			return nil
		}
		if !to.Read {
			c.SyncClock()
		}
		code[n] = byte(c.Mem.Load(to.Phys, 1))
		st = decoder.Decode(code[:n+1], bits, &b.Insts[0])
	}
	if e.refused(st) {
		return nil
	}
	b.Bytes = uint32(b.Insts[0].Len)
	e.compile(b, va)
	return b
}

// compile lowers a block's instructions and has the backend make its code.
func (e *Engine) compile(b *cache.Block, va uint64) {
	entry := va & (bus.PageSize - 1)
	lowered := e.lowerAll(b, entry)
	for _, x := range lowered.Exits {
		switch x.Kind {
		case ir.ExitFall:
			b.Near[closure.Falls] = x.Near
		case ir.ExitTaken:
			b.Near[closure.Taken] = x.Near
		}
	}
	code := e.back.Compile(b, uint32(entry), lowered)
	b.Code = code
	b.Cost = blockBytes + int64(code.Calls)*callBytes + int64(len(b.Insts))*instBytes
	s := &e.stats
	s.Blocks++
	s.Instructions += uint64(len(b.Insts))
	s.Uops += uint64(code.Uops)
	s.Calls += uint64(code.Calls)
	s.Bytes += uint64(b.Bytes)
}

// lowerAll makes the micro-ops of a block, which hold until the next one's.
func (e *Engine) lowerAll(b *cache.Block, entry uint64) *ir.Code {
	l := lowering{mode: b.Mode, cpu: e.CPU, uops: e.code.Uops[:0], next: entry}
	for i := range b.Insts {
		l.n, l.next = uint8(i), l.next+uint64(b.Insts[i].Len)
		l.lower(&b.Insts[i])
	}
	if l.uops[len(l.uops)-1].Op < ir.Fall {
		l.fall()
	}
	for i := range l.uops[:len(l.uops)-1] {
		if l.uops[i].Op >= ir.Fall {
			panic("BUG: translator: an instruction that ends a block is not its last")
		}
	}
	liveness(l.uops)
	known(l.uops)
	e.code = ir.Code{Uops: l.uops, Steps: len(b.Insts), Exits: exits(e.code.Exits[:0], l.uops)}
	return &e.code
}

// What a block, a closure and an instruction with its Site take, in bytes, with
// the collector's rounding; measured over a Debian boot.
const (
	blockBytes = 640
	callBytes  = 112
	instBytes  = 128
)

// enter puts a block into the cache, which makes room for it first.
func (e *Engine) enter(b *cache.Block) {
	e.since++
	if e.cache.Full() || e.conf.EvictEvery != 0 && e.since%e.conf.EvictEvery == 0 {
		e.cache.Evict()
	}
	b.Code.(*closure.Block).Seen = e.CPU.Steps()
	e.cache.Enter(b)
}
