package ide

import (
	"errors"
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

// memDisk is a disk in memory with host trouble on demand.
type memDisk struct {
	data     []byte
	readOnly bool
	bad      map[int64]bool // sectors that fail
	flushes  int
	flushErr error
}

// newDisk makes a disk in which each byte tells its sector and place.
func newDisk(sectors int) *memDisk {
	d := &memDisk{data: make([]byte, sectors*bus.SectorSize), bad: map[int64]bool{}}
	for i := range d.data {
		d.data[i] = byte(i>>9)*7 + byte(i)
	}
	return d
}

func (d *memDisk) Size() int64    { return int64(len(d.data)) }
func (d *memDisk) ReadOnly() bool { return d.readOnly }
func (d *memDisk) Flush() error   { d.flushes++; return d.flushErr }

func (d *memDisk) check(p []byte, offset int64) error {
	if offset < 0 || offset+int64(len(p)) > d.Size() || offset%bus.SectorSize != 0 || len(p)%bus.SectorSize != 0 {
		panic("the drive left the disk")
	}
	for i := int64(0); i < int64(len(p)); i += bus.SectorSize {
		if d.bad[(offset+i)/bus.SectorSize] {
			return errors.New("bad sector")
		}
	}
	return nil
}

func (d *memDisk) ReadAt(p []byte, offset int64) error {
	if err := d.check(p, offset); err != nil {
		return err
	}
	copy(p, d.data[offset:])
	return nil
}

func (d *memDisk) WriteAt(p []byte, offset int64) error {
	if err := d.check(p, offset); err != nil {
		return err
	}
	copy(d.data[offset:], p)
	return nil
}

func (d *memDisk) sectors(lba, n int) []byte {
	return append([]byte(nil), d.data[lba*bus.SectorSize:(lba+n)*bus.SectorSize]...)
}

// memory is 16 MiB of RAM as a bus master sees it.
type memory []byte

func (m memory) Read(phys uint64, p []byte) {
	for i := range p {
		p[i] = 0xff
		if at := phys + uint64(i); at < uint64(len(m)) {
			p[i] = m[at]
		}
	}
}

func (m memory) Write(phys uint64, p []byte) {
	for i, b := range p {
		if at := phys + uint64(i); at < uint64(len(m)) {
			m[at] = b
		}
	}
}

const bmBase = 0xc000

// rig is a controller on a PC's ports, with BAR4 at bmBase.
type rig struct {
	*Controller
	t     testing.TB
	clock *bus.Clock
	ports *bus.Ports
	mem   memory
	irq   [2]bool
	edges [2]int // rising
}

func newRig(t testing.TB, disks ...*memDisk) *rig {
	r := &rig{t: t, clock: bus.NewClock(), ports: bus.NewPorts(), mem: make(memory, 1<<20)}
	line := func(i int) bus.Line {
		return bus.LineFunc(func(level bool) {
			if level && !r.irq[i] {
				r.edges[i]++
			}
			r.irq[i] = level
		})
	}
	r.Controller = New(r.clock, line(0), line(1), r.mem, r.ports)
	for i, base := range []uint16{0x1f0, 0x170} {
		require.NoError(t, r.ports.Map("ide", base, CommandPorts, 4, r.Command(i)))
		require.NoError(t, r.ports.Map("ide", base+0x206, ControlPorts, 1, r.Control(i)))
	}
	for i, d := range disks {
		if d != nil {
			require.NoError(t, r.Attach(i>>1, i&1, d))
		}
	}
	r.WriteConfig(0x20, 4, bmBase|1)
	r.WriteConfig(0x04, 2, 5)
	return r
}

func (r *rig) in(port uint16) uint8     { return uint8(r.ports.In(port, 1)) }
func (r *rig) out(port uint16, v uint8) { r.ports.Out(port, 1, uint64(v)) }

// taskfile writes Count to Device of the primary channel.
func (r *rig) taskfile(count, low, mid, high, device uint8) {
	for i, v := range []uint8{count, low, mid, high, device} {
		r.out(0x1f2+uint16(i), v)
	}
}

// lba28 addresses the master by LBA.
func (r *rig) lba28(lba uint32, count uint8) {
	r.taskfile(count, uint8(lba), uint8(lba>>8), uint8(lba>>16), 0xe0|uint8(lba>>24))
}

// lba48 addresses the master by a 48-bit LBA.
func (r *rig) lba48(lba uint64, count uint16) {
	r.taskfile(uint8(count>>8), uint8(lba>>24), uint8(lba>>32), uint8(lba>>40), 0xe0)
	r.taskfile(uint8(count), uint8(lba), uint8(lba>>8), uint8(lba>>16), 0xe0)
}

// settle lets the delay pass, checks that the drive was busy until then and
// returns the alternate status.
func (r *rig) settle() uint8 {
	r.t.Helper()
	require.Equal(r.t, uint8(stBSY), r.in(0x3f6)&stBSY, "busy")
	r.clock.Advance(5 * commandDelay)
	s := r.in(0x3f6)
	require.Zero(r.t, s&stBSY, "no longer busy")
	return s
}

// exec gives a command and returns the status that it ends or pauses with,
// which must come with an interrupt unless quiet.
func (r *rig) exec(op uint8) uint8 {
	r.t.Helper()
	r.out(0x1f7, op)
	require.False(r.t, r.irq[0], "no interrupt at the command")
	s := r.settle()
	require.True(r.t, r.irq[0], "an interrupt")
	require.Equal(r.t, s, r.in(0x1f7))
	require.False(r.t, r.irq[0], "Status acknowledges")
	return s
}

// readBlock takes n bytes from the data port.
func (r *rig) readBlock(n, size int) []byte {
	var p []byte
	for ; n > 0; n -= size {
		v := r.ports.In(0x1f0, size)
		for i := range size {
			p = append(p, byte(v>>(8*i)))
		}
	}
	return p
}

func (r *rig) writeBlock(p []byte, size int) {
	for ; len(p) > 0; p = p[size:] {
		var v uint64
		for i := range size {
			v |= uint64(p[i]) << (8 * i)
		}
		r.ports.Out(0x1f0, size, v)
	}
}

// prd stores a descriptor table at 1000h; each row is address and length, the
// last gets the end mark.
func (r *rig) prd(rows ...[2]uint32) {
	at := 0x1000
	for i, row := range rows {
		flags := uint32(0)
		if i == len(rows)-1 {
			flags = 1 << 31
		}
		for k, v := range []uint32{row[0], row[1]&0xffff | flags} {
			for b := range 4 {
				r.mem[at+4*k+b] = byte(v >> (8 * b))
			}
		}
		at += 8
	}
	r.ports.Out(bmBase+4, 4, 0x1000)
}

func (r *rig) bmStatus() uint8 { return r.in(bmBase + 2) }
