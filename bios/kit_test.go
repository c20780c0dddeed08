package bios

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/x86"
)

// memDisk is a disk in memory that can be told to fail.
type memDisk struct {
	data     []byte
	readOnly bool
	broken   bool
}

var errBroken = errors.New("host trouble")

func (d *memDisk) Size() int64    { return int64(len(d.data)) }
func (d *memDisk) ReadOnly() bool { return d.readOnly }
func (d *memDisk) Flush() error   { return nil }

func (d *memDisk) ReadAt(p []byte, off int64) error {
	if d.broken {
		return errBroken
	}
	if off < 0 || off+int64(len(p)) > d.Size() {
		panic("a read beyond the disk")
	}
	copy(p, d.data[off:])
	return nil
}

func (d *memDisk) WriteAt(p []byte, off int64) error {
	if d.broken {
		return errBroken
	}
	if off < 0 || off+int64(len(p)) > d.Size() {
		panic("a write beyond the disk")
	}
	copy(d.data[off:], p)
	return nil
}

// fakePorts stands for the chips: registers that keep what is written, CMOS,
// PCI configuration space, and queues for reads of some ports.
type fakePorts struct {
	last  [1 << 16]uint8
	queue map[uint16][]uint8
	cmos  [128]uint8
	pci   map[uint32]*[256]uint8
	sizes map[uint32]uint32 // base register (function | offset) to mask
	addr  uint32
	log   []portWrite
}

type portWrite struct {
	port uint16
	v    uint8
}

func newFakePorts() *fakePorts {
	return &fakePorts{queue: map[uint16][]uint8{}, pci: map[uint32]*[256]uint8{}, sizes: map[uint32]uint32{}}
}

func (p *fakePorts) In(port uint16, size int) uint64 {
	switch {
	case port == portPCIAddress && size == 4:
		return uint64(p.addr)
	case port >= portPCIData && port < portPCIData+4:
		return p.pciAccess(int(p.addr&0xfc)+int(port&3), size, nil)
	case port == portCMOSData:
		return uint64(p.cmos[p.last[portCMOS]&0x7f])
	}
	if q := p.queue[port]; len(q) > 0 {
		p.queue[port] = q[1:]
		return uint64(q[0])
	}
	return uint64(p.last[port])
}

func (p *fakePorts) Out(port uint16, size int, v uint64) {
	p.log = append(p.log, portWrite{port, uint8(v)})
	switch {
	case port == portPCIAddress && size == 4:
		p.addr = uint32(v)
		return
	case port >= portPCIData && port < portPCIData+4:
		p.pciAccess(int(p.addr&0xfc)+int(port&3), size, &v)
		return
	case port == portCMOSData:
		p.cmos[p.last[portCMOS]&0x7f] = uint8(v)
		return
	case port == portKbd || port == portKbdData:
		return // commands are not data
	}
	p.last[port] = uint8(v)
}

func (p *fakePorts) pciAccess(off, size int, w *uint64) uint64 {
	fn := p.addr &^ 0xff
	cfg := p.pci[fn]
	if cfg == nil {
		return 0xffffffff
	}
	if w != nil {
		v := uint32(*w)
		if mask, ok := p.sizes[fn|uint32(off)]; ok {
			v = v&mask | uint32(cfg[off])&1
		}
		for i := range size {
			cfg[off+i] = uint8(v >> (8 * i))
		}
		return 0
	}
	v := uint64(0)
	for i := range size {
		v |= uint64(cfg[off+i]) << (8 * i)
	}
	return v
}

// addPCI makes a function with an identifier and a class.
func (p *fakePorts) addPCI(slot, fn uint8, id, class uint32, multi bool) *[256]uint8 {
	c := &[256]uint8{}
	put32(c[0:], id)
	put32(c[8:], class<<8)
	if multi {
		c[0xe] = 0x80
	}
	p.pci[pciAddr(0, slot<<3|fn)] = c
	return c
}

// kit is a BIOS with a stack for frames.
type kit struct {
	t     testing.TB
	b     *BIOS
	mem   *bus.Memory
	ports *fakePorts
	regs  [8]uint32
	bases [6]uint32
}

func (k *kit) Reg(n int) uint32     { return k.regs[n] }
func (k *kit) SegBase(n int) uint32 { return k.bases[n] }

const kitStack = 0x7000

// newKit makes a machine of 16 MiB; change may alter its configuration.
func newKit(t testing.TB, change func(c *Config)) *kit {
	mem, err := bus.NewMemory(16 << 20)
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	k := &kit{t: t, mem: mem, ports: newFakePorts()}
	cfg := Config{Regs: k, Memory: mem, Ports: k.ports, LowRAM: mem.LowRAM(), HighRAM: mem.HighRAM()}
	if change != nil {
		change(&cfg)
	}
	k.b, err = New(cfg)
	require.NoError(t, err)
	require.NoError(t, mem.SetROM(k.b.ROM()))
	// There is no VGA: the video window is RAM.
	k.post()
	return k
}

func (k *kit) post() {
	k.call(vecPOST, frame{})
	k.ports.log = nil
}

// call runs a service until it is done, at most a hundred times.
func (k *kit) call(vector uint16, f frame) frame {
	k.t.Helper()
	f.scratch = 0
	for range 2000 {
		f = k.once(vector, f)
		if f.status != statusPoll {
			return f
		}
	}
	require.Fail(k.t, "a service that polls for ever")
	return f
}

// once runs a service once.
func (k *kit) once(vector uint16, f frame) frame {
	f.vector = vector
	var p [frameSize]byte
	f.encode(p[:])
	k.mem.Write(kitStack, p[:])
	k.regs[x86.SP] = kitStack
	k.b.Write(0, 2, ServiceMagic)
	k.mem.Read(kitStack, p[:])
	f.decode(p[:])
	return f
}

func (k *kit) bytes(at uint64, n int) []byte {
	p := make([]byte, n)
	k.mem.Read(at, p)
	return p
}

// line is a row of text on the screen.
func (k *kit) line(row int) string {
	var s []byte
	for c := range 80 {
		s = append(s, byte(k.mem.Load(0xb8000+uint64(160*row+2*c), 1)))
	}
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return string(s)
}

func (f frame) cf() bool { return f.flags&x86.CF != 0 }
func (f frame) zf() bool { return f.flags&x86.ZF != 0 }
