package decoder

// entry is a row with what Decode needs beside it, computed once.
type entry struct {
	row *Row
	// alt is taken in place of this entry where one of the REX bits altRex is
	// set: XCHG for NOP, CMPXCHG16B for CMPXCHG8B.
	alt    *entry
	altRex uint8

	n      uint8
	modrm  bool
	plus   bool // eight opcodes, register in the low bits
	d64    bool
	f64    bool
	anyMod bool
	args   [4]argSpec
}

// Prefix classes: the index of a mandatory prefix.
const (
	classNone = iota
	class66
	classF3
	classF2
	prefixClasses
)

// Selectors of a cell: what picks its entry.
const (
	selPrefix = 1 << iota
	selModRM
)

// cell is one opcode of one map. Its entry is tab[prefix class] or tab[ModRM] or
// tab[prefix class<<8 | ModRM], as sel says, or leaf.
type cell struct {
	leaf  *entry
	tab   []*entry
	sel   uint8
	modrm bool
}

const numMaps = int(MapVEX0F3A) + 1

// cells holds the lookup arrays: legacy and compatibility modes first, 64-bit
// mode second. rows are the tables in their order; both are constant after init.
var (
	cells [2][numMaps][256]cell
	rows  []*Row
)

func init() {
	var entries []*entry
	for _, table := range [][]form{formsOne, forms0F, forms0F38, forms0F3A, formsX87, formsVEX} {
		for i := range table {
			e := table[i].expand()
			entries = append(entries, e)
			rows = append(rows, e.row)
		}
	}
	for wide, mode := range [2]Modes{InLegacy, In64} {
		var lists [numMaps][256][]*entry
		for _, e := range entries {
			if e.row.Modes&mode == 0 {
				continue
			}
			last := int(e.row.Opcode)
			if e.plus {
				last += 7
			}
			for op := int(e.row.Opcode); op <= last; op++ {
				l := &lists[e.row.Map][op]
				*l = append(*l, e)
			}
		}
		for m := range lists {
			for op := range lists[m] {
				cells[wide][m][op] = newCell(lists[m][op])
			}
		}
		for op := 0xd8; op <= 0xdf; op++ {
			cells[wide][MapOne][op] = cells[wide][MapX87][op]
		}
	}
}

// Rows lists every row: the one-byte map, then 0F, 0F 38, 0F 3A, x87 and VEX, in
// the order of the table files. The rows are shared and must not be written.
func Rows() []*Row { return append([]*Row(nil), rows...) }

// newCell builds the selection among the entries of one opcode.
func newCell(list []*entry) (c cell) {
	list = foldAlternatives(list)
	if len(list) == 0 {
		return c
	}
	for _, e := range list {
		c.modrm = c.modrm || e.modrm
		if e.row.Prefix != 0 {
			c.sel |= selPrefix
		}
		if e.row.Reg >= 0 || e.row.RM >= 0 || e.row.Mod != ModAny {
			c.sel |= selModRM
		}
	}
	switch c.sel {
	case 0:
		c.leaf = list[0]
	case selPrefix:
		c.tab = make([]*entry, prefixClasses)
		for p := range c.tab {
			c.tab[p] = pick(list, p, -1)
		}
	case selModRM:
		c.tab = make([]*entry, 256)
		for m := range c.tab {
			c.tab[m] = pick(list, classNone, m)
		}
	default:
		c.tab = make([]*entry, prefixClasses<<8)
		for i := range c.tab {
			c.tab[i] = pick(list, i>>8, i&0xff)
		}
	}
	return c
}

// entry is the cell's entry for a prefix class and a ModRM byte.
func (c *cell) entry(class int, modrm uint8) *entry {
	switch c.sel {
	case selPrefix:
		return c.tab[class]
	case selModRM:
		return c.tab[modrm]
	case selPrefix | selModRM:
		return c.tab[class<<8|int(modrm)]
	}
	return c.leaf
}

// foldAlternatives takes out of a list the entries that only a REX bit selects
// and hangs them on the entry that they replace.
func foldAlternatives(list []*entry) []*entry {
	var main []*entry
	for _, e := range list {
		if !e.row.RexW && !e.plus {
			main = append(main, e)
		}
	}
	for _, e := range list {
		switch {
		case e.row.RexW:
			for _, m := range main {
				if m.row.Reg == e.row.Reg && m.row.Mod == e.row.Mod && m.row.Prefix == e.row.Prefix {
					m.alt, m.altRex = e, rexW
				}
			}
		case e.plus && len(main) > 0: // XCHG r8,rAX beside NOP and PAUSE
			for _, m := range main {
				m.alt, m.altRex = e, rexB
			}
		case e.plus:
			main = append(main, e)
		}
	}
	return main
}

// pick chooses the entry for a prefix class and a ModRM byte (-1 for none). A
// row with the mandatory prefix goes before one that ignores prefixes, and a
// row with a fixed rm field before one without.
func pick(list []*entry, class, modrm int) *entry {
	var best *entry
	score := -1
	for _, e := range list {
		s, ok := match(e.row, class, modrm)
		if ok && s > score {
			best, score = e, s
		}
	}
	return best
}

func match(r *Row, class, modrm int) (score int, ok bool) {
	switch r.Prefix {
	case 0:
	case PrefixNone:
		ok = class == classNone
	case PrefixNoRep:
		ok = class == classNone || class == class66
	case 0x66:
		ok = class == class66
	case RepE:
		ok = class == classF3
	case RepNE:
		ok = class == classF2
	}
	if r.Prefix != 0 {
		if !ok {
			return 0, false
		}
		score += 4
	}
	if modrm < 0 {
		return score, true
	}
	mod3 := modrm >= 0xc0
	if r.Mod == ModMem && mod3 || r.Mod == ModReg && !mod3 {
		return 0, false
	}
	if r.Reg >= 0 && int(r.Reg) != modrm>>3&7 {
		return 0, false
	}
	if r.RM >= 0 {
		if int(r.RM) != modrm&7 {
			return 0, false
		}
		score += 2
	}
	if r.Reg >= 0 {
		score++
	}
	return score, true
}
