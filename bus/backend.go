package bus

import "iter"

// Disk is the back end of a drive: raw sectors of SectorSize bytes. Offsets and
// lengths are in bytes and multiples of SectorSize. Errors are host trouble;
// the drive reports them to the guest as an I/O error. One Disk object serves
// both the IDE drive and the BIOS, so that they can't disagree.
type Disk interface {
	// Size is the capacity in bytes, a multiple of SectorSize.
	Size() int64
	// ReadOnly tells the guest that writes will fail.
	ReadOnly() bool
	ReadAt(p []byte, offset int64) error
	WriteAt(p []byte, offset int64) error
	// Flush returns when all that was written is on the host's storage.
	Flush() error
}

// SectorSize is the unit of a Disk in bytes.
const SectorSize = 512

// Written is a disk that knows which sectors the guest wrote.
type Written interface {
	// Delta goes in order of sector number through all sectors that were written,
	// with their present content, which is valid for one turn of the loop. A
	// sector that can't be read comes with an error and ends the loop.
	Delta() iter.Seq2[Sector, error]
}

// Sector is one sector of a Delta.
type Sector struct {
	Number  int64
	Content []byte
}

// DMA is physical memory as a bus master sees it. Addresses outside RAM read
// as all ones and swallow writes.
type DMA interface {
	Read(phys uint64, p []byte)
	Write(phys uint64, p []byte)
}

// CharSink takes what a serial or debug port sends. It must not block for long;
// bytes that can't be delivered are lost.
type CharSink interface {
	Send(b byte)
}

// PCIFunction is one function of a PCI device (PCI 2.1, chapter 6).
// Configuration space is 256 bytes; offset+size never crosses a dword.
type PCIFunction interface {
	ReadConfig(offset uint8, size int) uint32
	WriteConfig(offset uint8, size int, value uint32)
}
