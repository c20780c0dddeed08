// Package i440fx is the host bridge of an Intel 440FX chipset, the 82441FX PMC
// (8086:1237; datasheet 290549, chapter 3): its configuration registers, of
// which the programmable attribute map (PAM) decides whether C0000h to FFFFFh
// is RAM or ROM.
package i440fx

import (
	"errors"

	"ringzero/bus"
)

// Registers of the PMC beyond the PCI header.
const (
	pmccfg  = 0x50
	deturbo = 0x52
	dbc     = 0x53
	axc     = 0x54
	drt     = 0x55
	dramc   = 0x57
	dramt   = 0x58
	pam0    = 0x59 // to 5Fh
	drb0    = 0x60 // to 67h
	fdhc    = 0x68
	mtt     = 0x70
	clt     = 0x71
	smram   = 0x72
	errcmd  = 0x90
	errsts  = 0x91
	trc     = 0x93
)

// Bits of SMRAM (section 3.2.19): once locked, the space stays closed and the
// register fixed until reset.
const (
	smramOpen    = 1 << 6
	smramClose   = 1 << 5
	smramLock    = 1 << 4
	smramEnable  = 1 << 3
	smramBaseSeg = 2 // bits 2-0, fixed: A0000h-BFFFFh
)

// Regions is the number of areas whose attributes the PAM registers hold.
const Regions = 13

// Region tells the place and the size in bytes of an area: 0 to 11 are 16 KiB
// each from C0000h upwards, 12 is F0000h to FFFFFh.
func Region(index int) (base, size uint64) {
	if index == Regions-1 {
		return 0xf0000, 0x10000
	}
	return 0xc0000 + uint64(index)*0x4000, 0x4000
}

// PAM is told where reads and writes of area index go: to RAM where true, else
// to the PCI bus, where the ROM answers reads and nobody takes writes. It is
// called for every area whose attributes change, and for all by New, Reset and
// Load, so it must be idempotent.
type PAM func(index int, read, write bool)

// State is what a Bridge remembers.
type State struct {
	Config [256]byte
}

const (
	kind    = "i440fx"
	version = 1
)

// Bridge is function 0 of device 0.
type Bridge struct {
	config *bus.ConfigSpace
	pam    PAM
}

// New makes a bridge after reset: nothing is shadowed.
func New(pam PAM) *Bridge {
	b := &Bridge{config: newConfig(), pam: pam}
	b.apply()
	return b
}

func newConfig() *bus.ConfigSpace {
	c := bus.NewConfigSpace(0x8086, 0x1237, 2, 0x06_00_00)
	c.Default(bus.PCICommand, 2, 0x0006)
	c.Writable(bus.PCICommand, 2, 0x0140) // parity and SERR#; memory and master are fixed
	c.Default(bus.PCIStatus, 2, 0x0280)
	c.ClearOnOne(bus.PCIStatus, 2, 0xf900)
	c.Writable(bus.PCILatencyTimer, 1, 0xf8)
	c.Writable(pmccfg, 2, 0xffff)
	c.Writable(deturbo, 1, 0xff)
	c.Default(dbc, 1, 0x80)
	c.Writable(dbc, 1, 0xff)
	c.Writable(axc, 1, 0xff)
	c.Writable(drt, 2, 0xffff)
	c.Default(dramc, 1, 0x01)
	c.Writable(dramc, 1, 0xff)
	c.Default(dramt, 1, 0x10)
	c.Writable(dramt, 1, 0xff)
	c.Writable(pam0, 1, 0x30) // the low half of PAM0 is reserved
	for i := uint8(1); i <= 6; i++ {
		c.Writable(pam0+i, 1, 0x33) // cache and reserved bits read as zero
	}
	for i := range uint8(8) {
		c.Default(drb0+i, 1, 0x01)
		c.Writable(drb0+i, 1, 0xff)
	}
	c.Writable(fdhc, 1, 0xc0)
	c.Writable(mtt, 1, 0xff)
	c.Default(clt, 1, 0x10)
	c.Writable(clt, 1, 0xff)
	c.Default(smram, 1, smramBaseSeg)
	c.Writable(smram, 1, smramOpen|smramClose|smramLock|smramEnable)
	c.Writable(errcmd, 1, 0xff)
	c.ClearOnOne(errsts, 2, 0x0711)
	c.Writable(trc, 1, 0x06)
	return c
}

// ReadConfig is a bus.PCIFunction's.
func (b *Bridge) ReadConfig(offset uint8, size int) uint32 { return b.config.Read(offset, size) }

// WriteConfig is a bus.PCIFunction's.
func (b *Bridge) WriteConfig(offset uint8, size int, value uint32) {
	before := b.config.Data()
	b.config.Write(offset, size, value)
	b.guardSMRAM(before[smram])
	for i := range Regions {
		at, shift := nibble(i)
		if before[at]>>shift&3 != b.config.Byte(at)>>shift&3 {
			b.applyOne(i)
		}
	}
}

// guardSMRAM keeps a locked register as it was; the write that locks it closes
// the space at once.
func (b *Bridge) guardSMRAM(before uint8) {
	if before&smramLock != 0 {
		b.config.Set(smram, 1, uint32(before))
		return
	}
	if now := b.config.Byte(smram); now&smramLock != 0 {
		b.config.Set(smram, 1, uint32(now&^smramOpen))
	}
}

// nibble finds the half of a PAM register that holds area i.
func nibble(i int) (register uint8, shift uint) {
	if i == Regions-1 {
		return pam0, 4
	}
	return pam0 + 1 + uint8(i/2), uint(i%2) * 4
}

func (b *Bridge) applyOne(i int) {
	at, shift := nibble(i)
	attributes := b.config.Byte(at) >> shift
	b.pam(i, attributes&1 != 0, attributes&2 != 0)
}

func (b *Bridge) apply() {
	for i := range Regions {
		b.applyOne(i)
	}
}

// Reset unmaps all shadow RAM and gives every register its default.
func (b *Bridge) Reset() {
	b.config.Reset()
	b.apply()
}

// State is a copy of the present state.
func (b *Bridge) State() State { return State{b.config.Data()} }

// Save encodes the present state.
func (b *Bridge) Save() []byte {
	s := b.State()
	return bus.Marshal(kind, version, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing. Memory is mapped accordingly.
func (b *Bridge) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	if v := s.Config[smram]; v&smramLock != 0 && v&smramOpen != 0 {
		return errors.New("i440fx: saved state has SMRAM locked and open")
	}
	if err := b.config.Restore(s.Config); err != nil {
		return err
	}
	b.apply()
	return nil
}
