package gdb

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// register is one of the client's description; its number is its place there.
type register struct {
	name    string
	bits    int
	kind    string // gdb's type
	group   string // "" is by type
	feature string
}

// registerFile is the registers that one connection has from its start to its
// end, whatever mode the machine comes to be in: gdb reads the description once.
// 16-bit mode has those of 32 bits.
type registerFile struct {
	bits       int
	all        []register
	general    int // how many, from the first, are in the packets g and G
	pc, sp, fp int // numbers
	xml        string
}

// The features ("i386 Features"), and our own with what only the system sees.
const (
	coreFeature     = "org.gnu.gdb.i386.core"
	sseFeature      = "org.gnu.gdb.i386.sse"
	segmentsFeature = "org.gnu.gdb.i386.segments"
	systemFeature   = "org.ringzero.system"
)

// registers is the connection's file; the first who asks fixes it.
func (s *session) registers(m Machine) *registerFile {
	if s.file == nil {
		bits := s.server.wantedBits()
		if bits == 0 {
			bits = m.Bits()
		}
		s.file = newRegisterFile(m, bits)
		s.told = map[int]bool{bits: true}
		s.news = fmt.Sprintf("gdb: %v gets the registers of %d-bit mode (%s)", s.conn.RemoteAddr(), bits, architecture(bits))
	}
	return s.file
}

func newRegisterFile(m Machine, bits int) *registerFile {
	f := &registerFile{bits: bits}
	f.core()
	if _, has := m.Register("xmm0"); has {
		f.sse()
	}
	f.general = len(f.all)
	for _, r := range systemRegisters(bits) {
		if _, has := m.Register(r.name); has {
			f.all = append(f.all, r)
		}
	}
	f.xml = f.describe()
	return f
}

// core adds the registers in the order that gdb has them without a description.
func (f *registerFile) core() {
	names := "eax ecx edx ebx esp ebp esi edi"
	pc, width := "eip", 32
	f.sp, f.fp = 4, 5
	if f.bits == 64 {
		names = "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15"
		pc, width = "rip", 64
		f.sp, f.fp = 7, 6
	}
	add := func(name string, bits int, kind, group string) {
		f.all = append(f.all, register{name, bits, kind, group, coreFeature})
	}
	for i, name := range strings.Fields(names) {
		kind := map[int]string{32: "int32", 64: "int64"}[width]
		if i == f.sp || i == f.fp {
			kind = "data_ptr"
		}
		add(name, width, kind, "")
	}
	f.pc = len(f.all)
	add(pc, width, "code_ptr", "")
	add("eflags", 32, "i386_eflags", "")
	for _, name := range strings.Fields("cs ss ds es fs gs") {
		add(name, 32, "int32", "")
	}
	for _, name := range strings.Fields("st0 st1 st2 st3 st4 st5 st6 st7") {
		add(name, 80, "i387_ext", "")
	}
	for _, name := range strings.Fields("fctrl fstat ftag fiseg fioff foseg fooff fop") {
		add(name, 32, "int", "float")
	}
}

func (f *registerFile) sse() {
	names := "xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7"
	if f.bits == 64 {
		names += " xmm8 xmm9 xmm10 xmm11 xmm12 xmm13 xmm14 xmm15"
	}
	for _, name := range strings.Fields(names) {
		f.all = append(f.all, register{name, 128, "vec128", "", sseFeature})
	}
	f.all = append(f.all, register{"mxcsr", 32, "i386_mxcsr", "vector", sseFeature})
}

// systemRegisters are those beside gdb's own: they are read one by one, as gdb
// wants them, so that a stop costs no more for them.
func systemRegisters(bits int) []register {
	var out []register
	width, kind := 32, "uint32"
	if bits == 64 {
		width, kind = 64, "uint64"
		for _, name := range strings.Fields("fs_base gs_base") {
			out = append(out, register{name, 64, "int64", "", segmentsFeature})
		}
	}
	add := func(bits int, kind, names string) {
		for _, name := range strings.Fields(names) {
			out = append(out, register{name, bits, kind, "system", systemFeature})
		}
	}
	add(width, kind, "cs_base ss_base ds_base es_base")
	if bits == 64 {
		add(width, kind, "k_gs_base")
	} else {
		add(width, kind, "fs_base gs_base")
	}
	add(width, kind, "gdtr_base")
	add(16, "uint16", "gdtr_limit")
	add(width, kind, "idtr_base")
	add(16, "uint16", "idtr_limit ldtr tr")
	add(32, "x86_cr0", "cr0")
	add(width, kind, "cr2 cr3")
	add(32, "x86_cr4", "cr4")
	if bits == 64 {
		add(64, kind, "cr8")
	}
	add(64, "x86_efer", "efer")
	add(width, kind, "dr0 dr1 dr2 dr3 dr6 dr7")
	return out
}

// value is a register's in the file's size; ok is false for what can't be had.
func (s *session) value(m Machine, r register) ([]byte, bool) {
	v, has := m.Register(r.name)
	if !has {
		return nil, false
	}
	out := make([]byte, r.bits/8)
	copy(out, v)
	if s.linearPC && s.file.all[s.file.pc].name == r.name {
		addBase(m, out, false)
	}
	return out, true
}

// set is value's counterpart.
func (s *session) set(m Machine, r register, v []byte) error {
	if s.linearPC && s.file.all[s.file.pc].name == r.name {
		addBase(m, v, true)
	}
	return m.SetRegister(r.name, v)
}

// addBase makes a linear address of an offset in the code segment, or the
// reverse.
func addBase(m Machine, v []byte, reverse bool) {
	base, _ := m.Register("cs_base")
	sum := little(v) + little(base)
	if reverse {
		sum = little(v) - little(base)
	}
	for i := range v {
		v[i] = byte(sum >> (8 * i))
	}
}

func little(p []byte) uint64 {
	v := uint64(0)
	for i, b := range p[:min(len(p), 8)] {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// hexValue is a value as the packets have it, with an x for each digit of what
// can't be had.
func (s *session) hexValue(m Machine, r register) string {
	v, has := s.value(m, r)
	if !has {
		return strings.Repeat("x", r.bits/4)
	}
	return hex.EncodeToString(v)
}

func (s *session) readRegisters(string) reply {
	return s.do(func(m Machine) reply {
		var out strings.Builder
		f := s.registers(m)
		for _, r := range f.all[:f.general] {
			out.WriteString(s.hexValue(m, r))
		}
		return reply(out.String())
	})
}

// writeRegisters is G. It leaves alone what stays the same: a segment register
// is more than its selector.
func (s *session) writeRegisters(args string) reply {
	return s.do(func(m Machine) reply {
		f := s.registers(m)
		for _, r := range f.all[:f.general] {
			digits := r.bits / 4
			if len(args) < digits {
				return badArgs
			}
			one := args[:digits]
			args = args[digits:]
			if one[0] == 'x' || strings.EqualFold(one, s.hexValue(m, r)) {
				continue
			}
			if res := s.setHex(m, r, one); res != ok {
				return res
			}
		}
		return ok
	})
}

func (s *session) setHex(m Machine, r register, digits string) reply {
	v, err := hex.DecodeString(digits)
	if err != nil || len(v) != r.bits/8 {
		return badArgs
	}
	if err := s.set(m, r, v); err != nil {
		return s.fail(err.Error())
	}
	return ok
}

// readRegister is p NUMBER.
func (s *session) readRegister(args string) reply {
	n, err := parseHex(args)
	if err != nil {
		return badArgs
	}
	return s.do(func(m Machine) reply {
		f := s.registers(m)
		if n >= uint64(len(f.all)) {
			return badArgs
		}
		return reply(s.hexValue(m, f.all[n]))
	})
}

// writeRegister is P NUMBER=DIGITS.
func (s *session) writeRegister(args string) reply {
	number, digits, _ := strings.Cut(args, "=")
	n, err := parseHex(number)
	if err != nil {
		return badArgs
	}
	return s.do(func(m Machine) reply {
		f := s.registers(m)
		if n >= uint64(len(f.all)) {
			return badArgs
		}
		return s.setHex(m, f.all[n], digits)
	})
}

// setPC is for the packets that continue at an address.
func (s *session) setPC(m Machine, pc uint64) reply {
	f := s.registers(m)
	r := f.all[f.pc]
	v := make([]byte, r.bits/8)
	for i := range v {
		v[i] = byte(pc >> (8 * i))
	}
	if err := s.set(m, r, v); err != nil {
		return s.fail(err.Error())
	}
	return ok
}
