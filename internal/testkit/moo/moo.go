// Package moo reads the single-instruction test suites of the SingleStepTests
// project, which come in the MOO container format, and runs a processor against
// them. Each test is a state captured from silicon before and after one
// instruction and the HLT behind it.
//
// Format: github.com/dbalsom/moo, version 1. A file is a row of chunks, each a
// four-byte tag, a little-endian u32 length and that many bytes; chunks nest,
// and one with an unknown tag is skipped.
package moo

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// Registers, in the order in which a REGS chunk lists them.
const (
	AX = iota
	BX
	CX
	DX
	CS
	SS
	DS
	ES
	SP
	BP
	SI
	DI
	IP
	Flags
	// NumRegs is the number of registers of a State.
	NumRegs
)

// RegNames has the manual's name of each register.
var RegNames = [NumRegs]string{"AX", "BX", "CX", "DX", "CS", "SS", "DS", "ES", "SP", "BP", "SI", "DI", "IP", "FLAGS"}

// Byte is one byte of physical memory.
type Byte struct {
	Addr  uint32
	Value uint8
}

// State is what the tests tell of a machine: registers, and bytes of memory.
type State struct {
	Regs [NumRegs]uint16
	RAM  []Byte
}

// Exception is a fault or trap that a test's instruction raised.
type Exception struct {
	Vector uint8
	// FlagsAddr is the physical address of the FLAGS word that its delivery pushed.
	FlagsAddr uint32
}

// Test is one test of a file.
type Test struct {
	Index uint32
	// Bytes is the instruction with its prefixes, and the HLT behind it.
	Bytes []byte
	Init  State
	// Final has every register; its RAM lists only the bytes that changed.
	Final State
	// Exception is nil where the instruction raised none.
	Exception *Exception
}

// maxFile bounds what a file may expand to, so that a damaged or hostile one
// can't eat the memory. The largest of the suites is below 1 MiB.
const maxFile = 64 << 20

// Open reads the tests of a .MOO or .MOO.gz file, in the file's order. The
// sequence ends at the first error, which is yielded with a zero Test.
func Open(path string) iter.Seq2[Test, error] {
	return func(yield func(Test, error) bool) {
		data, err := load(path)
		if err != nil {
			yield(Test{}, fmt.Errorf("moo: %w", err))
			return
		}
		for test, err := range Parse(data) {
			if err != nil {
				yield(Test{}, fmt.Errorf("moo: %s: %w", path, err))
				return
			}
			if !yield(test, nil) {
				return
			}
		}
	}
}

func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		r = z
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: more than %d MiB", path, maxFile>>20)
	}
	return data, nil
}

// Parse reads the tests of an uncompressed file. The sequence ends at the first
// error, which is yielded with a zero Test.
func Parse(data []byte) iter.Seq2[Test, error] {
	return func(yield func(Test, error) bool) {
		first := true
		for c, err := range chunks(data) {
			if err == nil && first && c.tag != "MOO " {
				err = errors.New("not a MOO file: it does not begin with a MOO chunk")
			}
			first = false
			if err != nil {
				yield(Test{}, err)
				return
			}
			if c.tag != "TEST" {
				continue
			}
			test, err := parseTest(c.data)
			if err != nil {
				yield(Test{}, fmt.Errorf("TEST chunk at offset %#x: %w", c.offset, err))
				return
			}
			if !yield(test, nil) {
				return
			}
		}
		if first {
			yield(Test{}, errors.New("not a MOO file: it is empty"))
		}
	}
}

type chunk struct {
	tag    string
	offset int
	data   []byte
}

// headerSize is a chunk's tag and length.
const headerSize = 8

func chunks(data []byte) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		for at := 0; at < len(data); {
			if len(data)-at < headerSize {
				yield(chunk{}, fmt.Errorf("the chunk header at offset %#x is cut off", at))
				return
			}
			c := chunk{tag: string(data[at : at+4]), offset: at}
			size := uint64(binary.LittleEndian.Uint32(data[at+4:]))
			rest := data[at+headerSize:]
			if size > uint64(len(rest)) {
				yield(chunk{}, fmt.Errorf("the %q chunk at offset %#x says %d bytes, %d are left", c.tag, at, size, len(rest)))
				return
			}
			c.data = rest[:size]
			if !yield(c, nil) {
				return
			}
			at += headerSize + int(size)
		}
	}
}

func parseTest(data []byte) (Test, error) {
	if len(data) < 4 {
		return Test{}, errors.New("no index")
	}
	test := Test{Index: binary.LittleEndian.Uint32(data)}
	var init, final bool
	for c, err := range chunks(data[4:]) {
		if err != nil {
			return Test{}, err
		}
		switch c.tag {
		case "BYTS":
			test.Bytes, err = parseBytes(c.data)
		case "INIT":
			init = true
			var mask uint16
			mask, err = parseState(c.data, &test.Init)
			if err == nil && mask != 1<<NumRegs-1 {
				err = fmt.Errorf("the first state lacks registers: mask %#x", mask)
			}
		case "FINA":
			if !init {
				return Test{}, errors.New("FINA stands before INIT")
			}
			final = true
			test.Final.Regs = test.Init.Regs
			_, err = parseState(c.data, &test.Final)
		case "EXCP":
			test.Exception, err = parseException(c.data)
		}
		if err != nil {
			return Test{}, fmt.Errorf("%s: %w", c.tag, err)
		}
	}
	if !init || !final || test.Bytes == nil {
		return Test{}, fmt.Errorf("test %d lacks one of BYTS, INIT and FINA", test.Index)
	}
	return test, nil
}

func parseBytes(data []byte) ([]byte, error) {
	if len(data) < 4 {
		return nil, errors.New("no count")
	}
	count := uint64(binary.LittleEndian.Uint32(data))
	if count != uint64(len(data)-4) {
		return nil, fmt.Errorf("count %d, %d bytes", count, len(data)-4)
	}
	return bytes.Clone(data[4:]), nil
}

func parseException(data []byte) (*Exception, error) {
	if len(data) != 5 {
		return nil, fmt.Errorf("%d bytes instead of 5", len(data))
	}
	return &Exception{Vector: data[0], FlagsAddr: binary.LittleEndian.Uint32(data[1:])}, nil
}

// parseState overlays s with a state chunk and returns which registers it had.
func parseState(data []byte, s *State) (mask uint16, err error) {
	for c, err := range chunks(data) {
		if err != nil {
			return 0, err
		}
		switch c.tag {
		case "REGS":
			mask, err = parseRegs(c.data, &s.Regs)
		case "RAM ":
			s.RAM, err = parseRAM(c.data)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", c.tag, err)
		}
	}
	return mask, nil
}

func parseRegs(data []byte, regs *[NumRegs]uint16) (mask uint16, err error) {
	if len(data) < 2 {
		return 0, errors.New("no mask")
	}
	mask = binary.LittleEndian.Uint16(data)
	if mask>>NumRegs != 0 {
		return 0, fmt.Errorf("mask %#x names a register that is not there", mask)
	}
	values := data[2:]
	for i := range regs {
		if mask>>i&1 == 0 {
			continue
		}
		if len(values) < 2 {
			return 0, fmt.Errorf("no value for %s", RegNames[i])
		}
		regs[i] = binary.LittleEndian.Uint16(values)
		values = values[2:]
	}
	if len(values) != 0 {
		return 0, fmt.Errorf("%d bytes too many", len(values))
	}
	return mask, nil
}

// ramEntry is the size of one (address, value) pair.
const ramEntry = 5

func parseRAM(data []byte) ([]Byte, error) {
	if len(data) < 4 {
		return nil, errors.New("no count")
	}
	count := uint64(binary.LittleEndian.Uint32(data))
	data = data[4:]
	if count*ramEntry != uint64(len(data)) {
		return nil, fmt.Errorf("count %d, %d bytes", count, len(data))
	}
	ram := make([]Byte, count)
	for i := range ram {
		entry := data[i*ramEntry:]
		ram[i] = Byte{Addr: binary.LittleEndian.Uint32(entry), Value: entry[4]}
	}
	return ram, nil
}

// Form is the opcode form that a file of the suite covers, from its name:
// "F6.4" for F6.4.MOO.gz, which is F6 /4.
func Form(path string) string {
	form, _, _ := strings.Cut(filepath.Base(path), ".MOO")
	return form
}
