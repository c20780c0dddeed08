package symbols

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// VMCoreInfo is the note that a Linux kernel keeps for crash dumps: lines
// "KEY=value" with addresses of symbols, sizes and offsets of structures
// (kernel/crash_core.c, kernel/vmcore_info.c). It tells what kallsyms lacks in
// a kernel without CONFIG_KALLSYMS_ALL.
type VMCoreInfo map[string]string

// FindVMCoreInfo searches guest memory for the note, which starts a page since
// 4.13. An error where there is none (the kernel has not come that far, or was
// built without CONFIG_CRASH_DUMP and kexec).
func FindVMCoreInfo(mem Memory) (VMCoreInfo, error) {
	const page = 4096
	start := []byte("OSRELEASE=")
	head, note := make([]byte, len(start)), make([]byte, page)
	for at := uint64(0); at+page <= mem.Size(); at += page {
		if mem.ReadAt(head, at) != len(head) || !bytes.Equal(head, start) {
			continue
		}
		if mem.ReadAt(note, at) == page && bytes.Contains(note, []byte("\nPAGESIZE=4096\n")) {
			return parseVMCoreInfo(note), nil
		}
	}
	return nil, errors.New("symbols: no VMCOREINFO in memory: let the kernel boot further, or it is built without kexec")
}

func parseVMCoreInfo(p []byte) VMCoreInfo {
	if i := bytes.IndexByte(p, 0); i >= 0 {
		p = p[:i]
	}
	info := VMCoreInfo{}
	for line := range strings.Lines(string(p)) {
		if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			info[key] = value
		}
	}
	return info
}

// Hex is the number of a key that is written in hexadecimal ("SYMBOL(prb)",
// "KERNELOFFSET").
func (v VMCoreInfo) Hex(key string) (uint64, bool) {
	n, err := strconv.ParseUint(v[key], 16, 64)
	return n, err == nil
}

// Number is the number of a key that is written in decimal, as "SIZE(prb_desc)"
// and "OFFSET(task_struct.pid)" are.
func (v VMCoreInfo) Number(key string) (uint64, bool) {
	n, err := strconv.ParseUint(v[key], 10, 64)
	return n, err == nil
}

// Symbols gives the addresses that the note tells.
func (v VMCoreInfo) Symbols() []Symbol {
	var all []Symbol
	for key := range v {
		name, ok := strings.CutPrefix(key, "SYMBOL(")
		if !ok || !strings.HasSuffix(name, ")") {
			continue
		}
		if addr, ok := v.Hex(key); ok {
			all = append(all, Symbol{Name: strings.TrimSuffix(name, ")"), Addr: addr})
		}
	}
	sortByAddress(all)
	return all
}
