package symbols

import (
	"cmp"
	"debug/dwarf"
	"path"
	"slices"
	"sort"
	"strings"
)

// mostAddresses bounds how many places a line has: one that is inlined
// everywhere has thousands.
const mostAddresses = 4096

// span is addresses from low up to high that come from one line.
type span struct {
	low, high uint64
	file      string
	line      int
}

// Line gives the file and line that an address of the file comes from. The
// source's Slide is not applied: see Table.Line.
func (s *Source) Line(addr uint64) (file string, line int, ok bool) {
	if s.dwarf == nil || s.dwarf.load() != nil {
		return "", 0, false
	}
	u := s.dwarf.unitOf(addr)
	if u == nil {
		return "", 0, false
	}
	spans := s.dwarf.lines(u)
	i := sort.Search(len(spans), func(i int) bool { return spans[i].low > addr }) - 1
	if i < 0 || addr >= spans[i].high || spans[i].line == 0 {
		return "", 0, false
	}
	return spans[i].file, spans[i].line, true
}

// lines reads the lines of a unit, in address order, and keeps them; what others
// kept is dropped when it has become too much.
func (d *dwarfInfo) lines(u *unit) []span {
	if u.hasRows {
		return u.spans
	}
	if d.rows > mostRows {
		for _, other := range d.units {
			other.spans, other.hasRows = nil, false
		}
		d.rows = 0
	}
	u.hasRows = true
	budget := mostRows
	var last dwarf.LineEntry
	var lastFile string
	d.eachRow(u, &budget, func(e *dwarf.LineEntry, first bool) {
		if !first && e.Address > last.Address {
			u.spans = append(u.spans, span{last.Address, e.Address, lastFile, last.Line})
		}
		last, lastFile = *e, fileOf(e)
	})
	slices.SortStableFunc(u.spans, func(a, b span) int { return cmp.Compare(a.low, b.low) })
	d.rows += len(u.spans)
	return u.spans
}

func fileOf(e *dwarf.LineEntry) string {
	if e.File == nil {
		return ""
	}
	return e.File.Name
}

// eachRow calls with each row of a unit's line table; first tells that it starts a
// sequence. It ends early where the table is broken or the budget of rows is used
// up.
func (d *dwarfInfo) eachRow(u *unit, budget *int, call func(e *dwarf.LineEntry, first bool)) {
	var err error
	defer guard(&err, "DWARF")
	r := d.lineReader(u)
	if r == nil {
		return
	}
	files := len(r.Files())
	var e dwarf.LineEntry
	for first := true; *budget > 0; *budget-- {
		if r.Next(&e) != nil || len(r.Files()) > files+mostDefined {
			return
		}
		call(&e, first)
		first = e.EndSequence
	}
}

// Addresses gives where the statements of a line start, sorted, each once: one
// for each place that the compiler made of it, 4096 at most. file is matched by
// its end on path boundaries ("sched/core.c"); of each file that matches it is the
// first line at or behind the asked one that has code. Empty where there is none.
// The source's Slide is not applied: see Table.Addresses.
func (s *Source) Addresses(file string, line int) []uint64 {
	if s.dwarf == nil || s.dwarf.load() != nil || line < 0 {
		return nil
	}
	file = cleanPath(file)
	found := map[string]*lineHits{}
	budget := mostRows
	seen := map[int64]bool{}
	for _, u := range s.dwarf.units {
		if at, ok := u.entry.Val(dwarf.AttrStmtList).(int64); ok {
			if seen[at] {
				continue
			}
			seen[at] = true
		}
		if s.dwarf.hasFile(u, file, &budget) {
			s.dwarf.hits(u, file, line, found, &budget)
		}
	}
	var all []uint64
	for _, h := range found {
		all = append(all, h.at...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), mostAddresses)]
}

// lineHits is the best line of one file so far, and its addresses.
type lineHits struct {
	line int
	at   []uint64
}

// hasFile tells whether a unit's line table names a file that matches.
func (d *dwarfInfo) hasFile(u *unit, file string, budget *int) (has bool) {
	var err error
	defer guard(&err, "DWARF")
	*budget--
	if *budget < 0 {
		return false
	}
	r := d.lineReader(u)
	if r == nil {
		return false
	}
	files := r.Files()
	*budget -= len(files)
	return slices.ContainsFunc(files, func(f *dwarf.LineFile) bool { return f != nil && matchPath(f.Name, file) })
}

// hits takes the addresses of a unit that come from the line or the next one with
// code.
func (d *dwarfInfo) hits(u *unit, file string, line int, found map[string]*lineHits, budget *int) {
	matches := map[string]bool{}
	inRun, lastLine, lastFile := false, 0, ""
	d.eachRow(u, budget, func(e *dwarf.LineEntry, first bool) {
		name := fileOf(e)
		match, known := matches[name]
		if !known {
			match = matchPath(name, file)
			matches[name] = match
		}
		same := !first && inRun && e.Line == lastLine && name == lastFile
		lastLine, lastFile = e.Line, name
		if same || e.EndSequence || !match || e.Line < line || e.Line == 0 || !e.IsStmt || !d.isCode(e.Address) {
			inRun = same && !e.EndSequence
			return
		}
		inRun = true
		h := found[name]
		if h == nil || e.Line < h.line {
			h = &lineHits{line: e.Line}
			found[name] = h
		}
		if e.Line == h.line && len(h.at) < mostAddresses {
			h.at = append(h.at, e.Address)
		}
	})
}

// matchPath tells whether a file's path ends in what was asked, on a path
// boundary.
func matchPath(full, asked string) bool {
	full = cleanPath(full)
	return full == asked || strings.HasSuffix(full, "/"+asked)
}

func cleanPath(p string) string { return path.Clean(strings.ReplaceAll(p, `\`, "/")) }
