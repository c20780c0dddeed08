package gdb

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

func (s *session) space() Space {
	if s.physical {
		return Physical
	}
	return Linear
}

// peek gives the bytes from addr that can be read, length at most.
func (s *session) peek(addr, length uint64) ([]byte, error) {
	length = min(length, maxPacket/2-1)
	if addr != 0 {
		length = min(length, -addr) // up to the end of the space
	}
	p := make([]byte, length)
	err := s.target.Do(func(m Machine) { p = p[:m.Read(s.space(), addr, p)] })
	return p, err
}

// readMemory is m ADDR,LENGTH.
func (s *session) readMemory(args string) reply {
	addr, length, err := parsePair(args)
	if err != nil || length == 0 {
		return badArgs
	}
	p, err := s.peek(addr, length)
	if err != nil {
		return s.fail(err.Error())
	}
	if len(p) == 0 {
		return badAddress
	}
	return reply(hex.EncodeToString(p))
}

// uploadMemory is x ADDR,LENGTH in gdb's form, for those that asked for it: lldb
// has another.
func (s *session) uploadMemory(args string) reply {
	if !s.binaryUpload {
		return ""
	}
	addr, length, err := parsePair(args)
	if err != nil {
		return badArgs
	}
	p, err := s.peek(addr, length)
	if err != nil {
		return s.fail(err.Error())
	}
	if len(p) == 0 && length != 0 {
		return badAddress
	}
	return reply("b" + escape(string(p)))
}

// writeHexMemory is M ADDR,LENGTH:DIGITS.
func (s *session) writeHexMemory(args string) reply {
	where, digits, _ := strings.Cut(args, ":")
	p, err := hex.DecodeString(digits)
	if err != nil {
		return badArgs
	}
	return s.poke(where, p)
}

// writeMemory is X ADDR,LENGTH:BYTES.
func (s *session) writeMemory(args string) reply {
	where, data, _ := strings.Cut(args, ":")
	return s.poke(where, []byte(data))
}

func (s *session) poke(where string, p []byte) reply {
	addr, length, err := parsePair(where)
	if err != nil || length != uint64(len(p)) || addr != 0 && length > -addr {
		return badArgs
	}
	if length == 0 {
		return ok
	}
	return s.do(func(m Machine) reply {
		if m.Write(s.space(), addr, p) < len(p) {
			return badAddress
		}
		return ok
	})
}

// getPhysical and setPhysical are QEMU's way to have m, M, x and X take physical
// addresses (QEMU manual, "GDB usage").
func (s *session) getPhysical(string) reply {
	if s.physical {
		return "1"
	}
	return "0"
}

func (s *session) setPhysical(args string) reply {
	n, err := parseHex(args)
	if err != nil {
		return badArgs
	}
	s.physical = n != 0
	return ok
}

// memoryMap is the machine's ("Memory Map Format"). gdb takes its addresses for
// linear ones, and refuses what is in no region: so all that is no ROM is called
// RAM, and so is everything while there is paging.
func memoryMap(m Machine) string {
	var out strings.Builder
	out.WriteString(`<?xml version="1.0"?><!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" ` +
		`"http://sourceware.org/gdb/gdb-memory-map.dtd"><memory-map>`)
	next := uint64(0)
	for _, r := range roms(m) {
		end := r.Base + r.Size
		if r.Base < next || end <= r.Base {
			continue
		}
		writeRegion(&out, "ram", next, r.Base)
		writeRegion(&out, "rom", r.Base, end)
		next = end
	}
	const half = 1 << 63 // a length of 2^64 can't be written
	if next < half {
		writeRegion(&out, "ram", next, half)
		next = half
	}
	writeRegion(&out, "ram", next, 0)
	out.WriteString("</memory-map>")
	return out.String()
}

// writeRegion writes what is from base up to end, of which 0 is the end of the
// space.
func writeRegion(out *strings.Builder, kind string, base, end uint64) {
	if base != end {
		fmt.Fprintf(out, `<memory type="%s" start="%#x" length="%#x"/>`, kind, base, end-base)
	}
}

// roms gives the ROMs by address, of a machine without paging.
func roms(m Machine) []Region {
	const pg = 0x80 // CR0.PG is bit 31
	if cr0, _ := m.Register("cr0"); len(cr0) > 3 && cr0[3]&pg != 0 {
		return nil
	}
	var out []Region
	for _, r := range m.MemoryMap() {
		if r.ROM {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Region) int { return cmp.Compare(a.Base, b.Base) })
	return out
}

// regionInfo is lldb's qMemoryRegionInfo:ADDR. lldb looks for a place that
// nothing is at, and never ends where there is none: it is told of the addresses
// that the mode can't have.
func (s *session) regionInfo(args string) reply {
	addr, err := parseHex(args)
	if err != nil {
		return badArgs
	}
	return s.do(func(m Machine) reply {
		low, high := uint64(1)<<32, ^uint64(0)
		if s.registers(m).bits == 64 { // what is between isn't canonical
			low, high = 1<<47, 0xffff_8000_0000_0000
		}
		switch {
		case addr < low:
			return reply(fmt.Sprintf("start:0;size:%x;permissions:rwx;", low))
		case addr < high:
			return reply(fmt.Sprintf("start:%x;size:%x;", low, high-low))
		}
		return reply(fmt.Sprintf("start:%x;size:%x;permissions:rwx;", high, -high))
	})
}
