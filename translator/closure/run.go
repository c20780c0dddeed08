package closure

import (
	"ringzero/cpu"
)

type runner func(c *cpu.CPU, b *Block) *Block

// runs are the runners by number of closures: a block knows how many it has, so
// nothing is counted when it runs.
var runs = [inline + 2]runner{run[n0](), run[n1](), run[n2](), run[n3](), run[n4](), run[n5](), run[n6](), run[n7](), run[n8](),
	run[n9](), run[n10](), run[n11](), run[n12](), run[n13](), run[n14](), run[n15](), run[n16](), run[n17]()}

//go:noinline
func run[N num]() runner {
	var n N
	return func(c *cpu.CPU, b *Block) *Block {
		if len(n) > 0 {
			b.fns[0](c)
		}
		if len(n) > 1 {
			b.fns[1](c)
		}
		if len(n) > 2 {
			b.fns[2](c)
		}
		if len(n) > 3 {
			b.fns[3](c)
		}
		if len(n) > 4 {
			b.fns[4](c)
		}
		if len(n) > 5 {
			b.fns[5](c)
		}
		if len(n) > 6 {
			b.fns[6](c)
		}
		if len(n) > 7 {
			b.fns[7](c)
		}
		if len(n) > 8 {
			b.fns[8](c)
		}
		if len(n) > 9 {
			b.fns[9](c)
		}
		if len(n) > 10 {
			b.fns[10](c)
		}
		if len(n) > 11 {
			b.fns[11](c)
		}
		if len(n) > 12 {
			b.fns[12](c)
		}
		if len(n) > 13 {
			b.fns[13](c)
		}
		if len(n) > 14 {
			b.fns[14](c)
		}
		if len(n) > 15 {
			b.fns[15](c)
		}
		if len(n) > inline {
			more := b.more
			for ; len(more) >= 4; more = more[4:] {
				f := (*[4]fn)(more)
				f[0](c)
				f[1](c)
				f[2](c)
				f[3](c)
			}
			for _, f := range more {
				f(c)
			}
		}
		return b.term(c)
	}
}
