package translator

import (
	"ringzero/cpu"
	"ringzero/mmu"
	"ringzero/translator/cache"
	"ringzero/translator/closure"
	"ringzero/x86"
)

// find looks the next block up, translating it where it is new. It answers nil
// where the fetch faulted; the exception has then been delivered.
func (e *Engine) find(one uint32) *closure.Block {
	c := e.CPU
	if e.stands() {
		return nil
	}
	cs := &c.Seg[x86.CS]
	va := (cs.Base + c.EIP) & c.AddrMask
	t := c.TLB.At(va)
	if t.Exec == va&^0xfff {
		mode := c.Mode | one
		if b := e.cache.Recall(cache.Key{Off: c.Host.Off(va + t.Addend), Mode: mode}); b != nil &&
			(mode&cpu.ModeFlatCS != 0 || c.EIP+uint64(b.Bytes)-1 <= uint64(cs.Limit)) && (!b.Straddle || e.leadsOn(b, va)) {
			return e.begin(b, va)
		}
	}
	return e.begin(e.lookup(va, t, one), va)
}

// begin has the processor stand in the page of the block that it enters.
func (e *Engine) begin(b *cache.Block, va uint64) *closure.Block {
	if b == nil {
		return nil
	}
	e.CPU.PageBase = e.CPU.EIP - va&0xfff
	return b.Code.(*closure.Block)
}

// leadsOn tells whether the TLB shows that the second part of a straddling
// instruction still lies where it was.
func (e *Engine) leadsOn(b *cache.Block, va uint64) bool {
	va = ((va | 0xfff) + 1) & e.CPU.AddrMask
	t := e.CPU.TLB.At(va)
	return t.Exec == va && e.CPU.Host.Off(va+t.Addend) == b.Off2
}

func (e *Engine) lookup(va uint64, t *mmu.Entry, one uint32) *cache.Block {
	c := e.CPU
	e.stats.Lookups++
	if c.EIP > uint64(c.Seg[x86.CS].Limit) {
		e.raise(x86.Exception{Vector: x86.VecGP})
		return nil
	}
	off, ram := c.Host.Off(va+t.Addend), true
	if t.Exec != va&^0xfff {
		to, exc := c.MMU.Translate(va, mmu.Exec, c.CPL == 3)
		if exc != nil {
			e.raise(*exc)
			return nil
		}
		off, ram = to.Off, to.Read
	}
	mode := c.Mode | one
	if ram {
		if b := e.cached(cache.Key{Off: off, Mode: mode}, va); b != nil {
			e.cache.Remember(b)
			return b
		}
	}
	e.stats.Misses++
	return e.translate(va, off, ram, mode)
}

// cached gives the block of a key that may be entered: it checks what the key
// does not say, the limit of the code segment, and where the second part of a
// straddling instruction lies.
func (e *Engine) cached(k cache.Key, va uint64) *cache.Block {
	c := e.CPU
	off2, read, known := uint64(0), false, false
	for b := e.cache.First(k); b != nil; b = b.Next() {
		if c.EIP+uint64(b.Bytes)-1 > uint64(c.Seg[x86.CS].Limit) {
			continue
		}
		if !b.Straddle {
			return b
		}
		if !known {
			to, exc := c.MMU.Translate((va|0xfff)+1, mmu.Exec, c.CPL == 3)
			if exc != nil {
				return nil
			}
			off2, read, known = to.Off, to.Read, true
		}
		if read && off2 == b.Off2 {
			return b
		}
	}
	return nil
}
