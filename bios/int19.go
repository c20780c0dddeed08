package bios

import (
	"encoding/binary"
	"fmt"
	"strings"

	"ringzero/bus"
	"ringzero/x86"
)

// boot is INT 19h: start the kernel of the configuration, or the first device
// that has something to start.
func (b *BIOS) boot(f *frame) {
	if b.plan != nil {
		b.enter(f, b.plan.Load(b.mem))
		return
	}
	var why []string
	for _, dev := range b.cfg.Boot {
		dl := uint8(0)
		if dev == BootDisk {
			dl = 0x80
		}
		reason := b.bootDrive(f, dl)
		if reason == "" {
			return
		}
		why = append(why, reason)
	}
	b.stop(f, "Nothing to boot: "+strings.Join(why, "; "))
}

// bootDrive loads a boot sector and lets the ROM jump to it; it answers why it
// could not.
func (b *BIOS) bootDrive(f *frame, dl uint8) string {
	name := fmt.Sprintf("floppy %02Xh", dl)
	if dl >= 0x80 {
		name = fmt.Sprintf("disk %02Xh", dl)
	}
	d := b.drive(dl)
	if d == nil {
		return "no " + name
	}
	sector := make([]byte, bus.SectorSize)
	if err := d.Disk.ReadAt(sector, 0); err != nil {
		return fmt.Sprintf("%s can't be read (%v)", name, err)
	}
	if d.Kind == Hard && binary.LittleEndian.Uint16(sector[510:]) != bootSignature {
		return name + " has no boot signature (55 AA)"
	}
	if binary.LittleEndian.Uint32(sector) == 0 {
		return name + " has an empty boot sector"
	}
	b.mem.Write(bootBase, sector)
	e := Entry{IP: bootBase, SP: bootBase, Flags: x86.F1 | x86.IF}
	e.Regs[x86.DX] = uint32(dl)
	b.enter(f, e)
	return ""
}

// bootSignature ends a boot sector.
const bootSignature = 0xaa55

// Entry is how to start what was loaded.
type Entry struct {
	// Protected wants flat 32-bit code at EIP: CS, DS, ES, FS, GS and SS cover
	// 4 GiB, paging and interrupts are off.
	Protected bool
	EIP       uint32

	// Else 16-bit code at CS:IP with this stack, Data in DS, ES, FS and GS, and
	// Flags.
	CS, IP, SS, SP, Data, Flags uint16

	// Regs are the general registers, in the order of x86.AX ... x86.DI; SP is
	// not used.
	Regs [8]uint32
}

// enter leaves the BIOS for e. Real mode gets a frame of its own on the new
// stack; protected mode uses the caller's.
func (b *BIOS) enter(f *frame, e Entry) {
	to := *f
	to.ax, to.cx, to.dx, to.bx = reg(e.Regs[x86.AX]), reg(e.Regs[x86.CX]), reg(e.Regs[x86.DX]), reg(e.Regs[x86.BX])
	to.bp, to.si, to.di = reg(e.Regs[x86.BP]), reg(e.Regs[x86.SI]), reg(e.Regs[x86.DI])
	if e.Protected {
		to.scratch, to.status = e.EIP, statusProtected
		*f = to
		return
	}
	to.gs, to.fs, to.es, to.ds = e.Data, e.Data, e.Data, e.Data
	to.ip, to.cs, to.flags = e.IP, e.CS, e.Flags
	sp := e.SP - frameSize
	if d := int64(segment(e.SS, sp)) - int64(f.at); d > -frameSize && d < frameSize {
		sp -= 2 * frameSize // the caller's frame lies there and is written last
	}
	var p [frameSize]byte
	to.encode(p[:])
	b.mem.Write(uint64(segment(e.SS, sp)), p[:])
	f.scratch, f.status = uint32(e.SS)<<16|uint32(sp), statusEnter
}

// noBoot is INT 18h, where a boot sector gives up.
func (b *BIOS) noBoot(f *frame) {
	b.stop(f, "The boot sector found nothing to start")
}

// stop tells why, on the screen and to the host, and halts.
func (b *BIOS) stop(f *frame, why string) {
	b.print(why)
	if b.cfg.NoBoot != nil {
		b.cfg.NoBoot(why)
	}
	f.status = statusStop
}
