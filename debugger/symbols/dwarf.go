package symbols

import (
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
)

// Bounds of what DWARF makes grow. A large kernel has 4,000 units, 300,000 ranges
// and 10 million rows of lines, of which few are read at a time.
const (
	mostUnits  = 1 << 18
	mostRanges = 4 << 20
	mostRows   = 16 << 20
)

// dwarfInfo is the DWARF of a file, read when it is first asked for: an index of
// the compilation units then, the lines and functions of each unit later.
type dwarfInfo struct {
	file   *elf.File
	bits   int
	code   []pcRange // sections with code
	loaded bool
	err    error
	data   *dwarf.Data
	loc    map[string][]byte // sections that are read here, too
	units  []*unit
	ranges []pcRange // of units, by address; id indexes units
	rows   int       // that are kept in units

	hasFrames bool
	frames    []fde // by address
}

// pcRange is addresses from low up to high, which id has.
type pcRange struct {
	low, high uint64
	id        int
}

// unit is a compilation unit.
type unit struct {
	entry   *dwarf.Entry
	version int
	low     uint64
	spans   []span
	hasRows bool
	funcs   []pcRange // id is the offset of the entry
	hasFunc bool
}

func newDWARF(f *elf.File, bits int) *dwarfInfo {
	d := &dwarfInfo{file: f, bits: bits, loc: map[string][]byte{}}
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_EXECINSTR != 0 && s.Addr+s.Size > s.Addr {
			d.code = append(d.code, pcRange{s.Addr, s.Addr + s.Size, 0})
		}
	}
	return d
}

// DWARFError tells why the source's DWARF gives nothing; nil where it is sound or
// there is none.
func (s *Source) DWARFError() error {
	if s.dwarf == nil {
		return nil
	}
	return s.dwarf.load()
}

// load makes the index of units, once.
func (d *dwarfInfo) load() error {
	if !d.loaded {
		d.loaded = true
		d.err = d.index()
	}
	return d.err
}

func (d *dwarfInfo) index() (err error) {
	defer guard(&err, "DWARF")
	info, err := d.open()
	if err != nil {
		return err
	}
	d.findUnits(info)
	if len(d.units) == 0 {
		return errors.New("symbols: DWARF without a compilation unit: build the file with -g")
	}
	slices.SortFunc(d.ranges, func(a, b pcRange) int { return cmp.Compare(a.low, b.low) })
	return nil
}

// open reads the sections.
func (d *dwarfInfo) open() (info []byte, err error) {
	total := uint64(0)
	get := func(name string) []byte {
		s := d.file.Section(name)
		if s == nil || err != nil {
			return nil
		}
		// Sizes are the file's word: real DWARF packs to a tenth at best.
		if total += s.Size; total > mostSection || s.Size > 64*s.FileSize+1<<20 {
			err = fmt.Errorf("symbols: DWARF of more than %d MiB: give a smaller file", mostSection>>20)
			return nil
		}
		data, e := s.Data()
		if e != nil {
			err = fmt.Errorf("symbols: broken section %s (%w): give another file", name, e)
		}
		return data
	}
	info = get(".debug_info")
	abbrev, line, ranges, str := get(".debug_abbrev"), get(".debug_line"), get(".debug_ranges"), get(".debug_str")
	more := map[string][]byte{}
	for _, name := range []string{".debug_addr", ".debug_line_str", ".debug_str_offsets", ".debug_rnglists"} {
		more[name] = get(name)
	}
	for _, name := range []string{".debug_loc", ".debug_loclists"} {
		d.loc[name] = get(name)
	}
	if err != nil {
		return nil, err
	}
	d.loc[".debug_addr"], d.loc[".debug_line"], d.loc[".debug_str"] = more[".debug_addr"], line, str
	d.loc[".debug_line_str"] = more[".debug_line_str"]
	d.data, err = dwarf.New(abbrev, nil, nil, info, line, nil, ranges, str)
	if err != nil {
		return nil, fmt.Errorf("symbols: broken DWARF (%w): give another file", err)
	}
	for name, data := range more {
		if data == nil {
			continue
		}
		if err := d.data.AddSection(name, data); err != nil {
			return nil, fmt.Errorf("symbols: broken section %s (%w): give another file", name, err)
		}
	}
	return info, nil
}

// findUnits steps over the headers of .debug_info and reads the first entry of
// each unit. A broken unit is left out.
func (d *dwarfInfo) findUnits(info []byte) {
	r := d.data.Reader()
	for at := uint64(0); at+12 <= uint64(len(info)) && len(d.units) < mostUnits; {
		h, ok := unitHeader(info[at:])
		if !ok {
			return
		}
		if h.isCode {
			r.Seek(dwarf.Offset(at + h.first))
			if e, err := r.Next(); err == nil && e != nil {
				d.addUnit(&unit{entry: e, version: h.version})
			}
		}
		at += h.size
	}
}

// header is that of a unit: its size with itself, where its first entry is.
type header struct {
	size, first uint64
	version     int
	isCode      bool // a compilation unit, not one of types
}

func unitHeader(p []byte) (h header, ok bool) {
	size, word := uint64(binary.LittleEndian.Uint32(p)), uint64(4)
	at := uint64(4)
	if size == 0xffffffff { // 64-bit DWARF
		size, word, at = binary.LittleEndian.Uint64(p[4:]), 8, 12
	}
	h.size = size + at
	if h.size > uint64(len(p)) || h.size < size || size < 8 {
		return h, false
	}
	h.version = int(binary.LittleEndian.Uint16(p[at:]))
	h.first = at + 2 + word + 1
	h.isCode = true
	if h.version >= 5 {
		h.first++
		h.isCode = p[at+2] == 1 // DW_UT_compile
	}
	return h, h.first < h.size
}

func (d *dwarfInfo) addUnit(u *unit) {
	if u.entry.Tag != dwarf.TagCompileUnit || len(d.ranges) >= mostRanges {
		return
	}
	u.low, _ = u.entry.Val(dwarf.AttrLowpc).(uint64)
	ranges, err := d.data.Ranges(u.entry)
	if err != nil {
		ranges = nil
	}
	for _, p := range ranges {
		if p[1] > p[0] && d.isCode(p[0]) {
			d.ranges = append(d.ranges, pcRange{p[0], p[1], len(d.units)})
		}
	}
	d.units = append(d.units, u)
}

// isCode tells whether an address lies in a section with code: what the linker
// threw away has DWARF still, at 0 or so.
func (d *dwarfInfo) isCode(pc uint64) bool {
	return len(d.code) == 0 || slices.ContainsFunc(d.code, func(r pcRange) bool { return pc >= r.low && pc < r.high })
}

// rangeOf is the range that has an address, of some in order of low; some may
// overlap.
func rangeOf(all []pcRange, pc uint64) (pcRange, bool) {
	i := sort.Search(len(all), func(i int) bool { return all[i].low > pc }) - 1
	for j := i; j >= 0 && j > i-mostBack; j-- {
		if pc < all[j].high {
			return all[j], true
		}
	}
	return pcRange{}, false
}

// unitOf is the unit that has an address, nil where there is none.
func (d *dwarfInfo) unitOf(pc uint64) *unit {
	r, ok := rangeOf(d.ranges, pc)
	if !ok {
		return nil
	}
	return d.units[r.id]
}
