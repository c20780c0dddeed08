package bios

import (
	"errors"
	"fmt"

	"ringzero/bus"
)

// The private port: ServicePorts ports from ServicePort, of width 2. Writing
// ServiceMagic as a word calls a service; anything else does nothing.
const (
	ServicePort  = 0x4f0
	ServicePorts = 2
	ServiceMagic = 0x5a52
)

// Regs is what the BIOS sees of the processor that executes the OUT.
type Regs interface {
	// Reg is the low half of a general register (x86.AX ... x86.DI).
	Reg(n int) uint32
	// SegBase is the linear base of a segment register (x86.ES ... x86.GS).
	SegBase(n int) uint32
}

// Linear is satisfied by a Regs that can translate: a caller in virtual-8086
// mode with paging passes pointers that are not physical. Physical answers
// false where the page is not present.
type Linear interface {
	Physical(linear uint32, write bool) (phys uint64, ok bool)
}

// Stack is satisfied by a Regs that knows how much of ESP counts: callers of the
// PCI BIOS have 32-bit stacks. Without it that is SP.
type Stack interface {
	StackMask() uint32
}

// Memory is physical memory: Read and Write reach RAM and ROM only, Load and
// Store device windows too. *bus.Memory is one.
type Memory interface {
	bus.DMA
	Load(phys uint64, size int) uint64
	Store(phys uint64, size int, v uint64)
}

// Ports is the I/O space. *bus.Ports is one.
type Ports interface {
	In(port uint16, size int) uint64
	Out(port uint16, size int, v uint64)
}

// BootDevice is a place to boot from.
type BootDevice int

// Boot devices.
const (
	BootFloppy BootDevice = iota
	BootDisk
)

// Kernel is what is started instead of a boot sector.
type Kernel struct {
	Image   []byte // bzImage, Multiboot or ELF, told apart by content
	Initrd  []byte // Linux's initrd; nil for none
	Cmdline string // without the terminating zero
	// Name and InitrdName are the files' names, with which the command lines of
	// Multiboot begin (GRUB's and QEMU's way); Linux's has none.
	Name, InitrdName string
	Modules          []Module // Multiboot modules; Initrd counts as the first one
}

// KernelError is why New can't start a kernel: one line that says what is wrong
// with the kernel, its initrd or its command line, without a file's name.
type KernelError struct{ Err error }

func (e *KernelError) Error() string { return e.Err.Error() }
func (e *KernelError) Unwrap() error { return e.Err }

// Module is a Multiboot module.
type Module struct {
	Data    []byte
	Cmdline string
}

// Config is everything that a BIOS needs.
type Config struct {
	Regs   Regs
	Memory Memory
	Ports  Ports

	// Drives are floppies and hard disks, in the order of their numbers: the
	// first Floppy is 00h, the first Hard is 80h.
	Drives []Drive

	// LowRAM is the end of RAM below 4 GiB and HighRAM the bytes from 4 GiB
	// on, as in bus.Memory; multiples of 4096.
	LowRAM  uint64
	HighRAM uint64

	// LongMode is whether the processor has it: a kernel that needs it is
	// refused elsewhere.
	LongMode bool

	// CPUMHz is told by SMBIOS, Banner is put on the screen by POST.
	CPUMHz int
	Banner string

	// Boot is the order in which devices are tried; nil means floppy, disk.
	Boot []BootDevice

	// Kernel, where set, is started and Boot is not looked at.
	Kernel *Kernel

	// NoBoot, where set, is told in one line why nothing could be booted, just
	// before the ROM halts for good.
	NoBoot func(reason string)
}

// BIOS is the ROM and its services; it satisfies bus.Device for the private
// port.
type BIOS struct {
	cfg    Config
	mem    Memory
	ports  Ports
	rom    []byte
	layout romLayout
	memMap []MemRange
	floppy []*Drive
	hard   []*Drive
	plan   *Plan // of cfg.Kernel
}

// MinLowRAM is the least Config.LowRAM, as the tables want room above 1 MiB; the
// most is bus.HoleBase, where the PCI hole starts.
const MinLowRAM = 2 << 20

// New makes the ROM and tables of a configuration. Errors are about what the user
// gave: drive images, a kernel that can't be loaded or an initrd that does not
// fit.
func New(cfg Config) (*BIOS, error) {
	if cfg.LowRAM < MinLowRAM || cfg.LowRAM > bus.HoleBase || cfg.LowRAM%4096 != 0 || cfg.HighRAM%4096 != 0 {
		panic(fmt.Sprintf("BUG: bios: %d and %d bytes of memory", cfg.LowRAM, cfg.HighRAM))
	}
	if cfg.Boot == nil {
		cfg.Boot = []BootDevice{BootFloppy, BootDisk}
	}
	b := &BIOS{cfg: cfg, mem: cfg.Memory, ports: cfg.Ports}
	b.memMap = memoryMap(cfg.LowRAM, cfg.HighRAM)
	if err := b.addDrives(cfg.Drives); err != nil {
		return nil, err
	}
	if k := cfg.Kernel; k != nil {
		p, err := PlanKernel(*k, b.memMap)
		if err == nil && p.LongMode && !cfg.LongMode {
			err = errors.New("the Linux kernel is a 64-bit one, and the processor has no long mode: take a 32-bit kernel (i386, 686)")
		}
		if err != nil {
			return nil, &KernelError{err}
		}
		b.plan = p
	}
	b.buildROM()
	return b, nil
}

// ROM is the 64 KiB image to be mapped so that it ends at 1 MiB and, aliased,
// at 4 GiB. The caller must not change it.
func (b *BIOS) ROM() []byte { return b.rom }

// MemoryMap is what INT 15h, AX=E820h tells.
func (b *BIOS) MemoryMap() []MemRange { return b.memMap }

// Read is a read of the private port: nothing is there.
func (b *BIOS) Read(offset uint64, size int) uint64 { return ^uint64(0) }

// Write is a write to the private port: the magic word calls the service whose
// frame is at SS:SP.
func (b *BIOS) Write(offset uint64, size int, value uint64) {
	if offset != 0 || size != 2 || value&0xffff != ServiceMagic {
		return
	}
	b.serve()
}
