// Package ide is the IDE function of an Intel PIIX3 (8086:7010; datasheet
// 290550, section 4.3) with up to four ATA hard disks on its two channels:
// programmed I/O by the legacy ports and bus-master DMA. The drives follow
// ATA/ATAPI-6 (T13/1410D).
package ide

import (
	"fmt"

	"ringzero/bus"
)

// Sizes of the windows in ports.
const (
	CommandPorts   = 8  // 1F0h-1F7h, 170h-177h; width 4 for the data port
	ControlPorts   = 1  // 3F6h, 376h
	BusMasterPorts = 16 // where BAR4 says
)

// Virtual time in nanoseconds. A command, a full data block or the start of the
// bus master has its effect late enough that an interrupt never arrives before
// the guest has left the instruction that caused it. A soft reset is over when
// its BSY must be there at the latest (ATA-6 9.2): some drivers send their next
// command at once.
const (
	commandDelay = 20_000
	resetDelay   = 400
)

// Configuration registers beyond the PCI header.
const (
	bmiba   = 0x20 // BAR4
	idetim  = 0x40 // two words, primary and secondary
	sidetim = 0x44
)

// scratchSectors is how much of a DMA transfer is moved at a time.
const scratchSectors = 128

// Controller is PCI function 1 of a PIIX3 and its drives.
type Controller struct {
	config   *bus.ConfigSpace
	bmWindow *bus.PortWindow
	dma      bus.DMA
	channels [2]*channel
	scratch  [scratchSectors * bus.SectorSize]byte
}

// New makes a controller without drives, after reset. irq0 and irq1 are the
// legacy interrupts 14 and 15; ports is where BAR4 is mapped.
func New(clock *bus.Clock, irq0, irq1 bus.Line, dma bus.DMA, ports bus.PortMapper) *Controller {
	c := &Controller{config: newConfig(), dma: dma}
	for i, irq := range []bus.Line{irq0, irq1} {
		c.channels[i] = newChannel(c, clock, irq)
	}
	c.bmWindow = bus.NewPortWindow("IDE bus master", BusMasterPorts, (*busMaster)(c), ports)
	return c
}

func newConfig() *bus.ConfigSpace {
	c := bus.NewConfigSpace(0x8086, 0x7010, 0, 0x01_01_80)
	c.Writable(bus.PCICommand, 2, bus.PCICommandIO|bus.PCICommandMaster)
	c.Default(bus.PCIStatus, 2, 0x0280)
	c.ClearOnOne(bus.PCIStatus, 2, 0x3800)
	c.Writable(bus.PCILatencyTimer, 1, 0xf0)
	c.Default(bmiba, 4, 1)
	// The data sheet has bits 16 to 31 at 0, so that sizing finds a window of 4
	// GiB, which SeaBIOS, for one, can't place; later parts have all of them.
	c.Writable(bmiba, 4, 0xffff_fff0)
	c.Writable(idetim, 4, 0xffff_ffff)
	c.Writable(sidetim, 1, 0xff)
	return c
}

// Attach connects a disk as drive unit (0 master, 1 slave) of a channel, before
// the machine runs. A place out of range or taken, or a disk without a sector,
// is an error.
func (c *Controller) Attach(channel, unit int, disk bus.Disk) error {
	if channel < 0 || channel > 1 || unit < 0 || unit > 1 {
		return fmt.Errorf("ide: there is no drive %d on channel %d", unit, channel)
	}
	ch := c.channels[channel]
	if ch.drives[unit] != nil {
		return fmt.Errorf("ide: drive %d on channel %d is taken", unit, channel)
	}
	if disk.Size() < bus.SectorSize {
		return fmt.Errorf("ide: a disk of %d bytes has no sector", disk.Size())
	}
	ch.drives[unit] = &drive{
		disk:   disk,
		total:  uint64(disk.Size()) / bus.SectorSize,
		serial: fmt.Sprintf("RZ%05d", channel*2+unit+1),
		unit:   unit,
		s:      &ch.s.Drives[unit],
	}
	ch.drives[unit].powerOn()
	return nil
}

// Command is the command block of a channel: a window of CommandPorts, width 4.
func (c *Controller) Command(channel int) bus.Device { return (*commandBlock)(c.channels[channel]) }

// Control is the control block of a channel: a window of ControlPorts, width 1.
func (c *Controller) Control(channel int) bus.Device { return (*controlBlock)(c.channels[channel]) }

// ReadConfig is a bus.PCIFunction's.
func (c *Controller) ReadConfig(offset uint8, size int) uint32 { return c.config.Read(offset, size) }

// WriteConfig is a bus.PCIFunction's. The timing registers are kept for the
// guest: every drive here is as fast as the fastest, and the legacy ports
// answer whether or not IDETIM's decode bit is set.
func (c *Controller) WriteConfig(offset uint8, size int, value uint32) {
	c.config.Write(offset, size, value)
	c.place()
	for _, ch := range c.channels {
		ch.kick()
	}
}

func (c *Controller) place() {
	base := c.config.Dword(bmiba) &^ 0xf
	c.bmWindow.Place(uint16(base), base != 0 && base>>16 == 0 && c.config.Byte(bus.PCICommand)&bus.PCICommandIO != 0)
}

// MapError tells why BAR4 is enabled and yet not mapped: it overlaps another
// chip's ports. nil if all is well.
func (c *Controller) MapError() error { return c.bmWindow.Err() }

func (c *Controller) mayMaster() bool {
	return c.config.Byte(bus.PCICommand)&bus.PCICommandMaster != 0
}

// Reset is a hard reset of controller and drives.
func (c *Controller) Reset() {
	c.config.Reset()
	c.place()
	for _, ch := range c.channels {
		ch.reset()
	}
}
