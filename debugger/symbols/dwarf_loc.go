package symbols

import (
	"debug/dwarf"
	"encoding/binary"
	"fmt"
)

// Where tells in what way an argument's place is told.
type Where int

// The places. OptimisedOut stands for all that is told in no simple way, too.
const (
	OptimisedOut Where = iota
	InRegister         // the value is in register Reg
	AtRegister         // the value is in memory at register Reg plus Offset
	AtFrame            // the value is in memory at the frame's address plus Offset
	InMemory           // the value is in memory at Addr
)

// Location is where an argument is. Reg is DWARF's number: see RegisterName. The
// frame's address (DWARF's CFA) is the stack pointer before the return address was
// pushed: at a function's first instruction that is ESP+4 or RSP+8, behind
// "push ebp; mov ebp, esp" it is EBP+8 or RBP+16.
type Location struct {
	Kind   Where
	Reg    int
	Offset int64
	Addr   uint64
}

// String tells the place in words, with registers by number.
func (l Location) String() string {
	switch l.Kind {
	case InRegister:
		return fmt.Sprintf("in register %d", l.Reg)
	case AtRegister:
		return fmt.Sprintf("at register %d%+d", l.Reg, l.Offset)
	case AtFrame:
		return fmt.Sprintf("at frame%+d", l.Offset)
	case InMemory:
		return fmt.Sprintf("at %#x", l.Addr)
	}
	return "optimised out"
}

// RegisterName names a register by DWARF's number (System V ABI for i386, table
// 2.14, and for x86-64, figure 3.36), "" where it is none of the integer ones.
func RegisterName(bits, reg int) string {
	names := []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags"}
	if bits == 64 {
		names = []string{"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",
			"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip"}
	}
	if reg < 0 || reg >= len(names) {
		return ""
	}
	return names[reg]
}

// The operations of DWARF 5, 7.7.1, that are understood.
const (
	opAddr         = 0x03
	opReg0         = 0x50
	opReg31        = 0x6f
	opBreg0        = 0x70
	opBreg31       = 0x8f
	opRegx         = 0x90
	opFbreg        = 0x91
	opBregx        = 0x92
	opCallFrameCFA = 0x9c
)

// location reads an attribute that is an expression or a list of these, at pc.
// base is the function's frame base.
func (d *dwarfInfo) location(u *unit, attr any, base *Location, pc uint64) Location {
	switch v := attr.(type) {
	case []byte:
		return d.evaluate(v, base)
	case int64:
		return d.evaluate(d.listed(u, uint64(v), pc), base)
	case uint64:
		at, ok := d.listIndex(u, v)
		if ok {
			return d.evaluate(d.listed(u, at, pc), base)
		}
	}
	return Location{}
}

// listIndex reads where the list of a number is (DW_FORM_loclistx).
func (d *dwarfInfo) listIndex(u *unit, i uint64) (uint64, bool) {
	base, ok := u.entry.Val(dwarf.AttrLoclistsBase).(int64)
	data := d.loc[".debug_loclists"]
	if !ok || i > uint64(len(data)) || base < 0 || uint64(base)+4*i+4 > uint64(len(data)) {
		return 0, false
	}
	return uint64(base) + uint64(binary.LittleEndian.Uint32(data[uint64(base)+4*i:])), true
}

// evaluate understands expressions of one operation.
func (d *dwarfInfo) evaluate(expr []byte, base *Location) Location {
	if len(expr) == 0 {
		return Location{}
	}
	c := cursor{p: expr[1:]}
	l := Location{}
	switch op := expr[0]; {
	case op >= opReg0 && op <= opReg31:
		l = Location{Kind: InRegister, Reg: int(op - opReg0)}
	case op == opRegx:
		l = Location{Kind: InRegister, Reg: int(c.uleb() & 0xffff)}
	case op >= opBreg0 && op <= opBreg31:
		l = Location{Kind: AtRegister, Reg: int(op - opBreg0), Offset: c.sleb()}
	case op == opBregx:
		l = Location{Kind: AtRegister, Reg: int(c.uleb() & 0xffff), Offset: c.sleb()}
	case op == opAddr:
		l = Location{Kind: InMemory, Addr: c.word(d.bits / 8)}
	case op == opCallFrameCFA:
		l = Location{Kind: AtFrame}
	case op == opFbreg && base != nil:
		l = onFrame(*base, c.sleb())
	}
	if c.bad || len(c.p) != 0 {
		return Location{}
	}
	return l
}

// onFrame is a place by its distance from the frame base, which the register
// itself is where the base is one.
func onFrame(base Location, by int64) Location {
	switch base.Kind {
	case InRegister:
		return Location{Kind: AtRegister, Reg: base.Reg, Offset: by}
	case AtRegister, AtFrame:
		base.Offset += by
		return base
	case InMemory:
		base.Addr += uint64(by)
		return base
	}
	return Location{}
}

// listed gives the expression that a list has for pc, nil where it has none.
func (d *dwarfInfo) listed(u *unit, at, pc uint64) []byte {
	name := ".debug_loc"
	if u.version >= 5 {
		name = ".debug_loclists"
	}
	data := d.loc[name]
	if at >= uint64(len(data)) {
		return nil
	}
	c := &cursor{p: data[at:]}
	if u.version >= 5 {
		return d.listed5(u, c, pc)
	}
	word, base := d.bits/8, u.low
	most := uint64(1)<<(d.bits-1)<<1 - 1
	for !c.bad {
		low, high := c.word(word), c.word(word)
		switch {
		case low == 0 && high == 0:
			return nil
		case low == most:
			base = high
			continue
		}
		expr := c.bytes(c.word(2))
		if !c.bad && pc >= base+low && pc < base+high {
			return expr
		}
	}
	return nil
}

// listed5 does so for DWARF 5, 7.7.3.
func (d *dwarfInfo) listed5(u *unit, c *cursor, pc uint64) []byte {
	word, base := d.bits/8, u.low
	for !c.bad {
		var low, high uint64
		switch c.word(1) {
		case 1: // DW_LLE_base_addressx
			base = d.addrx(u, c.uleb())
			continue
		case 2: // DW_LLE_startx_endx
			low, high = d.addrx(u, c.uleb()), d.addrx(u, c.uleb())
		case 3: // DW_LLE_startx_length
			low = d.addrx(u, c.uleb())
			high = low + c.uleb()
		case 4: // DW_LLE_offset_pair
			low, high = base+c.uleb(), base+c.uleb()
		case 5: // DW_LLE_default_location
			low, high = 0, 1<<64-1
		case 6: // DW_LLE_base_address
			base = c.word(word)
			continue
		case 7: // DW_LLE_start_end
			low, high = c.word(word), c.word(word)
		case 8: // DW_LLE_start_length
			low = c.word(word)
			high = low + c.uleb()
		default: // DW_LLE_end_of_list
			return nil
		}
		expr := c.bytes(c.uleb())
		if !c.bad && pc >= low && pc < high {
			return expr
		}
	}
	return nil
}

// addrx is an entry of .debug_addr, 0 where there is none.
func (d *dwarfInfo) addrx(u *unit, i uint64) uint64 {
	base, ok := u.entry.Val(dwarf.AttrAddrBase).(int64)
	data, word := d.loc[".debug_addr"], uint64(d.bits/8)
	if !ok || base < 0 || i > uint64(len(data)) || uint64(base)+(i+1)*word > uint64(len(data)) {
		return 0
	}
	c := cursor{p: data[uint64(base)+i*word:]}
	return c.word(int(word))
}

// cursor reads numbers of DWARF; bad tells that the data ended early.
type cursor struct {
	p   []byte
	bad bool
}

func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.p)) {
		c.bad, c.p = true, nil
		return nil
	}
	b := c.p[:n]
	c.p = c.p[n:]
	return b
}

// word reads a little-endian number of 1 to 8 bytes.
func (c *cursor) word(size int) (v uint64) {
	for i, b := range c.bytes(uint64(size)) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

func (c *cursor) uleb() (v uint64) {
	for shift := uint(0); ; shift += 7 {
		b := c.word(1)
		v |= (b & 0x7f) << shift
		if b&0x80 == 0 || c.bad {
			return v
		}
	}
}

func (c *cursor) sleb() int64 {
	v, shift := uint64(0), uint(0)
	for {
		b := c.word(1)
		v |= (b & 0x7f) << shift
		shift += 7
		if b&0x80 != 0 && !c.bad {
			continue
		}
		if b&0x40 != 0 && shift < 64 {
			v |= ^uint64(0) << shift
		}
		return int64(v)
	}
}
