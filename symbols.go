package ringzero

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"
	"sort"
	"strings"

	"ringzero/x86"
)

// symbol is a name in the kernel's ELF file.
type symbol struct {
	at, size uint64
	name     string
}

// symbols reads the names of the kernel, once; none where it has no ELF symbol
// table. A file that lies about itself gives none, too.
func (m *Machine) symbols() []symbol {
	if m.names != nil || m.conf.Kernel == nil {
		return m.names
	}
	m.names = []symbol{}
	f, err := elf.NewFile(bytes.NewReader(m.conf.Kernel.Image))
	if err != nil {
		return m.names
	}
	all, err := f.Symbols()
	if err != nil {
		return m.names
	}
	for _, s := range all {
		if t := elf.ST_TYPE(s.Info); s.Name != "" && s.Section != elf.SHN_UNDEF && s.Section != elf.SHN_ABS &&
			(t == elf.STT_FUNC || t == elf.STT_NOTYPE) {
			m.names = append(m.names, symbol{s.Value, s.Size, s.Name})
		}
	}
	slices.SortStableFunc(m.names, func(a, b symbol) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	return m.names
}

// farthest is how far behind a name of unknown size it still says something.
const farthest = 64 << 10

// symbol names the place at an address, as " <main+0x12>", "" where no name
// covers it.
func (m *Machine) symbol(at uint64) string {
	all := m.symbols()
	i := sort.Search(len(all), func(i int) bool { return all[i].at > at }) - 1
	if i < 0 || m.cpu.CR0&x86.CR0_PE == 0 {
		return ""
	}
	s, off := &all[i], at-all[i].at
	if s.size != 0 && off >= s.size || off >= farthest {
		return ""
	}
	if off == 0 {
		return fmt.Sprintf(" <%s>", s.name)
	}
	return fmt.Sprintf(" <%s+%#x>", s.name, off)
}

// mostFrames bounds a backtrace.
const mostFrames = 16

// reportFrames follows the frame pointers of 32-bit code: each frame holds the
// caller's, and above it the address to return to. It ends where that makes no
// sense.
func (m *Machine) reportFrames(b *strings.Builder) {
	c := m.cpu
	if m.codeSize() != 32 || c.CR0&x86.CR0_PE == 0 {
		return
	}
	bp := c.R[x86.BP] & 0xffffffff
	var lines []string
	for range mostFrames {
		frame := m.linear(c.Seg[x86.SS].Base+bp, 8)
		if len(frame) < 8 || bp&3 != 0 {
			break
		}
		word := func(i int) uint64 {
			return uint64(frame[i]) | uint64(frame[i+1])<<8 | uint64(frame[i+2])<<16 | uint64(frame[i+3])<<24
		}
		next, back := word(0), word(4)
		if len(m.linear(c.Seg[x86.CS].Base+back, 1)) == 0 || back == 0 {
			break
		}
		lines = append(lines, fmt.Sprintf("  %08x%s", back, m.symbol(back)))
		if next <= bp {
			break
		}
		bp = next
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "called from, by frame pointers:\n%s\n", strings.Join(lines, "\n"))
	}
}
