package explain

import (
	"fmt"
	"slices"
	"strings"

	"ringzero"
	"ringzero/x86"
)

// trailLength is how many instructions a report shows.
const trailLength = 16

// ran is an instruction that was begun, or, where Skipped is set, so many steps that are
// not known one by one.
type ran struct {
	Step    uint64 `json:"step"`
	Linear  uint64 `json:"linear,omitempty"`
	Symbol  string `json:"symbol,omitempty"`
	Code    string `json:"code,omitempty"`
	Text    string `json:"text,omitempty"`
	Skipped uint64 `json:"skipped,omitempty"`
	lost    bool   // its linear address is not known
}

// trail lists the last instructions that were begun, the oldest first.
func (e *explainer) trail() (list []ran) {
	end, left := e.m.Steps(), trailLength
	for _, block := range e.m.Recent(trailLength) {
		count := int(end - block.Step)
		n := min(count, len(block.Insts))
		// A loop is entered again and again, of which the last time is known; a
		// repeated string instruction and a delivery take steps of their own.
		if count > n {
			list = append(list, ran{Step: block.Step + uint64(n), Skipped: uint64(count - n)})
		}
		for k := n - 1; k >= 0 && left > 0; k, left = k-1, left-1 {
			list = append(list, e.ran(&block, k))
		}
		if end = block.Step; left == 0 {
			break
		}
	}
	slices.Reverse(list)
	return list
}

// ran is the k-th instruction of a block.
func (e *explainer) ran(block *ringzero.Ran, k int) ran {
	in := &block.Insts[k]
	at := block.Linear
	for i := range k {
		at += uint64(block.Insts[i].Len)
	}
	r := ran{Step: block.Step + uint64(k), Linear: at, Text: in.Text(at), lost: !block.Known}
	if code := e.linear(at, int(in.Len)); block.Known && len(code) == int(in.Len) {
		_, r.Text = Listing(code, in.CodeSize, at-e.c.Seg[x86.CS].Base)
		r.Code, r.Symbol = fmt.Sprintf("%x", code), e.nameOf(at)
	}
	return r
}

func trailText(b *strings.Builder, list []ran) {
	if len(list) == 0 {
		return
	}
	n := 0
	var lines strings.Builder
	for _, r := range list {
		switch {
		case r.Skipped > 0:
			fmt.Fprintf(&lines, "  ... %d further steps\n", r.Skipped)
			continue
		case r.lost:
			fmt.Fprintf(&lines, "  %d  RAM %09x  %s\n", r.Step, r.Linear, r.Text)
		case r.Code == "":
			fmt.Fprintf(&lines, "  %d  %08x  %s\n", r.Step, r.Linear, r.Text)
		default:
			fmt.Fprintf(&lines, "  %d  %08x%s  %-22s %s\n", r.Step, r.Linear, r.Symbol, r.Code, r.Text)
		}
		n++
	}
	fmt.Fprintf(b, "the last %d instructions, by step and linear address:\n%s", n, lines.String())
}

// next is the instruction at which the processor stands.
func (e *explainer) next() string {
	c := e.c
	code := e.codeAt(c.EIP)
	if len(code) == 0 {
		return fmt.Sprintf("there is no code at %04x:%08x", c.Seg[x86.CS].Sel, c.EIP)
	}
	n, text := Listing(code, e.codeSize(), c.EIP)
	return fmt.Sprintf("next, at %04x:%08x: %x  %s", c.Seg[x86.CS].Sel, c.EIP, code[:n], text)
}
