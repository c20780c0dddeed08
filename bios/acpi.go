package bios

import "encoding/binary"

// The PIIX4's power management block, where POST puts it, and its interrupt
// (82371AB data sheet, 7.2; ACPI 1.0b, 4.7.3).
const (
	pmBase  = 0x600
	pmCnt   = pmBase + 4
	pmTimer = pmBase + 8
	pmGPE0  = pmBase + 12
	pmSize  = 0x40
	sciIRQ  = 9

	smiCommand  = 0xb2
	acpiEnable  = 0xf1
	acpiDisable = 0xf0
)

func (b *BIOS) acpiBase() uint32 { return uint32(b.cfg.LowRAM - nvsSize - acpiSize) }

// oem identifies the tables.
const (
	oemID    = "RINGZR"
	oemTable = "RINGZERO"
)

// sdt completes a system description table: header and checksum (ACPI 1.0b,
// 5.2.3).
func sdt(signature string, revision byte, body []byte) []byte {
	t := make([]byte, 36, 36+len(body))
	copy(t, signature)
	put32(t[4:], uint32(36+len(body)))
	t[8] = revision
	copy(t[10:], oemID)
	copy(t[16:], oemTable)
	put32(t[24:], 1)
	copy(t[28:], "RZRO")
	put32(t[32:], 1)
	t = append(t, body...)
	t[9] = checksum(t)
	return t
}

// checksum is the byte that makes the sum of p, in which it is still zero, zero.
func checksum(p []byte) byte {
	sum := byte(0)
	for _, v := range p {
		sum += v
	}
	return -sum
}

// rsdp is the root pointer of ACPI 1.0 (5.2.4.1).
func rsdp(rsdt uint32) []byte {
	t := make([]byte, 20)
	copy(t, "RSD PTR ")
	copy(t[9:], oemID)
	put32(t[16:], rsdt)
	t[8] = checksum(t)
	return t
}

// writeACPI puts RSDT, FADT and DSDT at the top of low RAM, and the FACS in the
// page after them.
func (b *BIOS) writeACPI() {
	base := b.acpiBase()
	facsAt := base + acpiSize
	d := sdt("DSDT", 1, dsdt())
	const rsdtSize, fadtSize = 40, 116
	fadtAt := base + (rsdtSize+15)&^15
	dsdtAt := fadtAt + (fadtSize+15)&^15
	if uint64(dsdtAt)+uint64(len(d)) > uint64(facsAt) {
		panic("BUG: bios: the DSDT does not fit")
	}
	b.mem.Write(uint64(base), sdt("RSDT", 1, binary.LittleEndian.AppendUint32(nil, fadtAt)))
	b.mem.Write(uint64(fadtAt), sdt("FACP", 1, fadt(facsAt, dsdtAt)))
	b.mem.Write(uint64(dsdtAt), d)
	facs := make([]byte, 64)
	copy(facs, "FACS")
	put32(facs[4:], 64)
	b.mem.Write(uint64(facsAt), facs)
}

// fadt is the body of the fixed table (ACPI 1.0b, 5.2.5), by offsets in it.
func fadt(facs, dsdt uint32) []byte {
	t := make([]byte, 116)
	put32(t[36:], facs)
	put32(t[40:], dsdt)
	put16(t[46:], sciIRQ)
	put32(t[48:], smiCommand)
	t[52], t[53] = acpiEnable, acpiDisable
	put32(t[56:], pmBase)
	put32(t[64:], pmCnt)
	put32(t[76:], pmTimer)
	put32(t[80:], pmGPE0)
	t[88], t[89], t[91], t[92] = 4, 2, 4, 4
	put16(t[96:], 0xfff)  // no C2
	put16(t[98:], 0xffff) // no C3
	t[108] = rtcCentury
	const wbinvd, procC1, sleepButton, rtcNotFixed = 1 << 0, 1 << 2, 1 << 5, 1 << 6
	put32(t[112:], wbinvd|procC1|sleepButton|rtcNotFixed)
	return t[36:]
}

// dsdt is the description of the board: the PCI root with its windows and
// interrupt routes, the PIIX3's four interrupt links, and the chips on ISA.
func dsdt() []byte {
	zero := amlInt(0)
	return amlJoin(
		amlName(`\_S5_`, amlPackage(zero, zero, zero, zero)),
		amlScope(`\_PR_`, amlProcessor("CPU0", 0)),
		amlScope(`\_SB_`,
			amlDevice("PCI0",
				amlName("_HID", amlEISA("PNP0A03")),
				amlName("_ADR", zero),
				amlName("_UID", zero),
				amlName("_CRS", rootWindows()),
				isaBridge(),
			),
			link("LNKA", "PRQA", 1), link("LNKB", "PRQB", 2), link("LNKC", "PRQC", 3), link("LNKD", "PRQD", 4),
			amlScope("PCI0", amlName("_PRT", routes())),
		),
	)
}

func rootWindows() []byte {
	return amlResources(
		amlResWord(amlSpaceBus, 0, 0xff),
		amlResIO(portPCIAddress, 8),
		amlResWord(amlSpaceIO, 0, portPCIAddress-1),
		amlResWord(amlSpaceIO, portPCIAddress+8, 0xffff),
		amlResDWord(amlSpaceMemory, videoBase, videoEnd-1),
		amlResDWord(amlSpaceMemory, pciMemBase, pciMemEnd-1),
	)
}

// routes is the _PRT: slot, pin, link (ACPI 1.0b, 6.2.3).
func routes() []byte {
	var rows [][]byte
	for slot := 1; slot < 32; slot++ {
		for pin := range 4 {
			name := "LNK" + string(rune('A'+PIRQ(slot, pin)))
			rows = append(rows, amlPackage(amlInt(uint32(slot)<<16|0xffff), amlInt(uint32(pin)), amlPath(name), amlInt(0)))
		}
	}
	return amlPackage(rows...)
}

// link is a PCI interrupt link: one of the PIIX3's PIRQx route control
// registers, whose bit 7 switches it off.
func link(name, field string, uid uint32) []byte {
	const off = 0x80
	route := amlPath(`\_SB_.PCI0.ISA_.` + field)
	disabled := amlAnd(route, amlInt(off), amlNowhere())
	const irqAt = 5 // of the interrupt number in the descriptor
	return amlDevice(name,
		amlName("_HID", amlEISA("PNP0C0F")),
		amlName("_UID", amlInt(uid)),
		amlName("_PRS", amlResources(amlResIRQs(pirqChoices...))),
		amlName("RES_", amlResources(amlResIRQs(0))),
		amlMethod("_STA", 0,
			amlIf(disabled, amlReturn(amlInt(0x09))),
			amlElse(amlReturn(amlInt(0x0b)))),
		amlMethod("_DIS", 0, amlOr(route, amlInt(off), route)),
		amlMethod("_CRS", 0,
			amlDWordField(amlPath("RES_"), irqAt, "IRQN"),
			amlStore(amlInt(0), amlPath("IRQN")),
			amlIf(amlLNot(disabled), amlStore(route, amlPath("IRQN"))),
			amlReturn(amlPath("RES_"))),
		amlMethod("_SRS", 1,
			amlDWordField(amlArg0, irqAt, "IRQN"),
			amlStore(amlPath("IRQN"), amlLocal0),
			amlStore(amlLocal0, route)),
	)
}

// isaBridge is the PIIX3 with what hangs on it.
func isaBridge() []byte {
	fixed := func(name, id string, uid uint32, resources ...[]byte) []byte {
		return amlDevice(name,
			amlName("_HID", amlEISA(id)),
			amlName("_UID", amlInt(uid)),
			amlName("_STA", amlInt(0x0f)),
			amlName("_CRS", amlResources(resources...)))
	}
	return amlDevice("ISA_",
		amlName("_ADR", amlInt(ideSlot<<16)),
		amlRegion("PIRQ", 2, 0x60, 4),
		amlByteFields("PIRQ", "PRQA", "PRQB", "PRQC", "PRQD"),
		fixed("PIC_", "PNP0000", 0, amlResIO(0x20, 2), amlResIO(0xa0, 2), amlResIO(portELCR, 2), amlResIRQ(2)),
		fixed("TIMR", "PNP0100", 0, amlResIO(0x40, 4), amlResIRQ(0)),
		fixed("RTC_", "PNP0B00", 0, amlResIO(0x70, 2), amlResIRQ(8)),
		fixed("KBD_", "PNP0303", 0, amlResIO(0x60, 1), amlResIO(0x64, 1), amlResIRQ(1)),
		fixed("MOU_", "PNP0F13", 0, amlResIRQ(12)),
		fixed("COM1", "PNP0501", 1, amlResIO(portCOM1, 8), amlResIRQ(4)),
		fixed("SPKR", "PNP0800", 0, amlResIO(portPortB, 1)),
		fixed("COPR", "PNP0C04", 0, amlResIO(0xf0, 1), amlResIRQ(13)),
		fixed("MBRD", "PNP0C02", 0, amlResIO(portA20, 1), amlResIO(smiCommand, 2),
			amlResIO(ServicePort, ServicePorts), amlResIO(pmBase, pmSize)),
	)
}
