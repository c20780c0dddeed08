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
	// MaxBlock is the greatest number of instructions in a block, default 32.
	MaxBlock int
	// Lengths, where set, gives the bound for each new block instead (tests).
	Lengths func() int
	// NoLinks looks every block up.
	NoLinks bool
	// CacheBytes is the budget of translated code, by estimate; default 64 MiB.
	CacheBytes int64
	// EvictEvery, where not 0, drops the whole cache each so many translations
	// (tests).
	EvictEvery int
}

const (
	defaultMaxBlock = 32
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
	pages   map[uint64]*codePage // by RAM page
	bytes   int64
	since   int
	period  uint32 // counts evictions
	scratch []ir.Uop
	// Before, where set, is called before each instruction, which makes every
	// block one of one instruction (--trace).
	Before func(c *cpu.CPU)
}

// Stats counts what the engine did.
type Stats struct {
	Blocks, Instructions, Uops, Calls, Bytes uint64 // Bytes of guest code
	Lookups, Misses, Invalidations           uint64
	Unwinds, Redos, Evictions                uint64
}

// codePage is what was translated from one page of RAM.
type codePage struct {
	blocks []*ir.Block
	lines  uint64 // 64-byte lines that hold code
	// hits counts invalidations: a page that is written again and again gets
	// short blocks for a while.
	hits int
}

// New makes an engine for a processor.
func New(c *cpu.CPU, conf Config) *Engine {
	if conf.MaxBlock <= 0 {
		conf.MaxBlock = defaultMaxBlock
	}
	if conf.CacheBytes <= 0 {
		conf.CacheBytes = defaultCache
	}
	e := &Engine{CPU: c, conf: conf, back: closure.New(c), blocks: map[key]*ir.Block{}, pages: map[uint64]*codePage{}}
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
		if b := e.jump[hash(off, mode)]; b != nil && b.Off == off && b.Mode == mode && !b.Straddle &&
			(mode&cpu.ModeFlatCS != 0 || c.EIP+uint64(b.Bytes)-1 <= uint64(cs.Limit)) {
			b.Heat = e.period
			return b
		}
	}
	return e.lookup(va, t, one)
}

// key names a block in the cache.
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
		if b := e.blocks[key{off, mode}]; b != nil && e.enterable(b, va) {
			if !b.Straddle {
				e.jump[hash(off, mode)] = b
			}
			b.Heat = e.period
			return b
		}
	}
	e.Stats.Misses++
	return e.translate(va, off, ram, mode)
}

// enterable re-checks what a block's key does not say: the limit of the code
// segment, and where the second part of a straddling instruction lies.
func (e *Engine) enterable(b *ir.Block, va uint64) bool {
	c := e.CPU
	if c.EIP+uint64(b.Bytes)-1 > uint64(c.Seg[x86.CS].Limit) {
		return false
	}
	if !b.Straddle {
		return true
	}
	phys, exc := c.MMU.Translate(va|0xfff+1, mmu.Exec, c.CPL == 3)
	if exc != nil {
		return false
	}
	off, read, _ := c.Mem.Page(phys)
	return read && off == b.Off2
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
		if b := e.find(cpu.ModeOne); b != nil {
			e.one(b)
		}
		return
	}
	c.Budget-- // the delivery is a step
	c.Raise(*exc)
}

// link connects an exit to the block that follows it. Only blocks of a flat
// code segment are linked: elsewhere the limit is checked at each entry. Far
// links are followed only after a look at the page they lead to.
func (e *Engine) link(from *ir.Block, exit uint8, to *ir.Block) {
	const one = cpu.ModeOne
	if from.Dead || to.Dead || to.Straddle || from.Mode&cpu.ModeFlatCS == 0 || from.Mode != to.Mode || from.Mode&one != 0 ||
		from.Off == ^uint64(0) || to.Off == ^uint64(0) {
		return
	}
	va := e.CPU.EIP
	// The entry of from lies in the page of its code; the target's linear page
	// is that of EIP now. In the same RAM page at the same page offset distance
	// the link is direct.
	slot := &from.Far[exit]
	if from.Off>>bus.PageShift == to.Off>>bus.PageShift && !from.Straddle && e.samePage(from, exit, va) {
		slot = &from.Link[exit]
	}
	unlink(*slot, from, exit)
	*slot = to
	to.From = append(to.From, ir.Ref{Block: from, Exit: exit})
}

// samePage tells whether the way from a block's entry to its target stays in
// the linear page, given the target.
func (e *Engine) samePage(from *ir.Block, exit uint8, target uint64) bool {
	last := &from.Sites[len(from.Sites)-1]
	by := last.Off + uint32(last.Inst.Len)
	if exit == 1 {
		by += uint32(last.Inst.Imm)
	}
	at := int64(from.Off&0xfff) + int64(int32(by))
	return at >= 0 && at < bus.PageSize && uint64(at) == target&0xfff
}

// codeAt tells whether translated code stands in a range of a RAM page.
func (e *Engine) codeAt(page uint64, off, n int) bool {
	p := e.pages[page]
	if p == nil || p.lines&lineMask(off, n) == 0 {
		return false
	}
	for _, b := range p.blocks { // a line is often shared with data
		if lo, hi := span(b, page); lo < off+n && off < hi {
			return true
		}
	}
	return false
}

func lineMask(off, n int) uint64 {
	first, last := uint(off)>>6, uint(off+n-1)>>6
	return (^uint64(0) << first) & (^uint64(0) >> (63 - last))
}

// written owns bus.Code: blocks that a write touched die.
func (e *Engine) written(page uint64, off, n int) bool {
	p := e.pages[page]
	if p == nil {
		return false
	}
	if p.lines&lineMask(off, n) == 0 {
		return true
	}
	kept := p.blocks[:0]
	var dead []*ir.Block
	for _, b := range p.blocks {
		lo, hi := span(b, page)
		if lo < off+n && off < hi {
			dead = append(dead, b)
		} else {
			kept = append(kept, b)
		}
	}
	if len(dead) == 0 {
		return true
	}
	for i := len(kept); i < len(p.blocks); i++ {
		p.blocks[i] = nil
	}
	p.blocks = kept
	p.hits++
	p.lines = 0
	for _, b := range kept {
		lo, hi := span(b, page)
		p.lines |= lineMask(lo, hi-lo)
	}
	c := e.CPU
	now := (c.Seg[x86.CS].Base + c.EIP) & 0xfff
	for _, b := range dead {
		if b.Off&0xfff == now {
			c.Leave() // a REP that writes over itself is fetched anew
		}
		e.kill(b)
	}
	e.Stats.Invalidations += uint64(len(dead))
	if len(kept) == 0 && p.hits < 4 {
		delete(e.pages, page)
		return false
	}
	return true
}

// span is the part of a page that a block was made from.
func span(b *ir.Block, page uint64) (lo, hi int) {
	lo = int(b.Off & 0xfff)
	hi = lo + int(b.Bytes)
	if !b.Straddle {
		return lo, hi
	}
	if b.Off>>bus.PageShift == page {
		return lo, bus.PageSize
	}
	return 0, hi - bus.PageSize
}

// kill makes a block unreachable: its links, and those that lead to it.
func (e *Engine) kill(b *ir.Block) {
	if b.Dead {
		return
	}
	b.Dead = true
	e.bytes -= size(b)
	if k := (key{b.Off, b.Mode}); e.blocks[k] == b {
		delete(e.blocks, k)
	}
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
	if b.Straddle {
		other := b.Off2 >> bus.PageShift
		for _, page := range [2]uint64{b.Off >> bus.PageShift, other} {
			if p := e.pages[page]; p != nil {
				p.remove(b)
			}
		}
	}
}

func (p *codePage) remove(b *ir.Block) {
	for i, o := range p.blocks {
		if o == b {
			p.blocks = append(p.blocks[:i], p.blocks[i+1:]...)
			return
		}
	}
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

// Flush drops every block.
func (e *Engine) Flush() {
	for page, p := range e.pages {
		for _, b := range p.blocks {
			b.Dead = true
			b.Link, b.Far, b.From = [2]*ir.Block{}, [2]*ir.Block{}, nil
		}
		e.CPU.Mem.ClearMark(page, bus.Code)
	}
	clear(e.blocks)
	clear(e.pages)
	clear(e.jump[:])
	e.bytes = 0
}

// evict makes room: it drops the blocks that were neither looked up since the
// last eviction nor can be reached by links from those that were; all of them
// where that frees less than half.
func (e *Engine) evict() {
	e.Stats.Evictions++
	hot := map[*ir.Block]bool{}
	var work []*ir.Block
	for _, b := range e.blocks {
		if b.Heat == e.period {
			hot[b] = true
			work = append(work, b)
		}
	}
	for len(work) > 0 {
		b := work[len(work)-1]
		work = work[:len(work)-1]
		for _, n := range [4]*ir.Block{b.Link[0], b.Link[1], b.Far[0], b.Far[1]} {
			if n != nil && !hot[n] {
				hot[n] = true
				work = append(work, n)
			}
		}
	}
	e.period++
	kept := int64(0)
	for b := range hot {
		kept += size(b)
	}
	if kept > e.conf.CacheBytes/2 {
		e.Flush()
		return
	}
	for _, b := range e.blocks {
		if hot[b] {
			continue
		}
		for _, page := range [2]uint64{b.Off >> bus.PageShift, b.Off2 >> bus.PageShift} {
			p := e.pages[page]
			if p == nil {
				continue
			}
			if p.remove(b); len(p.blocks) == 0 {
				delete(e.pages, page)
				e.CPU.Mem.ClearMark(page, bus.Code)
			}
		}
		e.kill(b)
	}
}

// size estimates the bytes that a block takes on the host.
func size(b *ir.Block) int64 {
	return blockBytes + int64(b.Calls)*callBytes + int64(len(b.Insts))*instBytes
}

// What a block, a closure and an instruction with its Site take, in bytes, with
// the collector's rounding; measured over a Debian boot.
const (
	blockBytes = 560
	callBytes  = 112
	instBytes  = 128
)
