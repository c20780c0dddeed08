package translator

import (
	"ringzero/cpu"
	"ringzero/translator/cache"
	"ringzero/translator/closure"
	"ringzero/x86"
)

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
			if e.stands() {
				return
			}
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
		if e.held {
			e.held = false
			return
		}
	}
	c.AfterStep(trap)
	if c.Budget > 0 && c.PendingDB == 0 && (c.IRQ || c.NMI) {
		c.EndSlice()
	}
}

// raise delivers a fault that no block raised; it takes one step.
func (e *Engine) raise(exc x86.Exception) {
	c := e.CPU
	c.Budget--
	c.Raise(exc)
}

// chain runs blocks until the budget is short, an exit is unknown, or a block
// unwinds.
func (e *Engine) chain(b *closure.Block) {
	c := e.CPU
	defer e.unwound()
	for {
		if c.Budget < b.Steps {
			if c.Soft {
				c.EndSlice()
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
		next := b.Run(c)
		for next != nil {
			if c.Budget < next.Steps {
				c.EIP = next.EIP(c)
				break
			}
			b = next
			b.Seen = c.End - uint64(c.Budget)
			c.Budget -= b.Steps
			next = b.Run(c)
		}
		if c.Budget <= 0 || c.Halted || c.PendingDB != 0 || c.Mode&(cpu.ModeTF|cpu.ModeBreak) != 0 {
			return
		}
		if next != nil {
			b = next
			continue
		}
		from := b
		exit := c.LeftBy
		if b = e.find(0); b == nil {
			return
		}
		// The limit of a code segment that is not flat is checked at each entry.
		if exit != closure.NoExit && from.Of.Mode&cpu.ModeFlatCS != 0 && !e.conf.NoLinks && !e.cuts(b.Of.Off) {
			cache.Link(from.Of, uint8(exit), b.Of)
		}
	}
}

// one runs a single block.
func (e *Engine) one(b *closure.Block) {
	defer e.unwound()
	b.Seen = e.CPU.End - uint64(e.CPU.Budget)
	e.CPU.Budget -= b.Steps
	if next := b.Run(e.CPU); next != nil {
		e.CPU.EIP = next.EIP(e.CPU)
	}
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
	e.stats.Unwinds++
	exc := c.Pending
	c.Exit()
	c.Unretire(s)
	if exc == nil {
		if e.held = c.Held(); e.held {
			c.EndSlice()
			return
		}
		e.stats.Alone++
		if s.Alone++; s.Alone == splitAfter {
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

// splitAfter is how often an instruction may leave its block in the middle to run
// alone before blocks are made to end with it.
const splitAfter = 4

// splitHere cuts the blocks behind the instruction at which the processor
// stands.
func (e *Engine) splitHere(s *cpu.Site) {
	c := e.CPU
	va := (c.Seg[x86.CS].Base + c.EIP) & c.AddrMask
	if t := c.TLB.At(va); t.Exec == va&^0xfff {
		e.cache.Split(c.Host.Off(va+t.Addend), int(s.Inst.Len))
	}
}
