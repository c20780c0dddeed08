package symbols

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// WriteELF writes an ELF file (executable, of i386 for 32 bits and of x86-64 for
// 64) that holds names only: an empty section .text over all code, and the
// symbol table. gdb loads it with symbol-file. Symbols outside of the code are
// absolute. No symbols, or an address that needs more than 32 bits in a file of
// 32, are errors.
func WriteELF(w io.Writer, bits int, all []Symbol) error {
	if bits != 32 && bits != 64 {
		return fmt.Errorf("symbols: ELF file of %d bits: say 32 or 64", bits)
	}
	if len(all) == 0 {
		return errors.New("symbols: no symbols to write: find some first")
	}
	if len(all) > mostSymbols {
		return fmt.Errorf("symbols: %d symbols are more than an ELF file gets here: write %d at most", len(all), mostSymbols)
	}
	for _, s := range all {
		if bits == 32 && (s.Addr|s.Size)>>32 != 0 {
			return fmt.Errorf("symbols: %s at %#x is beyond 32 bits: write a file of 64", s.Name, s.Addr)
		}
	}
	e := &elfWriter{bits: bits}
	e.low, e.high = codeSpan(all)
	_, err := w.Write(e.file(all))
	if err != nil {
		return fmt.Errorf("symbols: ELF file can't be written: %w", err)
	}
	return nil
}

// codeSpan is where code is. The last function of unknown size gets a page.
func codeSpan(all []Symbol) (low, high uint64) {
	low = 1<<64 - 1
	for _, s := range all {
		if !s.Func || s.Addr == 0 {
			continue
		}
		low = min(low, s.Addr)
		end := s.Addr + max(s.Size, 1)
		if end < s.Addr {
			end = 1<<64 - 1
		}
		high = max(high, end)
	}
	if high == 0 {
		return 0, 0
	}
	if end := (high + 0xfff) &^ 0xfff; end > high {
		high = end
	}
	return low, high
}

// elfWriter lays out the file: header, sections' contents, section headers.
type elfWriter struct {
	bits      int
	low, high uint64
	strings   bytes.Buffer
	out       bytes.Buffer
}

// The sections of the file, by index.
const (
	secNull = iota
	secText
	secSymtab
	secStrtab
	secNames
	sections
)

func (e *elfWriter) file(all []Symbol) []byte {
	table, local := e.symtab(all)
	names := []byte("\x00.text\x00.symtab\x00.strtab\x00.shstrtab\x00")
	name := func(s string) uint32 { return uint32(bytes.Index(names, []byte(s+"\x00"))) }
	header, align, entry := uint64(64), uint64(8), uint64(elf.Sym64Size)
	if e.bits == 32 {
		header, align, entry = 52, 4, elf.Sym32Size
	}
	atStrings := header + uint64(len(table))
	atNames := atStrings + uint64(e.strings.Len())
	atHeaders := (atNames + uint64(len(names)) + align - 1) &^ (align - 1)
	e.header(atHeaders)
	e.out.Write(table)
	e.out.Write(e.strings.Bytes())
	e.out.Write(names)
	e.out.Write(make([]byte, atHeaders-uint64(e.out.Len())))
	e.section(elf.Section64{})
	e.section(elf.Section64{Name: name(".text"), Type: uint32(elf.SHT_NOBITS),
		Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR), Addr: e.low, Off: header, Size: e.high - e.low, Addralign: 1})
	e.section(elf.Section64{Name: name(".symtab"), Type: uint32(elf.SHT_SYMTAB), Off: header,
		Size: uint64(len(table)), Link: secStrtab, Info: uint32(local), Addralign: align, Entsize: entry})
	e.section(elf.Section64{Name: name(".strtab"), Type: uint32(elf.SHT_STRTAB), Off: atStrings,
		Size: uint64(e.strings.Len()), Addralign: 1})
	e.section(elf.Section64{Name: name(".shstrtab"), Type: uint32(elf.SHT_STRTAB), Off: atNames,
		Size: uint64(len(names)), Addralign: 1})
	return e.out.Bytes()
}

// put writes a structure, little-endian; a buffer takes all.
func put(b *bytes.Buffer, v any) { _ = binary.Write(b, binary.LittleEndian, v) }

func (e *elfWriter) header(sectionsAt uint64) {
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}
	if e.bits == 32 {
		ident[elf.EI_CLASS] = byte(elf.ELFCLASS32)
		put(&e.out, elf.Header32{Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_386),
			Version: uint32(elf.EV_CURRENT), Shoff: uint32(sectionsAt), Ehsize: 52, Shentsize: 40,
			Shnum: sections, Shstrndx: secNames})
		return
	}
	put(&e.out, elf.Header64{Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64),
		Version: uint32(elf.EV_CURRENT), Shoff: sectionsAt, Ehsize: 64, Shentsize: 64,
		Shnum: sections, Shstrndx: secNames})
}

func (e *elfWriter) section(s elf.Section64) {
	if e.bits == 64 {
		put(&e.out, s)
		return
	}
	put(&e.out, elf.Section32{Name: s.Name, Type: s.Type, Flags: uint32(s.Flags), Addr: uint32(s.Addr),
		Off: uint32(s.Off), Size: uint32(s.Size), Link: s.Link, Info: s.Info,
		Addralign: uint32(s.Addralign), Entsize: uint32(s.Entsize)})
}

// symtab makes the symbol table, local names first as ELF wants it, and tells how
// many of them there are with the empty entry.
func (e *elfWriter) symtab(all []Symbol) (table []byte, local int) {
	var b bytes.Buffer
	e.strings.WriteByte(0)
	e.symbol(&b, Symbol{}, 0)
	local = 1
	for _, wantLocal := range []bool{true, false} {
		for _, s := range all {
			if s.Local != wantLocal {
				continue
			}
			if wantLocal {
				local++
			}
			at := e.strings.Len()
			e.strings.WriteString(s.Name)
			e.strings.WriteByte(0)
			e.symbol(&b, s, uint32(at))
		}
	}
	return b.Bytes(), local
}

func (e *elfWriter) symbol(b *bytes.Buffer, s Symbol, name uint32) {
	bind, kind, section := elf.STB_GLOBAL, elf.STT_NOTYPE, uint16(elf.SHN_ABS)
	if s.Local || name == 0 {
		bind = elf.STB_LOCAL
	}
	if s.Func {
		kind = elf.STT_FUNC
	}
	if name == 0 {
		section = uint16(elf.SHN_UNDEF)
	} else if s.Addr >= e.low && s.Addr < e.high {
		section = secText
	}
	if e.bits == 32 {
		put(b, elf.Sym32{Name: name, Value: uint32(s.Addr), Size: uint32(s.Size), Info: elf.ST_INFO(bind, kind), Shndx: section})
		return
	}
	put(b, elf.Sym64{Name: name, Value: s.Addr, Size: s.Size, Info: elf.ST_INFO(bind, kind), Shndx: section})
}
