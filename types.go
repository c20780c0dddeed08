package ringzero

import (
	"ringzero/bios"
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/devices/vga"
	"ringzero/host/image"
)

// The types that a configuration is made of, and that a machine answers with,
// by the names that an embedder needs.
type (
	// Disk is the back end of a drive; an *Image is one.
	Disk = bus.Disk
	// Image is a raw disk image in a file or in memory.
	Image = image.Image
	// ImageOptions tell how an image may be changed.
	ImageOptions = image.Options
	// UndoDisk is a Disk whose writes stay in memory until its Commit; see Undo.
	UndoDisk = image.Undo
	// Kernel is what is started instead of a boot sector.
	Kernel = bios.Kernel
	// Module is a Multiboot module of a Kernel.
	Module = bios.Module
	// KernelError is why New can't start a kernel.
	KernelError = bios.KernelError
	// Text is a snapshot of the text screen, with colours and cursor.
	Text = vga.Text
	// Device is a chip as the guest sees it, for MapPorts.
	Device = bus.Device
	// Input is one entry of the log of what came from outside.
	Input = bus.Input
	// InputKind tells what came.
	InputKind = bus.InputKind
)

// The kinds of input; see Input.
const (
	InputSerial = bus.InputSerial
	InputKey    = bus.InputKey
	InputPower  = bus.InputPower
	InputReset  = bus.InputReset
	InputRate   = bus.InputRate
)

// Never is the answer of IdleUntil where nothing is due.
const Never = bus.Never

// OpenImage opens the raw disk image at path. The error is one line that starts
// with the path and says what to do. Close it after the machine.
func OpenImage(path string, opts ImageOptions) (*Image, error) { return image.Open(path, opts) }

// MemoryImage is a disk over data, which never changes: the guest's writes go
// elsewhere. It is filled up with zeros to a multiple of 512 bytes.
func MemoryImage(data []byte) *Image { return image.Memory(data) }

// Undo puts a disk over another one that can take back what was written, as Track
// wants it.
func Undo(under Disk) *UndoDisk { return image.NewUndo(under) }

// Models are the processor models, for Config.CPU.
func Models() []string { return cpu.ModelNames() }
