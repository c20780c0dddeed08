package ringzero

import (
	"errors"
	"fmt"
	"io"

	"ringzero/cpu"
	"ringzero/translator"
)

// Config is what a machine is made of. The zero value of each field is a
// default, so that &Config{} is a machine with 512 MiB and no disk.
type Config struct {
	// Memory in bytes, a multiple of 1 MiB from 2 MiB to 64 GiB; default 512 MiB.
	Memory uint64
	// CPU is one of Models; default max.
	CPU string
	// Floppy is drive A:, served by the BIOS; nil for none. See OpenImage and
	// MemoryImage.
	Floppy Disk
	// Disks are up to four IDE hard disks: primary master and slave, secondary
	// master and slave; nil for none at a place.
	Disks []Disk
	// Kernel, where set, is started instead of a disk: bzImage, Multiboot, ELF.
	Kernel *Kernel
	// BIOS replaces the built-in ROM: at most 256 KiB, a multiple of 4096.
	BIOS []byte
	// Serial takes what COM1 sends, Debug what goes to port E9h; nil for nowhere.
	// What is sent within a Step is written at its end. See EachByte for a writer
	// that gets each byte at the instruction that sends it. The first error is
	// Err's, and nothing is written after it. A write that hangs holds the machine
	// up, whatever the context says.
	Serial, Debug io.Writer
	// SerialInput is what comes in at COM1, read by Run and its like while the
	// guest takes it; nil for nothing. Who calls Step has SerialIn.
	SerialInput io.Reader
	// Time is what the RTC shows at power-on, in Unix seconds.
	Time int64
	// Seed feeds every randomness.
	Seed uint64
	// MaxInstructions ends the run after so many steps, 0 for never.
	MaxInstructions uint64
	// NoReboot ends the run where the machine would be reset.
	NoReboot bool
	// Real paces virtual time by the host's: Step then answers Idle where it
	// has to wait. Without it the guest's idle time is skipped.
	Real bool
	// OnBoot is told why nothing could be booted, in one line.
	OnBoot func(reason string)
	// Test is for tests of the engine.
	Test Test
}

// Test bounds the engine, so that tests show that no guest sees any of it.
type Test struct {
	Engine translator.Config
	// TLBEntries bounds the entries of the TLB that stay filled, 0 for all.
	TLBEntries int
}

const (
	minMemory     = 2 << 20
	defaultMemory = 512 << 20
	maxMemory     = 64 << 30
)

// Validate fills defaults in and checks what needs no host; the error is one
// line for the user.
func (c *Config) Validate() error {
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.Memory < minMemory || c.Memory > maxMemory || c.Memory%(1<<20) != 0 {
		return fmt.Errorf("memory of %d bytes: it must be whole MiB, from 2M to 64G", c.Memory)
	}
	if _, err := cpu.ModelByName(c.CPU); err != nil {
		return err
	}
	if len(c.Disks) > 4 {
		return errors.New("more than four disks: the IDE controller has two channels of two drives")
	}
	if c.Kernel != nil && c.BIOS != nil {
		return errors.New("a kernel is started by the built-in BIOS: give either a kernel or a BIOS")
	}
	return nil
}
