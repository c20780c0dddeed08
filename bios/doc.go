// Package bios is the built-in BIOS: a small ROM whose services are Go
// functions, the tables that firmware leaves in memory (ACPI, SMBIOS, $PIR,
// E820), and the loaders for kernels given on the command line.
//
// # How the ROM and Go talk
//
// rom.asm holds the stubs of the software interrupts. A stub pushes its vector
// and a frame with every register of the caller (frame.go) and writes
// ServiceMagic to ServicePort. That write arrives in [BIOS.Write], which finds
// the frame at SS:SP, reads it from guest memory, runs the service and writes
// the changed frame back. The ROM then looks at the frame's status byte:
//
//   - done: pop the registers and IRET; results and flags (CF, ZF) are what the
//     service put in the frame;
//   - wait: STI, HLT, CLI, and ask again with the same frame: a service never
//     waits in Go, it answers "not yet". What it must remember it keeps in the
//     frame's scratch field, in the BDA or in the EBDA;
//   - poll: the same without HLT, where no interrupt tells of the change;
//   - enter: continue with another frame, at the SS:SP in the scratch field
//     (boot sectors, Linux's 16-bit entry);
//   - protected: load a flat GDT, set CR0.PE and jump to the 32-bit address in
//     the scratch field with the frame's registers (Multiboot, ELF);
//   - stop: CLI, HLT for good (nothing to boot).
//
// So every bit of state that changes while the guest runs is in guest memory
// or in chips: the BIOS is a pure function of its Config, and a snapshot need
// not hold it. It reads the processor's SS base and SP only and never changes
// a register behind the translator's back.
//
// Services touch chips through the same ports as the guest, and disks through
// the same bus.Disk as the IDE drive. They are tested for hostile input:
// whatever a guest puts in registers and memory, a service ends, and never
// panics.
//
// # What POST leaves behind
//
// IVT at 0, BDA at 400h, EBDA of 1 KiB at 9FC00h, ROM and the F-segment tables
// at F0000h (RSDP, SMBIOS entry, $PIR, fonts, configuration table), ACPI tables
// in the last 64 KiB of low RAM. PIC at vectors 08h and 70h, PIT channel 0 at
// 18.2 Hz, PCI base registers and interrupt routes assigned, VGA in mode 3.
//
// Sources: the IBM AT BIOS interface as described in Ralf Brown's Interrupt
// List; T13 D1572 (EDD-3); ACPI 1.0b and 2.0; SMBIOS 2.4; PCI BIOS 2.1; the
// Linux/x86 boot protocol (Documentation/arch/x86/boot.rst); Multiboot 0.6.96.
package bios
