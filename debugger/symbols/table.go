package symbols

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// farthest is how far behind a name of unknown size it still says something.
const farthest = 64 << 10

// mostBack bounds how many names in front of an address are asked whether they
// cover it: labels within a function, and objects within a larger one.
const mostBack = 64

// Table is the names of all sources together. Its zero value is an empty one. It
// isn't safe for use by several goroutines at once, even for reading: parts of
// the DWARF are read when they are first asked for.
type Table struct {
	sources []*Source
	byAddr  []Symbol
	byName  []Symbol
}

// NewTable makes a table of sources.
func NewTable(sources ...*Source) *Table {
	t := &Table{sources: slices.Clone(sources)}
	t.build()
	return t
}

// Add takes a source into the table. Names of a source that came earlier are
// preferred where all else is equal.
func (t *Table) Add(s *Source) {
	t.sources = append(t.sources, s)
	t.build()
}

// Remove takes the sources of that name out; false where there is none.
func (t *Table) Remove(name string) bool {
	n := len(t.sources)
	t.sources = slices.DeleteFunc(t.sources, func(s *Source) bool { return s.Name == name })
	if n == len(t.sources) {
		return false
	}
	t.build()
	return true
}

// Slide moves all addresses of the sources of that name; false where there is
// none. The slide isn't added to an earlier one.
func (t *Table) Slide(name string, by uint64) bool {
	found := false
	for _, s := range t.sources {
		if s.Name == name {
			s.Slide, found = by, true
		}
	}
	if found {
		t.build()
	}
	return found
}

// Sources are those of the table in the order in which they came. The slice is
// the table's own.
func (t *Table) Sources() []*Source { return t.sources }

// Len is the number of names.
func (t *Table) Len() int { return len(t.byAddr) }

// build makes both orders anew. A name that two sources have at one address is
// kept once.
func (t *Table) build() {
	n := 0
	for _, s := range t.sources {
		n += len(s.Symbols)
	}
	all := make([]Symbol, 0, n)
	for _, s := range t.sources {
		for _, sym := range s.Symbols {
			sym.Addr = s.slid(sym.Addr)
			all = append(all, sym)
		}
	}
	slices.SortStableFunc(all, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), compareBool(!a.Local, !b.Local),
			compareBool(a.Size != 0, b.Size != 0))
	})
	t.byName = unique(all)
	t.byAddr = slices.Clone(t.byName)
	sortByAddress(t.byAddr)
}

// unique drops what has the name and the address of one in front of it, of the
// runs of one name.
func unique(all []Symbol) []Symbol {
	kept := all[:0]
	run := 0
	for _, s := range all {
		if len(kept) == 0 || kept[run].Name != s.Name {
			run = len(kept)
		}
		// A name with very many addresses is compared with the last ones only.
		from := max(run, len(kept)-mostBack)
		if !slices.ContainsFunc(kept[from:], func(k Symbol) bool { return k.Addr == s.Addr }) {
			kept = append(kept, s)
		}
	}
	return kept
}

// Lookup gives all symbols of exactly that name, the preferred one first: global
// before local, known size before unknown, then in the order of the sources. It
// is empty where there is none.
func (t *Table) Lookup(name string) []Symbol {
	from := sort.Search(len(t.byName), func(i int) bool { return t.byName[i].Name >= name })
	to := from
	for to < len(t.byName) && t.byName[to].Name == name {
		to++
	}
	return slices.Clone(t.byName[from:to])
}

// Find gives the preferred symbol of exactly that name.
func (t *Table) Find(name string) (Symbol, bool) {
	i := sort.Search(len(t.byName), func(i int) bool { return t.byName[i].Name >= name })
	if i == len(t.byName) || t.byName[i].Name != name {
		return Symbol{}, false
	}
	return t.byName[i], true
}

// Address gives where the preferred symbol of exactly that name is.
func (t *Table) Address(name string) (uint64, bool) {
	s, ok := t.Find(name)
	return s.Addr, ok
}

// At gives the symbol that covers an address and how far into it that is. One of
// known size covers its size only; one of unknown size reaches to the next
// symbol and 64 KiB at most. A label within a function of known size is
// answered at its own address only, the function's name behind it.
func (t *Table) At(addr uint64) (sym Symbol, off uint64, ok bool) {
	all := t.byAddr
	i := sort.Search(len(all), func(i int) bool { return all[i].Addr > addr }) - 1
	if i < 0 {
		return Symbol{}, 0, false
	}
	nearest := first(all, i)
	off = addr - nearest.Addr
	cover, ok := covering(all, i, addr)
	switch {
	case nearest.Size == 0 && off == 0:
		return nearest, 0, true
	case ok:
		return cover, addr - cover.Addr, true
	case nearest.Size == 0 && off < farthest:
		return nearest, off, true
	}
	return Symbol{}, 0, false
}

// covering is the innermost symbol of known size around an address, of those up
// to all[i].
func covering(all []Symbol, i int, addr uint64) (Symbol, bool) {
	covers := func(s *Symbol) bool { return s.Size != 0 && addr-s.Addr < s.Size }
	for j := i; j >= 0 && j > i-mostBack; j-- {
		if !covers(&all[j]) {
			continue
		}
		for j > 0 && all[j-1].Addr == all[j].Addr && covers(&all[j-1]) {
			j--
		}
		return all[j], true
	}
	return Symbol{}, false
}

// first is the best symbol of the address of all[i].
func first(all []Symbol, i int) Symbol {
	addr := all[i].Addr
	return all[sort.Search(i, func(j int) bool { return all[j].Addr >= addr })]
}

// Complete gives the names that start with prefix, sorted, each once, most of
// them at most.
func (t *Table) Complete(prefix string, most int) []string {
	var names []string
	i := sort.Search(len(t.byName), func(i int) bool { return t.byName[i].Name >= prefix })
	for ; i < len(t.byName) && len(names) < most; i++ {
		name := t.byName[i].Name
		if !strings.HasPrefix(name, prefix) {
			break
		}
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return names
}

// All gives the symbols in address order, the better name of one address first.
// The slice is the table's own.
func (t *Table) All() []Symbol { return t.byAddr }

// Line gives the source line of an address, from the first source that knows it.
func (t *Table) Line(addr uint64) (file string, line int, ok bool) {
	for _, s := range t.sources {
		if file, line, ok = s.Line(s.unslid(addr)); ok {
			return file, line, true
		}
	}
	return "", 0, false
}

// Addresses gives where statements of a line start, sorted: see Source.Addresses.
func (t *Table) Addresses(file string, line int) []uint64 {
	var all []uint64
	for _, s := range t.sources {
		for _, a := range s.Addresses(file, line) {
			all = append(all, s.slid(a))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Function describes the function that covers an address, from the first source
// whose DWARF knows it.
func (t *Table) Function(addr uint64) (Function, bool) {
	for _, s := range t.sources {
		f, ok := s.Function(s.unslid(addr))
		if !ok {
			continue
		}
		f.Low, f.High = s.slid(f.Low), s.slid(f.High)
		for i := range f.Params {
			if p := &f.Params[i].Where; p.Kind == InMemory {
				p.Addr = s.slid(p.Addr)
			}
		}
		return f, true
	}
	return Function{}, false
}
