// Package closure is the portable backend: each micro-op becomes a Go closure
// over its operands, a block the run of its closures. It implements micro-ops,
// never instructions; what is rare calls out to package cpu.
//
// A fault in mid-block unwinds by a panic with the instruction's Site, which
// cpu.Unwind raises and the engine recovers.
package closure

import (
	"ringzero/cpu"
	"ringzero/translator/cache"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// Backend makes closures for one processor.
type Backend struct {
	// Count, where set, counts the pairs that run, and makes none.
	Count *Pairs

	c    *cpu.CPU
	zero uint64 // what an absent base or index points to
	b    *Block // under way
	x    args   // of the micro-op at hand
	// addresses is what is left of an allocation for several: closures run more
	// closely together when what they seldom look at does not lie between them.
	addresses []address
}

// New makes a backend for a processor.
func New(c *cpu.CPU) *Backend { return &Backend{c: c} }

// Compile makes the code of a block whose first byte stands at an offset in its page,
// from its micro-ops. The last one is a terminator.
func (k *Backend) Compile(of *cache.Block, entry uint32, code *ir.Code) *Block {
	uops := code.Uops
	n := len(uops) - 1
	b := &Block{Of: of, Steps: int64(code.Steps), Entry: entry, mode: of.Mode, at: k.c.Host.At(of.Off), Sites: make([]cpu.Site, len(of.Insts)),
		to: [2]uint32{uint32(uops[n].Next), uint32(uops[n].Target)}, mask: uops[n].Mask}
	k.b = b
	at := entry
	for i := range of.Insts {
		in := &of.Insts[i]
		b.Sites[i] = cpu.Site{Inst: in, Off: at, Rem: int32(len(of.Insts) - i), Mid: i < len(of.Insts)-1}
		at += uint32(in.Len)
	}
	var fns []fn
	last := n
	if t := k.fuse(uops); t != nil {
		b.term = t
		last--
	} else {
		b.term = k.term(&uops[n])
	}
	for i := 0; i < last; i++ {
		if i+1 < last {
			if f := k.pair(&uops[i], &uops[i+1]); f != nil {
				fns = append(fns, f)
				i++
				continue
			}
		}
		if f := k.fn(&uops[i]); f != nil {
			fns = append(fns, f)
		}
	}
	b.Uops, b.Calls = int32(len(uops)), int32(len(fns)+1)
	copy(b.fns[:], fns)
	if len(fns) > inline {
		b.more = fns[inline:]
	}
	b.run = runs[min(len(fns), inline+1)]
	k.b = nil
	return b
}

// site is the place of a micro-op's instruction in the block under way.
func (k *Backend) site(u *ir.Uop) *cpu.Site { return &k.b.Sites[u.Inst] }

// fuse makes one terminator of an operation that sets the flags and the branch
// that reads them.
func (k *Backend) fuse(uops []ir.Uop) term {
	if len(uops) < 2 {
		return nil
	}
	j, u := &uops[len(uops)-1], &uops[len(uops)-2]
	if j.Op != ir.Jcc || j.Mask != ^uint32(0) || k.b.mode&cpu.ModeFlatCS == 0 {
		return nil
	}
	return k.fused(u, j.Cond)
}

// fused makes the terminator of an operation and a branch, nil where there is none.
func (k *Backend) fused(u *ir.Uop, cond uint8) term {
	if u.Op > ir.Test || u.D.Kind == ir.High || u.S.Kind == ir.High {
		return nil
	}
	x := k.args(u)
	switch {
	case u.S.Kind == ir.Mem:
		x.s = x.d
		return makeFusedM(u, cond, x, k.b)
	case u.D.Kind == ir.Mem:
		x.immediate(u)
		return makeFusedM(u, cond, x, k.b)
	case u.S.Kind == ir.Imm:
		return makeFusedR[n1](u, cond, x, k.b)
	}
	return makeFusedR[n0](u, cond, x, k.b)
}

// fn makes the closure of a micro-op that is no terminator, nil for one that
// does nothing.
func (k *Backend) fn(u *ir.Uop) fn {
	switch u.Op {
	case ir.Add, ir.Or, ir.Adc, ir.Sbb, ir.And, ir.Sub, ir.Xor, ir.Cmp, ir.Test:
		return k.alu(u)
	case ir.Inc, ir.Dec, ir.Neg, ir.Not:
		return k.unary(u)
	case ir.Mov:
		return k.mov(u)
	case ir.MovZX, ir.MovSX:
		return k.extension(u)
	case ir.Lea:
		return k.lea(u)
	case ir.Rol, ir.Ror, ir.Rcl, ir.Rcr, ir.Shl, ir.Shr, ir.Sar:
		return k.shift(u)
	case ir.ShlD, ir.ShrD:
		return k.double(u)
	case ir.Mul:
		if u.S.Kind != ir.Reg || u.W != 2 {
			return k.callOut(u)
		}
		return k.mul(u)
	case ir.IMul:
		return k.imul(u)
	case ir.Push:
		return k.push(u)
	case ir.Pop:
		return k.pop(u)
	case ir.Leave:
		return k.leave(u)
	case ir.Xchg:
		if u.D.Kind == ir.Mem || u.S.Kind == ir.Mem {
			return k.xchgMem(u)
		}
		r, w := k.regs(u), u.W
		if w == 2 {
			d, s := r.d, r.s0
			return func(c *cpu.CPU) { *d, *s = *s, *d }
		}
		return func(c *cpu.CPU) {
			a, b := get(r.d, r.dh, w), get(r.s0, r.s0h, w)
			set(r.d, r.dh, w, b)
			set(r.s0, r.s0h, w, a)
		}
	case ir.Bswap:
		return k.bswap(u)
	case ir.SetCC:
		return k.setcc(u)
	case ir.CMov:
		return k.cmov(u)
	case ir.Widen:
		ax := &k.c.R[x86.AX]
		if u.W == 1 {
			return func(c *cpu.CPU) { *ax = *ax&^0xffff | uint64(uint16(int8(*ax))) }
		}
		return func(c *cpu.CPU) { *ax = uint64(uint32(int16(*ax))) }
	case ir.SignDX:
		ax, dx := &k.c.R[x86.AX], &k.c.R[x86.DX]
		if u.W == 1 {
			return func(c *cpu.CPU) { *dx = *dx&^0xffff | uint64(uint16(int16(*ax)>>15)) }
		}
		return func(c *cpu.CPU) { *dx = uint64(uint32(int32(*ax) >> 31)) }
	case ir.Nop:
		return nil
	case ir.Cld:
		return func(c *cpu.CPU) { c.Flags &^= x86.DF }
	case ir.Std:
		return func(c *cpu.CPU) { c.Flags |= x86.DF }
	case ir.Clc:
		return func(c *cpu.CPU) { c.SetArith(x86.CF, 0) }
	case ir.Stc:
		return func(c *cpu.CPU) { c.SetArith(x86.CF, x86.CF) }
	}
	if u.Call == 0 {
		panic("BUG: closure: no code for micro-op")
	}
	return k.callOut(u)
}

// callOut wraps a handler of package cpu.
func (k *Backend) callOut(u *ir.Uop) fn {
	do, s := cpu.Calls[u.Call&(cpu.MostCalls-1)].Do, k.site(u)
	if u.Counts {
		op := s.Inst.Op
		return func(c *cpu.CPU) {
			c.Traps[op&(cpu.MostCalls-1)]++
			c.Enter(s)
			if exc := do(c, s); exc != nil {
				c.Unwind(s, exc)
			}
			c.Exit()
		}
	}
	return func(c *cpu.CPU) {
		c.Enter(s)
		if exc := do(c, s); exc != nil {
			c.Unwind(s, exc)
		}
		c.Exit()
	}
}
