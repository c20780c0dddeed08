package ringzero

import (
	"fmt"
	"io"
	"strings"

	"ringzero/bios"
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
	minMemory     = bios.MinLowRAM
	defaultMemory = 512 << 20
	maxMemory     = 64 << 30
	maxDisks      = 4
)

// ConfigError is what is wrong with a field of a Config, in one line.
type ConfigError struct {
	Field string
	Err   error // without the field and its value
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// Validate fills defaults in and checks what needs no host; the error is a
// *ConfigError.
func (c *Config) Validate() error {
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	bad := func(field, format string, args ...any) error { return &ConfigError{field, fmt.Errorf(format, args...)} }
	_, noModel := cpu.ModelByName(c.CPU)
	switch {
	case c.Memory < minMemory || c.Memory > maxMemory || c.Memory%(1<<20) != 0:
		return bad("Memory", "it must be whole MiB, from %dM to %dG", minMemory>>20, maxMemory>>30)
	case noModel != nil:
		return bad("CPU", "it is one of %s", strings.Join(cpu.ModelNames(), ", "))
	case len(c.Disks) > maxDisks:
		return bad("Disks", "%d are too many: the IDE controller has room for four", len(c.Disks))
	case c.Kernel != nil && c.BIOS != nil:
		return bad("BIOS", "a kernel is started by the built-in BIOS: give either a kernel or a BIOS")
	}
	return nil
}
