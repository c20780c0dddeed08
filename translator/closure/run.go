package closure

import (
	"ringzero/cpu"
	"ringzero/translator/ir"
)

type runner func(c *cpu.CPU, b *ir.Block) *ir.Block

// runs are the runners by number of closures: a block knows how many it has, so
// nothing is counted when it runs.
var runs = [ir.Inline + 2]runner{run[n0](), run[n1](), run[n2](), run[n3](), run[n4](), run[n5](), run[n6](), run[n7](), run[n8](),
	run[n9](), run[n10](), run[n11](), run[n12](), run[n13](), run[n14](), run[n15](), run[n16](), run[n17]()}

//go:noinline
func run[N num]() runner {
	var n N
	return func(c *cpu.CPU, b *ir.Block) *ir.Block {
		if len(n) > 0 {
			b.Fns[0](c)
		}
		if len(n) > 1 {
			b.Fns[1](c)
		}
		if len(n) > 2 {
			b.Fns[2](c)
		}
		if len(n) > 3 {
			b.Fns[3](c)
		}
		if len(n) > 4 {
			b.Fns[4](c)
		}
		if len(n) > 5 {
			b.Fns[5](c)
		}
		if len(n) > 6 {
			b.Fns[6](c)
		}
		if len(n) > 7 {
			b.Fns[7](c)
		}
		if len(n) > 8 {
			b.Fns[8](c)
		}
		if len(n) > 9 {
			b.Fns[9](c)
		}
		if len(n) > 10 {
			b.Fns[10](c)
		}
		if len(n) > 11 {
			b.Fns[11](c)
		}
		if len(n) > 12 {
			b.Fns[12](c)
		}
		if len(n) > 13 {
			b.Fns[13](c)
		}
		if len(n) > 14 {
			b.Fns[14](c)
		}
		if len(n) > 15 {
			b.Fns[15](c)
		}
		if len(n) > ir.Inline {
			more := b.More
			for ; len(more) >= 4; more = more[4:] {
				f := (*[4]ir.Fn)(more)
				f[0](c)
				f[1](c)
				f[2](c)
				f[3](c)
			}
			for _, f := range more {
				f(c)
			}
		}
		return b.Term(c)
	}
}
