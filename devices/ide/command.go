package ide

import (
	"math/bits"

	"ringzero/bus"
)

// protocol is how a command moves data (ATA/ATAPI-6, section 9).
type protocol uint8

const (
	unknown protocol = iota // not implemented: aborted
	nonData
	pioIn
	pioOut
	dmaIn
	dmaOut
)

// command is a row of the command table.
type command struct {
	name     string
	protocol protocol
	ext      bool // 48-bit address and 16-bit count
	multiple bool // data blocks of the size that SET MULTIPLE set

	// run executes a nonData command, or prepares the buffer of a pioIn one
	// that reads no sectors. It answers false after fail.
	run func(ch *channel, d *drive) bool
}

// commandRow tells the opcodes of a command, first to last.
type commandRow struct {
	first, last uint8
	command
}

const opDiagnostic = 0x90

// commands is the table by opcode. It is filled once and never changed; init
// does it, as the rows' functions look at the table themselves.
var commands [256]command

func init() {
	for _, row := range []commandRow{
		{0x10, 0x1f, command{name: "RECALIBRATE", protocol: nonData, run: (*channel).nothing}},
		{0x20, 0x21, command{name: "READ SECTORS", protocol: pioIn}},
		{0x24, 0x24, command{name: "READ SECTORS EXT", protocol: pioIn, ext: true}},
		{0x25, 0x25, command{name: "READ DMA EXT", protocol: dmaIn, ext: true}},
		{0x27, 0x27, command{name: "READ NATIVE MAX ADDRESS EXT", protocol: nonData, ext: true, run: (*channel).nativeMax}},
		{0x29, 0x29, command{name: "READ MULTIPLE EXT", protocol: pioIn, ext: true, multiple: true}},
		{0x30, 0x31, command{name: "WRITE SECTORS", protocol: pioOut}},
		{0x34, 0x34, command{name: "WRITE SECTORS EXT", protocol: pioOut, ext: true}},
		{0x35, 0x35, command{name: "WRITE DMA EXT", protocol: dmaOut, ext: true}},
		{0x39, 0x39, command{name: "WRITE MULTIPLE EXT", protocol: pioOut, ext: true, multiple: true}},
		{0x3c, 0x3c, command{name: "WRITE VERIFY", protocol: pioOut}},
		{0x40, 0x41, command{name: "READ VERIFY SECTORS", protocol: nonData, run: (*channel).verify}},
		{0x42, 0x42, command{name: "READ VERIFY SECTORS EXT", protocol: nonData, ext: true, run: (*channel).verify}},
		{0x70, 0x7f, command{name: "SEEK", protocol: nonData, run: (*channel).seek}},
		{0x90, 0x90, command{name: "EXECUTE DEVICE DIAGNOSTIC", protocol: nonData, run: (*channel).diagnostic}},
		{0x91, 0x91, command{name: "INITIALIZE DEVICE PARAMETERS", protocol: nonData, run: (*channel).initialize}},
		{0x94, 0x94, command{name: "STANDBY IMMEDIATE", protocol: nonData, run: (*channel).standby}},
		{0x95, 0x95, command{name: "IDLE IMMEDIATE", protocol: nonData, run: (*channel).idle}},
		{0x96, 0x96, command{name: "STANDBY", protocol: nonData, run: (*channel).standby}},
		{0x97, 0x97, command{name: "IDLE", protocol: nonData, run: (*channel).idle}},
		{0x98, 0x98, command{name: "CHECK POWER MODE", protocol: nonData, run: (*channel).checkPower}},
		{0x99, 0x99, command{name: "SLEEP", protocol: nonData, run: (*channel).sleep}},
		{0xc4, 0xc4, command{name: "READ MULTIPLE", protocol: pioIn, multiple: true}},
		{0xc5, 0xc5, command{name: "WRITE MULTIPLE", protocol: pioOut, multiple: true}},
		{0xc6, 0xc6, command{name: "SET MULTIPLE MODE", protocol: nonData, run: (*channel).setMultiple}},
		{0xc8, 0xc9, command{name: "READ DMA", protocol: dmaIn}},
		{0xca, 0xcb, command{name: "WRITE DMA", protocol: dmaOut}},
		{0xe0, 0xe0, command{name: "STANDBY IMMEDIATE", protocol: nonData, run: (*channel).standby}},
		{0xe1, 0xe1, command{name: "IDLE IMMEDIATE", protocol: nonData, run: (*channel).idle}},
		{0xe2, 0xe2, command{name: "STANDBY", protocol: nonData, run: (*channel).standby}},
		{0xe3, 0xe3, command{name: "IDLE", protocol: nonData, run: (*channel).idle}},
		{0xe5, 0xe5, command{name: "CHECK POWER MODE", protocol: nonData, run: (*channel).checkPower}},
		{0xe6, 0xe6, command{name: "SLEEP", protocol: nonData, run: (*channel).sleep}},
		{0xe7, 0xe7, command{name: "FLUSH CACHE", protocol: nonData, run: (*channel).flush}},
		{0xea, 0xea, command{name: "FLUSH CACHE EXT", protocol: nonData, run: (*channel).flush}},
		{0xec, 0xec, command{name: "IDENTIFY DEVICE", protocol: pioIn, run: (*channel).identify}},
		{0xef, 0xef, command{name: "SET FEATURES", protocol: nonData, run: (*channel).setFeatures}},
		{0xf8, 0xf8, command{name: "READ NATIVE MAX ADDRESS", protocol: nonData, run: (*channel).nativeMax}},
	} {
		for op := int(row.first); op <= int(row.last); op++ {
			commands[op] = row.command
		}
	}
}

func (ch *channel) row() *command { return &commands[ch.s.Command] }

// accept is a write of the Command register. While a command executes it is
// lost; in a data phase it replaces the command that was there.
func (ch *channel) accept(op uint8) {
	if ch.busy() {
		return
	}
	d := ch.selected()
	if op == opDiagnostic { // both drives obey, the master answers
		if d = ch.drives[0]; d == nil {
			d = ch.drives[1]
		}
	}
	if d == nil || d.s.Sleep && op != opDiagnostic {
		return
	}
	if ch.s.Phase != phaseIdle {
		ch.active().s.Status = stReady
	}
	ch.s.Command, ch.s.Active = op, uint8(d.unit)
	ch.s.Pos, ch.s.Len = 0, 0
	d.s.Intrq = false
	d.s.Status = stBSY
	if op == opDiagnostic {
		ch.allBusy()
	}
	ch.later(phaseBegin, commandDelay)
	ch.update()
}

func (ch *channel) allBusy() {
	for _, d := range ch.drives {
		if d != nil {
			d.s.Status = stBSY
		}
	}
}

// begin executes a command, or the first part of one that moves data.
func (ch *channel) begin() {
	d, row := ch.active(), ch.row()
	d.s.Error = 0
	switch {
	case row.protocol == unknown:
		ch.fail(erABRT, 0)
	case row.protocol == nonData:
		if row.run(ch, d) {
			ch.done()
		}
	case row.run != nil:
		if row.run(ch, d) {
			ch.offer(phaseDataIn)
		}
	default:
		ch.beginTransfer(d, row)
	}
}

// beginTransfer checks a command that moves sectors and starts it.
func (ch *channel) beginTransfer(d *drive, row *command) {
	writes := row.protocol == pioOut || row.protocol == dmaOut
	if row.multiple && d.s.Multiple == 0 || writes && d.disk.ReadOnly() {
		ch.fail(erABRT, 0)
		return
	}
	lba, count, ok := d.address(ch.s.Device, row.ext)
	if !ok {
		ch.fail(erIDNF, 0)
		return
	}
	d.s.Standby = false
	ch.s.LBA, ch.s.Left = lba, count
	switch row.protocol {
	case pioIn:
		ch.readBlock(d)
	case pioOut: // the first block is asked for without an interrupt
		ch.s.Len = ch.blockLen(d)
		ch.offerQuietly(phaseDataOut)
	default:
		ch.s.Phase = phaseDMAWait
		d.s.Status = stReady | stDRQ
		if ch.engineReady() {
			ch.runDMA()
		}
	}
}

// done ends the command without an error, with an interrupt.
func (ch *channel) done() {
	ch.s.Phase = phaseIdle
	d := ch.active()
	d.s.Status, d.s.Intrq = stReady, true
}

// fail ends the command with an error, with an interrupt; it returns false.
func (ch *channel) fail(errorBits, statusBits uint8) bool {
	ch.s.Phase = phaseIdle
	d := ch.active()
	d.s.Error = errorBits
	d.s.Status = stReady | stERR | statusBits
	d.s.Intrq = true
	return false
}

func (ch *channel) nothing(*drive) bool { return true }

func (ch *channel) diagnostic(*drive) bool {
	ch.signature()
	return true
}

func (ch *channel) seek(d *drive) bool {
	if _, ok := d.first(ch.s.Device); !ok {
		return ch.fail(erIDNF, 0)
	}
	return true
}

func (ch *channel) verify(d *drive) bool {
	ext := ch.row().ext
	lba, count, ok := d.address(ch.s.Device, ext)
	if !ok {
		return ch.fail(erIDNF, 0)
	}
	d.s.Standby = false
	for count > 0 {
		n := min(count, scratchSectors)
		good, err := d.read(ch.ctl.scratch[:n*bus.SectorSize], lba)
		lba, count = lba+uint64(good), count-good
		if err != nil {
			ch.s.Device = d.report(ch.s.Device, ext, lba, count)
			return ch.fail(erUNC, 0)
		}
	}
	ch.s.Device = d.report(ch.s.Device, ext, lba-1, 0)
	return true
}

// nativeMax reports the last sector, by 28 or 48 bits.
func (ch *channel) nativeMax(d *drive) bool {
	if ch.row().ext {
		ch.s.Device = d.report(ch.s.Device, true, d.total-1, 0)
		return true
	}
	ch.s.Device = d.report(ch.s.Device|devLBA, false, min(d.total, maxLBA28)-1, 0)
	return true
}

// initialize sets the CHS translation.
func (ch *channel) initialize(d *drive) bool {
	heads, sectors := ch.s.Device&15+1, d.s.Count[0]
	if sectors == 0 || sectors > defaultSectors {
		return ch.fail(erABRT, 0)
	}
	d.s.Heads, d.s.Sectors = heads, sectors
	return true
}

func (ch *channel) setMultiple(d *drive) bool {
	n := d.s.Count[0]
	if n > maxMultiple || bits.OnesCount8(n) > 1 {
		return ch.fail(erABRT, 0)
	}
	d.s.Multiple = n
	return true
}

func (ch *channel) standby(d *drive) bool {
	d.s.Standby = true
	return ch.flush(d)
}

func (ch *channel) idle(d *drive) bool {
	d.s.Standby = false
	return true
}

func (ch *channel) sleep(d *drive) bool {
	d.s.Sleep = true
	return ch.flush(d)
}

// checkPower reports active or idle (FFh) or standby (00h).
func (ch *channel) checkPower(d *drive) bool {
	d.s.Count[0] = 0xff
	if d.s.Standby {
		d.s.Count[0] = 0
	}
	return true
}

func (ch *channel) flush(d *drive) bool {
	if d.disk.Flush() != nil {
		return ch.fail(erABRT, stDF)
	}
	return true
}

// Subcommands of SET FEATURES.
const (
	featWriteCacheOn  = 0x02
	featTransferMode  = 0x03
	featKeepOnReset   = 0x66
	featLookAheadOff  = 0x55
	featWriteCacheOff = 0x82
	featLookAheadOn   = 0xaa
	featRevertOnReset = 0xcc
)

func (ch *channel) setFeatures(d *drive) bool {
	switch d.s.Feature[0] {
	case featWriteCacheOn:
		d.s.NoWriteCache = false
	case featWriteCacheOff:
		d.s.NoWriteCache = true
		return ch.flush(d)
	case featLookAheadOn:
		d.s.NoLookAhead = false
	case featLookAheadOff:
		d.s.NoLookAhead = true
	case featKeepOnReset, featRevertOnReset: // a soft reset keeps settings anyhow
	case featTransferMode:
		return ch.setTransferMode(d)
	default:
		return ch.fail(erABRT, 0)
	}
	return true
}

// setTransferMode takes the mode from Count (table 44): its kind in the upper
// five bits, its number in the lower three.
func (ch *channel) setTransferMode(d *drive) bool {
	mode := d.s.Count[0]
	n := mode & 7
	switch mode >> 3 {
	case 0: // default PIO mode, with or without IORDY
		if n > 1 {
			return ch.fail(erABRT, 0)
		}
	case 1: // PIO flow control mode
		if n > 4 {
			return ch.fail(erABRT, 0)
		}
	case 4:
		if n > 2 {
			return ch.fail(erABRT, 0)
		}
		d.s.MWDMA, d.s.UDMA = 1<<n, 0
	case 8:
		if n > 2 {
			return ch.fail(erABRT, 0)
		}
		d.s.MWDMA, d.s.UDMA = 0, 1<<n
	default:
		return ch.fail(erABRT, 0)
	}
	return true
}
