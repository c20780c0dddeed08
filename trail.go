package ringzero

import (
	"fmt"
	"slices"
	"strings"

	"ringzero/bus"
	"ringzero/mmu"
	"ringzero/translator/cache"
	"ringzero/x86"
)

// trailLength is how many instructions a report shows.
const trailLength = 16

// reportTrail lists the last instructions that were begun, the oldest first.
func (m *Machine) reportTrail(b *strings.Builder) {
	lines := []string(nil) // the latest first
	blocks := m.engine.Recent(trailLength)
	end, left := m.cpu.Steps(), trailLength
	for _, block := range blocks {
		began := block.Code.Entered()
		ran := int(end - began)
		n := min(ran, len(block.Insts))
		// A loop is entered again and again, of which the last time is known; a
		// repeated string instruction and a delivery take steps of their own.
		if ran > n {
			lines = append(lines, fmt.Sprintf("  ... %d further steps", ran-n))
		}
		for k := n - 1; k >= 0 && left > 0; k, left = k-1, left-1 {
			lines = append(lines, m.trailLine(block, k, began+uint64(k)))
		}
		if end = began; left == 0 {
			break
		}
	}
	if len(lines) == 0 {
		return
	}
	slices.Reverse(lines)
	fmt.Fprintf(b, "the last %d instructions, by step and linear address:\n%s\n", trailLength-left, strings.Join(lines, "\n"))
}

// trailLine is the k-th instruction of a block.
func (m *Machine) trailLine(block *cache.Block, k int, step uint64) string {
	in := &block.Insts[k]
	off := block.Off
	for i := range k {
		off += uint64(block.Insts[i].Len)
	}
	va, ok := m.linearOf(off)
	if !ok {
		return fmt.Sprintf("  %d  RAM %09x  %s", step, off, in.Text(off))
	}
	code := m.linear(va, int(in.Len))
	if len(code) < int(in.Len) {
		return fmt.Sprintf("  %d  %08x  %s", step, va, in.Text(va))
	}
	eip := va - m.cpu.Seg[x86.CS].Base
	_, text := listing(code, in.CodeSize, eip)
	return fmt.Sprintf("  %d  %08x%s  %-22x %s", step, va, m.symbol(eip), code, text)
}

// linearOf finds the linear address that code in RAM is executed at; the TLB
// still has the pages of the last instructions, as a rule.
func (m *Machine) linearOf(off uint64) (va uint64, ok bool) {
	page := off &^ (bus.PageSize - 1)
	for i := range m.cpu.TLB {
		if t := &m.cpu.TLB[i]; t.Exec != mmu.Invalid && m.cpu.Host.Off(t.Exec+t.Addend) == page {
			return t.Exec | off&(bus.PageSize-1), true
		}
	}
	return 0, false
}

// reportCode lists the instruction at which the processor stands.
func (m *Machine) reportCode(b *strings.Builder) {
	c := m.cpu
	code := m.codeAt(c.EIP)
	if len(code) == 0 {
		fmt.Fprintf(b, "there is no code at %04x:%08x\n", c.Seg[x86.CS].Sel, c.EIP)
		return
	}
	n, text := listing(code, m.codeSize(), c.EIP)
	fmt.Fprintf(b, "next, at %04x:%08x: %x  %s\n", c.Seg[x86.CS].Sel, c.EIP, code[:n], text)
}
