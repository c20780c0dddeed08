package symbols

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// mostLine is how long a line of a listing may be: names of C++ are long.
const mostLine = 64 << 10

// NM reads a listing of nm (with and without -S) or a kernel's System.map or
// /proc/kallsyms: "c0100000 T _stext", "c0100000 00000010 T _stext". Undefined
// names, absolute ones (constants, not places), debugging entries and weak ones
// without an address are left out. An error where a line is something else, and
// where all addresses are zero (kptr_restrict hides them) or none is left.
func NM(r io.Reader) (*Source, error) {
	src := &Source{Kind: "nm"}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, mostLine)
	hidden := true
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if n == 1 && strings.Contains(line, "The real System.map is in") {
			return nil, errors.New("symbols: only a stub of a System.map: install the package that it names " +
				"(linux-image-...-dbg), or read the names from the running kernel's memory")
		}
		if line == "" || strings.HasSuffix(line, ":") { // "file.o:" of nm with several files
			continue
		}
		s, keep, err := nmLine(line)
		if err != nil {
			return nil, fmt.Errorf("symbols: line %d is not one of nm or System.map (%w)", n, err)
		}
		if !keep {
			continue
		}
		if len(src.Symbols) == mostSymbols {
			return nil, fmt.Errorf("symbols: more than %d names: give a smaller listing", mostSymbols)
		}
		hidden = hidden && s.Addr == 0
		src.Symbols = append(src.Symbols, s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("symbols: listing can't be read: %w", err)
	}
	if len(src.Symbols) == 0 {
		return nil, errors.New("symbols: no names in the listing: give the output of nm, or a System.map")
	}
	if hidden {
		return nil, errors.New("symbols: all addresses are 0: read /proc/kallsyms as root with kernel.kptr_restrict=0")
	}
	sortByAddress(src.Symbols)
	return src, nil
}

// nmLine reads one line; keep is false for a name that has no place.
func nmLine(line string) (s Symbol, keep bool, err error) {
	f := strings.Fields(line)
	if len(f) >= 2 && len(f[0]) == 1 { // "         U puts"
		if strings.ContainsAny(f[0], "UwvN") {
			return s, false, nil
		}
		return s, false, fmt.Errorf("no address before %q", f[0])
	}
	if len(f) < 3 {
		return s, false, fmt.Errorf("%d fields instead of 3", len(f))
	}
	if s.Addr, err = strconv.ParseUint(f[0], 16, 64); err != nil {
		return s, false, fmt.Errorf("bad address %.20q", f[0])
	}
	f = f[1:]
	if len(f[0]) > 1 {
		if s.Size, err = strconv.ParseUint(f[0], 16, 64); err != nil {
			return s, false, fmt.Errorf("bad size %.20q", f[0])
		}
		f = f[1:]
	}
	if len(f) < 2 || len(f[0]) != 1 {
		return s, false, errors.New("no type letter")
	}
	kind := f[0][0]
	if n := len(f); n > 2 && f[n-1][0] == '[' { // the module, in /proc/kallsyms
		f = f[:n-1]
	}
	s.Name = strings.Join(f[1:], " ")
	s.Func, s.Local = ofLetter(kind)
	return s, isLetter(kind) && !strings.ContainsRune("AaUNn-?", rune(kind)), nil
}

// letters are the types that nm prints, see nm(1).
const letters = "ABCDGINPRSTUVWabcdginprstuvw-?"

func isLetter(kind byte) bool { return strings.IndexByte(letters, kind) >= 0 }

// ofLetter says of nm's type letter whether code is there and whether the name is
// local. 'u' (unique), 'v', 'w' (weak) and 'i' (chosen at start) are small but
// global.
func ofLetter(kind byte) (isFunc, local bool) {
	isFunc = strings.IndexByte("TtWwi", kind) >= 0
	local = kind >= 'a' && kind <= 'z' && strings.IndexByte("uvwi", kind) < 0
	return isFunc, local
}
