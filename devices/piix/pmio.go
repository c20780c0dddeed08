package piix

import "ringzero/bus"

// pmPorts is the power management window. It works in aligned dwords, of which
// an access takes or changes some bytes, so that every width reads the timer
// whole.
type pmPorts PM

func (w *pmPorts) Read(offset uint64, size int) uint64 {
	p := (*PM)(w)
	var v uint64
	for i := range size {
		at := offset + uint64(i)
		v |= uint64(p.readDword(at&^3)>>(8*(at&3))&0xff) << (8 * i)
	}
	return v
}

func (w *pmPorts) Write(offset uint64, size int, value uint64) {
	p := (*PM)(w)
	for i := 0; i < size; {
		at := offset + uint64(i)
		var v, mask uint32
		for ; i < size && (offset+uint64(i))&^3 == at&^3; i++ {
			shift := 8 * ((offset + uint64(i)) & 3)
			v |= uint32(value>>(8*i)&0xff) << shift
			mask |= 0xff << shift
		}
		p.writeDword(at&^3, v, mask)
	}
}

func (p *PM) readDword(offset uint64) uint32 {
	s := &p.state
	switch offset {
	case pmSts:
		p.notice()
		return uint32(s.Enable)<<16 | uint32(s.Status)
	case pmCntrl:
		return uint32(s.Control)
	case pmTmr:
		return uint32(p.ticks() & tmrMask)
	case gpSts:
		return uint32(s.GPEnable) << 16
	case pCntrl:
		return s.PCntrl
	case glbEn:
		return s.GlbEn
	case glbCtl:
		return s.GlbCtl
	case devCtl:
		return s.DevCtl
	case gpoReg:
		return s.GPO
	case gpiReg:
		return 0xffffffff // pulled-up inputs with nothing attached
	}
	return 0 // glbSts and devSts too: no such event exists here
}

func (p *PM) writeDword(offset uint64, v, mask uint32) {
	s := &p.state
	switch offset {
	case pmSts:
		p.notice() // what is set now can be cleared now
		s.Status &^= uint16(v & pm1Status)
		s.Enable = uint16(merge(uint32(s.Enable)<<16, v, mask)>>16) & pm1Events
		p.update()
	case pmCntrl:
		p.writeControl(uint16(v), uint16(mask))
	case gpSts:
		s.GPEnable = uint16(merge(uint32(s.GPEnable)<<16, v, mask)>>16) & 0x0f01
	case pCntrl:
		s.PCntrl = merge(s.PCntrl, v, mask) & 0x00023e1e
	case glbEn:
		s.GlbEn = merge(s.GlbEn, v, mask) & 0xffff
	case glbCtl:
		s.GlbCtl = merge(s.GlbCtl, v, mask) &^ biosRls
		if v&biosRls != 0 {
			s.Status |= gblSts
			p.update()
		}
	case devCtl:
		s.DevCtl = merge(s.DevCtl, v, mask)
	case gpoReg:
		s.GPO = merge(s.GPO, v, mask)
	}
}

func merge(old, v, mask uint32) uint32 { return old&^mask | v&mask }

// writeControl is PMCNTRL's. SLP_EN acts with the SLP_TYP of the same write;
// only soft-off is wired, other sleep types do nothing. GBL_RLS would raise an
// SMI, which no firmware here takes.
func (p *PM) writeControl(v, mask uint16) {
	s := &p.state
	s.Control = s.Control&^(mask&cntrlRW) | v&mask&cntrlRW
	p.update()
	if v&mask&slpEn != 0 && s.Control&slpTyp == slpOff<<10 {
		p.powerOff()
	}
}

// APM is the pair of ports B2h (command) and B3h (status), a window of two. On
// a PC the command raises an SMI whose handler serves it; here the chip obeys
// ACPIEnable and ACPIDisable itself.
func (p *PM) APM() bus.Device { return (*apmPorts)(p) }

type apmPorts PM

func (w *apmPorts) Read(offset uint64, size int) uint64 {
	return (uint64(w.state.APMC) | uint64(w.state.APMS)<<8) >> (8 * offset)
}

func (w *apmPorts) Write(offset uint64, size int, value uint64) {
	for i := range uint64(size) {
		w.writeByte(offset+i, uint8(value>>(8*i)))
	}
}

func (w *apmPorts) writeByte(offset uint64, b uint8) {
	if offset != 0 {
		w.state.APMS = b
		return
	}
	p := (*PM)(w)
	p.state.APMC = b
	switch b {
	case ACPIEnable:
		p.state.Control |= sciEn
	case ACPIDisable:
		p.state.Control &^= sciEn
	}
	p.update()
}

// Registers of the SMBus host (section 7.3).
const (
	smbHstSts = 0
	smbHstCnt = 2

	smbDevErr = 1 << 2
	smbStart  = 1 << 6
	smbStatus = 0x1e // bits of SMBHSTSTS that a one clears
)

// smbPorts is the SMBus host: every transfer ends at once with a device error,
// as no slave acknowledges.
type smbPorts PM

func (w *smbPorts) Read(offset uint64, size int) uint64 {
	var v uint64
	for i := range uint64(size) {
		v |= uint64(w.state.SMBus[(offset+i)&15]) << (8 * i)
	}
	return v
}

func (w *smbPorts) Write(offset uint64, size int, value uint64) {
	for i := range uint64(size) {
		w.writeByte((offset+i)&15, uint8(value>>(8*i)))
	}
}

func (w *smbPorts) writeByte(offset uint64, b uint8) {
	r := &w.state.SMBus
	switch offset {
	case smbHstSts:
		r[smbHstSts] &^= b & smbStatus
	case smbHstCnt:
		r[smbHstCnt] = b &^ smbStart
		if b&smbStart != 0 {
			r[smbHstSts] |= smbDevErr
		}
	default:
		r[offset] = b
	}
}
