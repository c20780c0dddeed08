package symbols

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
)

// mostSection is how large a section of an ELF file is read: names and DWARF of a
// large kernel fit well.
const mostSection = 1 << 30

// mostSymbols bounds what one source holds.
const mostSymbols = 4 << 20

// ELF reads the symbols of an ELF file of x86, 32 or 64 bits: .symtab and
// .dynsym without undefined, section and file symbols. The file's DWARF is read
// when it is first asked for, so that r must stay readable for that long. A
// file for another processor or one that isn't linked (.o, .ko) is an error; a
// file with neither symbols nor DWARF is one, too.
func ELF(r io.ReaderAt) (src *Source, err error) {
	defer guard(&err, "ELF file")
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("symbols: not a sound ELF file (%w): give another file", err)
	}
	src = &Source{Kind: "elf", Bits: 32}
	switch f.Machine {
	case elf.EM_386:
	case elf.EM_X86_64:
		src.Bits = 64
	default:
		return nil, fmt.Errorf("symbols: ELF file for %v: give one for i386 or x86-64", f.Machine)
	}
	if f.Type == elf.ET_REL {
		return nil, errors.New("symbols: relocatable ELF file, whose addresses aren't settled: link it first")
	}
	for _, read := range []struct {
		kind elf.SectionType
		get  func() ([]elf.Symbol, error)
	}{{elf.SHT_SYMTAB, f.Symbols}, {elf.SHT_DYNSYM, f.DynamicSymbols}} {
		if !readable(f, f.SectionByType(read.kind)) {
			continue
		}
		all, err := read.get()
		if err != nil {
			continue // one bad table doesn't spoil the other
		}
		src.Symbols = appendELF(src.Symbols, all)
	}
	sortByAddress(src.Symbols)
	if f.Section(".debug_info") != nil {
		src.dwarf = newDWARF(f, src.Bits)
	}
	if len(src.Symbols) == 0 && src.dwarf == nil {
		return nil, errors.New("symbols: ELF file without symbols (stripped?): give the unstripped one")
	}
	return src, nil
}

// readable tells whether a symbol table and its names are of a size to be read.
func readable(f *elf.File, s *elf.Section) bool {
	if s == nil || s.Size > mostSection || int(s.Link) >= len(f.Sections) {
		return false
	}
	return f.Sections[s.Link].Size <= mostSection
}

func appendELF(to []Symbol, all []elf.Symbol) []Symbol {
	for _, s := range all {
		if len(to) >= mostSymbols {
			break
		}
		kind := elf.ST_TYPE(s.Info)
		if s.Name == "" || s.Section == elf.SHN_UNDEF || kind == elf.STT_SECTION ||
			kind == elf.STT_FILE || kind == elf.STT_TLS {
			continue
		}
		to = append(to, Symbol{
			Name: s.Name, Addr: s.Value, Size: s.Size,
			Func:  kind == elf.STT_FUNC || kind == elf.STT_GNU_IFUNC,
			Local: elf.ST_BIND(s.Info) == elf.STB_LOCAL,
		})
	}
	return to
}

// guard makes an error of a panic in a reader of the standard library, which bad
// input has caused before.
func guard(err *error, what string) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("symbols: broken %s (%v): give another file", what, p)
	}
}
