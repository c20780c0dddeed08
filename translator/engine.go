// Package translator turns guest code into blocks of host code and runs them:
// instructions are lowered to micro-ops, the flags that nobody reads are
// dropped, a backend makes code, and the cache links block to block. A block
// never shows: registers, memory and the step at which an interrupt is taken
// are the same for every block length, link and eviction.
package translator

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/mmu"
	"ringzero/translator/closure"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// Config bounds what the engine does; the zero value is the default. No guest
// sees any of it.
type Config struct {
	// MaxBlock is the greatest number of instructions in a block, default 32, at
	// most 128.
	MaxBlock int
	// Lengths, where set, gives the bound for each new block instead (tests).
	Lengths func() int
	// NoLinks looks every block up.
	NoLinks bool
	// CacheBytes is the budget of translated code, by estimate; default 64 MiB.
	CacheBytes int64
	// EvictEvery, where not 0, drops the older half of the cache each so many
	// translations (tests).
	EvictEvery int
	// Count, where set, counts the pairs of micro-ops that run (internal/gen/pairs).
	Count *closure.Pairs
}

const (
	defaultMaxBlock = 32
	mostMaxBlock    = 128 // who leaves a budget over counts on it
	defaultCache    = 64 << 20
	jumpBits        = 15
)

// Engine runs one processor.
type Engine struct {
	CPU   *cpu.CPU
	Stats Stats

	conf    Config
	back    *closure.Backend
	jump    [1 << jumpBits]*ir.Block
	blocks  map[key]*ir.Block
	pages   pageMap
	bytes   int64
	since   int
	scratch []ir.Uop
	// Before, where set, is called before each instruction, which makes every
	// block one of one instruction (--trace).
	Before func(c *cpu.CPU)
}

// Stats counts what the engine did.
type Stats struct {
	Blocks, Instructions, Uops, Calls, Bytes uint64 // Bytes of guest code
	Lookups, Misses, Invalidations           uint64
	Unwinds, Redos, Splits, Evictions        uint64
	Ones                                     uint64 // blocks of one instruction, made where a budget ends
}

// New makes an engine for a processor.
func New(c *cpu.CPU, conf Config) *Engine {
	if conf.MaxBlock <= 0 {
		conf.MaxBlock = defaultMaxBlock
	}
	conf.MaxBlock = min(conf.MaxBlock, mostMaxBlock)
	if conf.CacheBytes <= 0 {
		conf.CacheBytes = defaultCache
	}
	e := &Engine{CPU: c, conf: conf, back: closure.New(c), blocks: map[key]*ir.Block{},
		pages: newPageMap(c.Mem.Size() >> bus.PageShift)}
	e.back.Count = conf.Count
	c.Mem.Own(bus.Code, e.written)
	c.CodeAt = e.codeAt
	return e
}

// Run executes until the processor's budget is used up or something has to be
// looked at: an interrupt line, a halt, a reset. It returns at a boundary
// between instructions.
func (e *Engine) Run() {
	c := e.CPU
	for c.Budget > 0 && !c.Halted && !c.Shutdown {
		if c.PendingDB != 0 {
			return
		}
		if c.Mode&(cpu.ModeTF|cpu.ModeBreak) != 0 || e.Before != nil {
			e.step()
			continue
		}
		b := e.find(0)
		if b == nil {
			continue
		}
		e.chain(b)
	}
}

// step runs one instruction with what single-stepping and breakpoints ask for.
func (e *Engine) step() {
	c := e.CPU
	if e.Before != nil {
		e.Before(c)
	}
	if bits := c.BeforeStep(); bits != 0 {
		c.Budget--
		c.DebugFault(bits)
		return
	}
	trap := c.Flags&x86.TF != 0
	if b := e.find(cpu.ModeOne); b != nil {
		e.one(b)
	}
	c.AfterStep(trap)
	if c.Budget > 0 && c.PendingDB == 0 && (c.IRQ || c.NMI) {
		c.Leave()
	}
}

// hash of the jump cache.
func hash(off uint64, mode uint32) uint64 {
	return (off ^ off>>jumpBits ^ uint64(mode)>>2<<6) & (1<<jumpBits - 1)
}

// find looks the next block up, translating it where it is new. It answers nil
// where the fetch faulted; the exception has then been delivered.
func (e *Engine) find(one uint32) *ir.Block {
	c := e.CPU
	cs := &c.Seg[x86.CS]
	va := (cs.Base + c.EIP) & 0xffffffff
	t := c.TLB.At(va)
	if t.Exec == va&^0xfff {
		off, mode := va+t.Addend, c.Mode|one
		if b := e.jump[hash(off, mode)]; b != nil && b.Off == off && b.Mode == mode &&
			(mode&cpu.ModeFlatCS != 0 || c.EIP+uint64(b.Bytes)-1 <= uint64(cs.Limit)) && (!b.Straddle || e.leadsOn(b, va)) {
			return b
		}
	}
	return e.lookup(va, t, one)
}

// leadsOn tells whether the TLB shows that the second part of a straddling
// instruction still lies where it was.
func (e *Engine) leadsOn(b *ir.Block, va uint64) bool {
	va = ((va | 0xfff) + 1) & 0xffffffff
	t := e.CPU.TLB.At(va)
	return t.Exec == va && va+t.Addend == b.Off2
}

// key names a block in the cache, or several: those that lead on into different
// second pages, and those made for a shorter code segment.
type key struct {
	off  uint64
	mode uint32
}

func (e *Engine) lookup(va uint64, t *mmu.Entry, one uint32) *ir.Block {
	c := e.CPU
	e.Stats.Lookups++
	if c.EIP > uint64(c.Seg[x86.CS].Limit) {
		e.raise(x86.Exception{Vector: x86.GP})
		return nil
	}
	off, ram := va+t.Addend, true
	if t.Exec != va&^0xfff {
		phys, exc := c.MMU.Translate(va, mmu.Exec, c.CPL == 3)
		if exc != nil {
			e.raise(*exc)
			return nil
		}
		off, ram, _ = c.Mem.Page(phys)
		off |= phys & 0xfff
	}
	mode := c.Mode | one
	if ram {
		if b := e.cached(key{off, mode}, va); b != nil {
			e.jump[hash(off, mode)] = b
			return b
		}
	}
	e.Stats.Misses++
	return e.translate(va, off, ram, mode)
}

// cached gives the block of a key that may be entered: it checks what the key
// does not say, the limit of the code segment, and where the second part of a
// straddling instruction lies.
func (e *Engine) cached(k key, va uint64) *ir.Block {
	c := e.CPU
	off2, read, known := uint64(0), false, false
	for b := e.blocks[k]; b != nil; b = b.Next {
		if c.EIP+uint64(b.Bytes)-1 > uint64(c.Seg[x86.CS].Limit) {
			continue
		}
		if !b.Straddle {
			return b
		}
		if !known {
			phys, exc := c.MMU.Translate((va|0xfff)+1, mmu.Exec, c.CPL == 3)
			if exc != nil {
				return nil
			}
			off2, read, _ = c.Mem.Page(phys)
			known = true
		}
		if read && off2 == b.Off2 {
			return b
		}
	}
	return nil
}

// raise delivers a fault that no block raised; it takes one step.
func (e *Engine) raise(exc x86.Exception) {
	c := e.CPU
	c.Budget--
	c.Raise(exc)
}

// chain runs blocks until the budget is short, an exit is unknown, or a block
// unwinds.
func (e *Engine) chain(b *ir.Block) {
	c := e.CPU
	defer e.unwound()
	for {
		if c.Budget < b.Steps {
			if c.Soft {
				c.Leave()
				return
			}
			if b = e.find(cpu.ModeOne); b == nil {
				return
			}
			if c.Budget < b.Steps {
				return
			}
		}
		b.Seen = c.End - uint64(c.Budget)
		c.Budget -= b.Steps
		next := b.Run(c, b)
		for next != nil {
			if c.Budget < next.Steps {
				break
			}
			b = next
			b.Seen = c.End - uint64(c.Budget)
			c.Budget -= b.Steps
			next = b.Run(c, b)
		}
		if c.Budget <= 0 || c.Halted || c.PendingDB != 0 || c.Mode&(cpu.ModeTF|cpu.ModeBreak) != 0 {
			return
		}
		if next != nil {
			b = next
			continue
		}
		from := b
		exit := b.Exit
		if b = e.find(0); b == nil {
			return
		}
		if exit != ir.NoExit && !e.conf.NoLinks {
			e.link(from, exit, b)
		}
	}
}

// one runs a single block.
func (e *Engine) one(b *ir.Block) {
	defer e.unwound()
	b.Seen = e.CPU.End - uint64(e.CPU.Budget)
	e.CPU.Budget -= b.Steps
	b.Run(e.CPU, b)
}

// unwound takes over where a block left in its middle: it puts EIP and the
// budget right and delivers the exception, or runs the instruction alone.
func (e *Engine) unwound() {
	r := recover()
	if r == nil {
		return
	}
	s, ok := r.(*cpu.Site)
	if !ok {
		panic(r)
	}
	c := e.CPU
	e.Stats.Unwinds++
	exc := c.Pending
	c.Rem, c.Mid = 0, false
	c.Unretire(s)
	if exc == cpu.Redo {
		e.Stats.Redos++
		if s.Redos++; s.Redos == splitAfter {
			e.splitHere(s)
		}
		if c.Budget <= 0 {
			return // something before it has to be looked at first
		}
		if b := e.find(cpu.ModeOne); b != nil {
			e.one(b)
		}
		return
	}
	c.Budget-- // the delivery is a step
	c.Raise(*exc)
}

// splitHere cuts the blocks behind the instruction at which the processor
// stands.
func (e *Engine) splitHere(s *cpu.Site) {
	c := e.CPU
	va := (c.Seg[x86.CS].Base + c.EIP) & 0xffffffff
	if t := c.TLB.At(va); t.Exec == va&^0xfff {
		e.split(va+t.Addend, int(s.Inst.Len))
	}
}

// link connects an exit to the block that follows it. Only blocks of a flat
// code segment are linked: elsewhere the limit is checked at each entry. A link
// within the linear page is followed without a look: it holds as long as the
// page leads to where it led, and what may change that leaves (see
// docs/ARCHITECTURE.md). Far links are followed only after a look at the page
// they lead to.
func (e *Engine) link(from *ir.Block, exit uint8, to *ir.Block) {
	if !from.Cached || !to.Cached || to.Straddle || from.Mode&cpu.ModeFlatCS == 0 || from.Mode != to.Mode ||
		from.Mode&cpu.ModeOne != 0 {
		return
	}
	slot := &from.Far[exit]
	if from.Near[exit] && from.Off>>bus.PageShift == to.Off>>bus.PageShift {
		slot = &from.Link[exit]
	}
	unlink(*slot, from, exit)
	*slot = to
	to.From = append(to.From, ir.Ref{Block: from, Exit: exit})
}

// most is how many blocks may have one key: the oldest goes.
const most = 4

// enter puts a block into the cache and marks its pages.
func (e *Engine) enter(b *ir.Block) {
	e.since++
	if e.bytes > e.conf.CacheBytes || e.conf.EvictEvery != 0 && e.since%e.conf.EvictEvery == 0 {
		e.evict()
	}
	k := key{b.Off, b.Mode}
	b.Next = e.blocks[k]
	n := 0
	for o := b.Next; o != nil; o = o.Next {
		if n++; n == most {
			e.kill(o)
			break
		}
	}
	b.Next = e.blocks[k]
	b.Cached = true
	b.Seen = e.CPU.Steps()
	e.bytes += size(b)
	e.blocks[k] = b
	e.jump[hash(b.Off, b.Mode)] = b
	e.add(b)
}

// kill makes a block unreachable: its key, its pages, its links, and those that
// lead to it.
func (e *Engine) kill(b *ir.Block) {
	if b.Dead {
		return
	}
	b.Dead, b.Cached = true, false
	e.bytes -= size(b)
	e.unkey(b)
	e.remove(b)
	for _, r := range b.From {
		if r.Block.Link[r.Exit] == b {
			r.Block.Link[r.Exit] = nil
		}
		if r.Block.Far[r.Exit] == b {
			r.Block.Far[r.Exit] = nil
		}
	}
	b.From = nil
	for i := range b.Link {
		unlink(b.Link[i], b, uint8(i))
		unlink(b.Far[i], b, uint8(i))
		b.Link[i], b.Far[i] = nil, nil
	}
	if h := hash(b.Off, b.Mode); e.jump[h] == b {
		e.jump[h] = nil
	}
}

// unkey takes a block from the list of its key.
func (e *Engine) unkey(b *ir.Block) {
	k := key{b.Off, b.Mode}
	if e.blocks[k] == b {
		if b.Next == nil {
			delete(e.blocks, k)
		} else {
			e.blocks[k] = b.Next
		}
	}
	for o := e.blocks[k]; o != nil; o = o.Next {
		if o.Next == b {
			o.Next = b.Next
		}
	}
	b.Next = nil
}

// unlink forgets that an exit of from leads to a block.
func unlink(to, from *ir.Block, exit uint8) {
	if to == nil {
		return
	}
	for i, r := range to.From {
		if r.Block == from && r.Exit == exit {
			to.From[i] = to.From[len(to.From)-1]
			to.From = to.From[:len(to.From)-1]
			return
		}
	}
}
