package closure

import (
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// runs are the runners by number of closures, unrolled up to ir.Inline.
var runs = [ir.Inline + 2]func(c *cpu.CPU, b *ir.Block) *ir.Block{run0, run1, run2, run3, run4, run5, run6, run7, run8,
	run9, run10, run11, run12, run13, run14, run15, run16, runMore}

func run0(c *cpu.CPU, b *ir.Block) *ir.Block { return b.Term(c) }

func run1(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	return b.Term(c)
}

func run2(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	return b.Term(c)
}

func run3(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	return b.Term(c)
}

func run4(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	return b.Term(c)
}

func run5(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	return b.Term(c)
}

func run6(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	return b.Term(c)
}

func run7(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	return b.Term(c)
}

func run8(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	return b.Term(c)
}

func run9(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	return b.Term(c)
}

func run10(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	b.Fns[9](c)
	return b.Term(c)
}

func run11(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	b.Fns[9](c)
	b.Fns[10](c)
	return b.Term(c)
}

func run12(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	b.Fns[9](c)
	b.Fns[10](c)
	b.Fns[11](c)
	return b.Term(c)
}

func run13(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	b.Fns[9](c)
	b.Fns[10](c)
	b.Fns[11](c)
	b.Fns[12](c)
	return b.Term(c)
}

func run14(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	b.Fns[9](c)
	b.Fns[10](c)
	b.Fns[11](c)
	b.Fns[12](c)
	b.Fns[13](c)
	return b.Term(c)
}

func run15(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	b.Fns[9](c)
	b.Fns[10](c)
	b.Fns[11](c)
	b.Fns[12](c)
	b.Fns[13](c)
	b.Fns[14](c)
	return b.Term(c)
}

func run16(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	b.Fns[9](c)
	b.Fns[10](c)
	b.Fns[11](c)
	b.Fns[12](c)
	b.Fns[13](c)
	b.Fns[14](c)
	b.Fns[15](c)
	return b.Term(c)
}

func runMore(c *cpu.CPU, b *ir.Block) *ir.Block {
	b.Fns[0](c)
	b.Fns[1](c)
	b.Fns[2](c)
	b.Fns[3](c)
	b.Fns[4](c)
	b.Fns[5](c)
	b.Fns[6](c)
	b.Fns[7](c)
	b.Fns[8](c)
	b.Fns[9](c)
	b.Fns[10](c)
	b.Fns[11](c)
	b.Fns[12](c)
	b.Fns[13](c)
	b.Fns[14](c)
	b.Fns[15](c)
	f := b.More
	for len(f) >= 4 {
		g := (*[4]ir.Fn)(f)
		g[0](c)
		g[1](c)
		g[2](c)
		g[3](c)
		f = f[4:]
	}
	for _, g := range f {
		g(c)
	}
	return b.Term(c)
}
