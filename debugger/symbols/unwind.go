package symbols

import (
	"bytes"
	"cmp"
	"debug/elf"
	"slices"
)

// Bounds of what call frame information makes grow.
const (
	mostFrames     = 1 << 20
	mostRemembered = 16
	mostRules      = 32 // registers
)

// cie is what many functions' call frame information has in common.
type cie struct {
	codeAlign uint64
	dataAlign int64
	returns   int // the register that stands for the return address
	encoding  byte
	augmented bool // a length in front of further data
	program   []byte
}

// fde is a function's call frame information.
type fde struct {
	pcRange
	common  *cie
	program []byte
}

// Unwind tells from call frame information (.debug_frame, .eh_frame) who called
// the function at pc: the caller's registers, by DWARF's numbers, where they can
// be told, its stack pointer among them, and its pc. regs are those of now; mem
// is read on the stack. false where there is no such information, where it is
// said in ways that are rare (expressions), or where the stack isn't in memory.
// Of a caller that is behind a call already, ask with its pc less 1: the call may be
// a function's last instruction. The source's Slide is not applied to pc: see
// Table.Unwind.
func (s *Source) Unwind(pc uint64, regs map[int]uint64, mem Linear) (callerPC uint64, caller map[int]uint64, ok bool) {
	if s.dwarf == nil {
		return 0, nil, false
	}
	d := s.dwarf
	f, ok := d.frameOf(pc)
	if !ok {
		return 0, nil, false
	}
	m := frameMachine{f: f, loc: f.low, word: d.bits / 8}
	if !m.run(f.common.program, 1<<64-1) {
		return 0, nil, false
	}
	m.initial = m.rules
	if !m.run(f.program, pc) {
		return 0, nil, false
	}
	return m.apply(s, regs, words{mem, d.bits})
}

// Unwind does so with the first source that knows the function.
func (t *Table) Unwind(pc uint64, regs map[int]uint64, mem Linear) (callerPC uint64, caller map[int]uint64, ok bool) {
	for _, s := range t.sources {
		if callerPC, caller, ok = s.Unwind(s.unslid(pc), regs, mem); ok {
			return callerPC, caller, true
		}
	}
	return 0, nil, false
}

// StackRegister is DWARF's number of ESP or RSP.
func StackRegister(bits int) int {
	if bits == 64 {
		return 7
	}
	return 4
}

func (d *dwarfInfo) frameOf(pc uint64) (fde, bool) {
	if !d.hasFrames {
		d.hasFrames = true
		d.readFrames(".debug_frame")
		d.readFrames(".eh_frame")
		slices.SortFunc(d.frames, func(a, b fde) int { return cmp.Compare(a.low, b.low) })
	}
	i, found := slices.BinarySearchFunc(d.frames, pc, func(f fde, pc uint64) int { return cmp.Compare(f.low, pc) })
	if !found {
		i--
	}
	if i < 0 || pc >= d.frames[i].high {
		return fde{}, false
	}
	return d.frames[i], true
}

// readFrames reads all entries of a section.
func (d *dwarfInfo) readFrames(name string) {
	s := d.file.Section(name)
	if s == nil || s.Type == elf.SHT_NOBITS || s.Size > mostSection || s.Size > 64*s.FileSize+1<<20 {
		return
	}
	data, err := s.Data()
	if err != nil {
		return
	}
	eh := name == ".eh_frame"
	commons := map[uint64]*cie{}
	for at := uint64(0); at+8 <= uint64(len(data)) && len(d.frames) < mostFrames; {
		c := cursor{p: data[at:]}
		size := c.word(4)
		if size == 0 && eh || size == 0xffffffff || size < 4 {
			return
		}
		body := cursor{p: c.bytes(size)}
		if c.bad {
			return
		}
		id := body.word(4)
		switch {
		case eh && id == 0, !eh && id == 0xffffffff:
			commons[at] = readCIE(body, d.bits/8)
		default:
			from := id
			if eh {
				from = at + 4 - id
			}
			if common := commons[from]; common != nil {
				d.addFDE(common, body, s.Addr+at+8)
			}
		}
		at += 4 + size
	}
}

// readCIE reads a common part; nil where it is of an unknown kind.
func readCIE(c cursor, word int) *cie {
	version := c.word(1)
	end := bytes.IndexByte(c.p, 0)
	if end < 0 || version != 1 && version != 3 && version != 4 {
		return nil
	}
	augmentation := string(c.bytes(uint64(end)))
	c.word(1)
	if version == 4 && (c.word(1) != uint64(word) || c.word(1) != 0) {
		return nil
	}
	e := &cie{codeAlign: c.uleb(), dataAlign: c.sleb()}
	if version == 1 {
		e.returns = int(c.word(1))
	} else {
		e.returns = int(c.uleb() & 0xff)
	}
	if augmentation != "" {
		if augmentation[0] != 'z' {
			return nil
		}
		e.augmented = true
		more := cursor{p: c.bytes(c.uleb())}
		for _, a := range augmentation[1:] {
			switch a {
			case 'R':
				e.encoding = byte(more.word(1))
			case 'S', 'B': // a signal's frame
			case 'L':
				more.word(1)
			default:
				return nil
			}
		}
	}
	e.program = c.p
	if c.bad {
		return nil
	}
	return e
}

// addFDE reads a function's part; place is where its first address lies.
func (d *dwarfInfo) addFDE(common *cie, c cursor, place uint64) {
	size, signed := d.bits/8, false
	switch common.encoding & 0x0f {
	case 0:
	case 3:
		size = 4
	case 0x0b:
		size, signed = 4, true
	default:
		return
	}
	low := c.word(size)
	if signed {
		low = uint64(int64(int32(low)))
	}
	switch common.encoding & 0x70 {
	case 0:
	case 0x10: // from its own place
		low += place
	default:
		return
	}
	if d.bits == 32 {
		low &= 1<<32 - 1
	}
	n := c.word(size)
	if common.augmented {
		c.bytes(c.uleb())
	}
	if c.bad || n == 0 || low+n < low {
		return
	}
	d.frames = append(d.frames, fde{pcRange{low, low + n, 0}, common, c.p})
}
