package cpu

import (
	"ringzero/decoder"
	"ringzero/x86"
)

// Site is an instruction's place in its block: what a call-out or the slow path
// of an access needs to find the exact state again.
type Site struct {
	Inst *decoder.Inst
	// Off is the instruction's offset from the start of its linear page. EIP is not
	// kept while a block runs: PageBase and this give it.
	Off uint32
	// Rem counts the block's steps from this instruction on.
	Rem int32
	// Mid is set unless the instruction is the last of its block.
	Mid bool
	// Alone counts how often it left its block in the middle to run alone.
	Alone uint8
}

// Handler is a call-out: the slow, exact half of an instruction. It computes,
// checks, and commits only when nothing can fault any more. EIP is not kept: a
// handler has it from its Site, and only those of control transfers set it.
type Handler func(c *CPU, s *Site) *x86.Exception

// ip is the linear-less address of the instruction, next that of the following.
func (c *CPU) ip(s *Site) uint64 { return uint64(uint32(c.PageBase) + s.Off) }
func (c *CPU) next(s *Site) uint64 {
	return uint64(uint32(c.PageBase) + s.Off + uint32(s.Inst.Len))
}

// Enter notes where a call-out stands in its block.
func (c *CPU) Enter(s *Site) { c.Rem, c.Mid, c.site = int64(s.Rem), s.Mid, s }

// Exit takes it back, behind the call-out: the steps of the block are taken.
func (c *CPU) Exit() { c.Rem, c.Mid = 0, false }

// Within tells whether the instruction that left its block last lies in a range of
// its page.
func (c *CPU) Within(off, n uint32) bool { return c.site != nil && c.site.Off-off < n }

// alone gives up an instruction in the middle of its block, which begins again as a
// block of its own: what it accesses has side effects, and in mid-block neither time
// nor the rest of the block are what they have to be. Nothing was committed yet. The
// panic carries the Site and ends in the translator.
func (c *CPU) alone() {
	c.Unwind(c.site, nil)
}

// Unwind leaves a block in its middle by a fault, or with nil to run the instruction
// alone. The state is that before the instruction, EIP apart.
func (c *CPU) Unwind(s *Site, exc *x86.Exception) {
	c.Pending = exc
	panic(s)
}

// Unretire moves EIP to an instruction that left its block in the middle, and
// gives its steps and those behind it back. Data breakpoints that it hit before
// its fault are forgotten: they are traps of an instruction that was executed
// (SDM 3B 17.3.1.2), and no block begins with one pending.
func (c *CPU) Unretire(s *Site) {
	c.Budget += int64(s.Rem)
	if c.left {
		c.EndSlice()
	}
	if c.moved {
		c.moved = false
		return
	}
	c.PendingDB = 0
	c.Hit = Access{}
	c.EIP = c.ip(s)
}
