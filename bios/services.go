package bios

import "ringzero/x86"

// Vectors that the ROM's stubs pass.
const (
	vecKeyboardIRQ = 0x09
	vecVideo       = 0x10
	vecEquipment   = 0x11
	vecMemory      = 0x12
	vecDisk        = 0x13
	vecSerial      = 0x14
	vecSystem      = 0x15
	vecKeyboard    = 0x16
	vecPrinter     = 0x17
	vecNoBoot      = 0x18
	vecBoot        = 0x19
	vecTime        = 0x1a
	vecClockIRQ    = 0x70
	vecMouseIRQ    = 0x74
	vecPOST        = 0x100
	vecPCI32       = 0x101
	vecBIOS32      = 0x132 // in the ROM's header: the service directory's entry
)

// serve runs the service whose frame is at SS:SP. The stack of 16-bit code counts
// modulo 64 KiB.
func (b *BIOS) serve() {
	base, mask := b.cfg.Regs.SegBase(x86.SS), uint32(0xffff)
	if r, ok := b.cfg.Regs.(Stack); ok {
		mask = r.StackMask()
	}
	sp := b.cfg.Regs.Reg(x86.SP) & mask
	if sp > mask-frameSize+1 {
		return // pushes that wrapped: no frame of our stubs
	}
	var old, now [frameSize]byte
	var f frame
	b.readLinear(base+sp, old[:])
	f.decode(old[:])
	f.at = base + sp
	f.status = statusDone
	b.dispatch(&f)
	f.encode(now[:])
	if now != old {
		b.writeLinear(base+sp, now[:])
	}
}

func (b *BIOS) dispatch(f *frame) {
	switch f.vector {
	case vecKeyboardIRQ:
		b.keyboardIRQ(f)
	case vecVideo:
		b.video(f)
	case vecEquipment:
		f.ax.setX(b.bdaWord(bdaEquipment))
	case vecMemory:
		f.ax.setX(b.bdaWord(bdaMemory))
	case vecDisk:
		b.disk(f)
	case vecSerial:
		b.serial(f)
	case vecSystem:
		b.system(f)
	case vecKeyboard:
		b.keyboard(f)
	case vecPrinter:
		f.ax.setH(0x01) // time-out: there is no printer
	case vecNoBoot:
		b.noBoot(f)
	case vecBoot:
		b.boot(f)
	case vecTime:
		b.time(f)
	case vecClockIRQ:
		b.clockIRQ(f)
	case vecMouseIRQ:
		b.mouseIRQ(f)
	case vecPCI32:
		b.pciBIOS32(f)
	case vecPOST:
		b.post()
	}
}

// segment is the linear address of seg:off in real mode.
func segment(seg, off uint16) uint32 { return uint32(seg)<<4 + uint32(off) }

// The video memory window goes through Load and Store; all else is memory.
const (
	videoBase = 0xa0000
	videoEnd  = 0xc0000
)

// each calls do for the parts of n bytes at a linear address that are in one
// page, with the physical address of each; false where a page is not there.
func (b *BIOS) each(linear uint32, n int, write bool, do func(phys uint64, from, to int)) bool {
	tr, _ := b.cfg.Regs.(Linear)
	for from := 0; from < n; {
		a := linear + uint32(from)
		to := min(n, from+0x1000-int(a&0xfff))
		phys := uint64(a)
		if tr != nil {
			var ok bool
			if phys, ok = tr.Physical(a, write); !ok {
				return false
			}
		}
		do(phys, from, to)
		from = to
	}
	return true
}

// readLinear copies from the caller's memory; what is not there reads as ones.
func (b *BIOS) readLinear(linear uint32, p []byte) {
	for i := range p {
		p[i] = 0xff
	}
	b.each(linear, len(p), false, func(phys uint64, from, to int) { b.readPhysical(phys, p[from:to]) })
}

// writeLinear copies to the caller's memory.
func (b *BIOS) writeLinear(linear uint32, p []byte) {
	b.each(linear, len(p), true, func(phys uint64, from, to int) { b.writePhysical(phys, p[from:to]) })
}

// readPhysical and writePhysical copy a piece that is either in the video
// window or outside of it.
func (b *BIOS) readPhysical(phys uint64, p []byte) {
	if phys < videoBase || phys >= videoEnd {
		b.mem.Read(phys, p)
		return
	}
	for i := range p {
		p[i] = uint8(b.mem.Load(phys+uint64(i), 1))
	}
}

func (b *BIOS) writePhysical(phys uint64, p []byte) {
	if phys < videoBase || phys >= videoEnd {
		b.mem.Write(phys, p)
		return
	}
	for i, v := range p {
		b.mem.Store(phys+uint64(i), 1, uint64(v))
	}
}

// in and out are byte accesses to ports.
func (b *BIOS) in(port uint16) uint8     { return uint8(b.ports.In(port, 1)) }
func (b *BIOS) out(port uint16, v uint8) { b.ports.Out(port, 1, uint64(v)) }

// endIRQ tells the interrupt controllers that request n (0 to 15) was served.
func (b *BIOS) endIRQ(n int) {
	if n >= 8 {
		b.out(0xa0, 0x20)
	}
	b.out(0x20, 0x20)
}

// unmaskIRQ lets request n through.
func (b *BIOS) unmaskIRQ(n int) {
	if n >= 8 {
		b.out(0xa1, b.in(0xa1)&^(1<<(n-8)))
		n = 2
	}
	b.out(0x21, b.in(0x21)&^(1<<n))
}
