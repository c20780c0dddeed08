// Package ringzero is a PC in software: it wires processor, translator, memory
// and chips together, and runs them. Everything that a guest can see is a pure
// function of Config and of the input that is logged.
package ringzero

import (
	"ringzero/bios"
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/devices/debugport"
	"ringzero/devices/i440fx"
	"ringzero/devices/i8042"
	"ringzero/devices/ide"
	"ringzero/devices/pci"
	"ringzero/devices/pic"
	"ringzero/devices/piix"
	"ringzero/devices/pit"
	"ringzero/devices/port92"
	"ringzero/devices/rtc"
	"ringzero/devices/uart"
	"ringzero/devices/vga"
	"ringzero/host/serial"
	"ringzero/translator"
)

// Machine is one PC. One goroutine owns it.
type Machine struct {
	cpu    *cpu.CPU
	engine *translator.Engine
	memory *bus.Memory
	ports  *bus.Ports
	events *bus.Clock
	log    bus.InputLog

	pic    *pic.Pair
	pit    *pit.PIT
	rtc    *rtc.RTC
	keys   *i8042.Controller
	com1   *uart.UART
	vga    *vga.VGA
	pci    *pci.Bus
	bridge *i440fx.Bridge
	isa    *piix.ISA
	ide    *ide.Controller
	power  *piix.PM
	port92 *port92.Port
	bios   *bios.BIOS
	rom    []byte

	conf          Config
	a20           *bus.Gate
	chips         []chip
	serial, debug *output
	input         *serial.Reader // of Config.SerialInput, once it is read
	chunks        <-chan []byte  // from it; nil at its end
	pending       inputs
	exit          *uint32
	// wanted is why the run shall stop at the next boundary.
	wanted Stop
	reset  bool
	init   bool   // of the processor alone
	slice  uint64 // steps of a Step, at most
	hurry  hurry
	to     uint64 // the step at which to come back in any case
	clock  timebase

	stops   standing
	tracked tracker
	muted   bool
}

// chip is one of those that are reset, saved and hashed, in the order in which
// they are made.
type chip struct {
	name string
	bus.Chip
}

// add lists a chip.
func add[C bus.Chip](m *Machine, name string, c C) C {
	m.chips = append(m.chips, chip{name, c})
	return c
}

// New makes a machine, switched on but not yet run. Errors are one line: what is
// wrong with the configuration, or what the host refuses.
func New(conf Config) (*Machine, error) {
	if err := conf.Validate(); err != nil {
		return nil, err
	}
	model, err := cpu.ModelByName(conf.CPU)
	if err != nil {
		return nil, err
	}
	mem, err := bus.NewMemory(conf.Memory)
	if err != nil {
		return nil, err
	}
	m := &Machine{memory: mem, ports: bus.NewPorts(), events: bus.NewClock(), conf: conf,
		clock: timebase{num: 1, den: 1}, slice: maxSlice, to: Never,
		serial: newOutput("serial port", conf.Serial), debug: newOutput("debug port", conf.Debug)}
	m.cpu = cpu.New(model, mem, m.ports)
	m.cpu.Seed(conf.Seed)
	m.cpu.Time = m.clock.at
	m.cpu.SyncClock = func() { m.events.Set(m.clock.at(m.cpu.Steps())) }
	m.cpu.Spend = m.spend
	m.events.Changed = m.cpu.EndSlice
	m.engine = translator.New(m.cpu, conf.Test.Engine)
	if conf.Test.TLBEntries > 0 {
		m.cpu.MMU.Limit(conf.Test.TLBEntries)
		m.cpu.FlushTLB()
	}
	m.makeChips()
	if err := m.wire(); err != nil {
		mem.Close()
		return nil, err
	}
	if err := m.firmware(); err != nil {
		mem.Close()
		return nil, err
	}
	m.powerOn()
	return m, nil
}

// Close gives the guest's memory back to the host, and lets go of SerialInput. A
// read of it that hangs stays until it returns. Nothing may be called afterwards.
func (m *Machine) Close() {
	if m.input != nil {
		m.input.Stop()
	}
	m.memory.Close()
}

// makeChips makes the devices and joins their wires: interrupt requests, A20, reset.
func (m *Machine) makeChips() {
	c := m.events
	pulse := func(what *bool) {
		*what = true
		m.cpu.EndSlice()
	}
	resetLine := bus.LineFunc(func(level bool) {
		if level {
			pulse(&m.reset)
		}
	})
	// The 8042, port 92h and a soft reset by the PIIX reset the processor alone.
	// Firmware then goes on as the shutdown byte says. Where that is to start anew,
	// it would find the ROM as the guest left the RAM behind it, the same bytes
	// here: so that is a reset of the machine.
	initLine := bus.LineFunc(func(level bool) {
		switch {
		case level && resumes(m.rtc.CMOS(cmosShutdown)):
			pulse(&m.init)
		case level:
			pulse(&m.reset)
		}
	})
	m.pic = add(m, "pic", pic.New(bus.LineFunc(m.cpu.SetIRQ)))
	m.cpu.Acknowledge = m.pic.Acknowledge
	m.cpu.FERR = m.pic.Line(13)
	m.pit = add(m, "pit", pit.New(c, m.pic.Line(0)))
	m.rtc = add(m, "rtc", rtc.New(c, m.pic.Line(8), m.conf.Time))
	m.a20 = bus.NewGate(bus.LineFunc(m.cpu.SetA20))
	m.keys = add(m, "i8042", i8042.New(c, m.pic.Line(1), m.pic.Line(12), m.a20, initLine))
	m.port92 = add(m, "port92", port92.New(m.a20, initLine))
	m.com1 = add(m, "uart", uart.New(c, m.pic.Line(4), m.serial))
	ready := func() {
		if m.pending.any() {
			m.cpu.EndSlice()
		}
	}
	m.com1.OnReady(ready)
	m.keys.OnReady(ready)
	m.vga = add(m, "vga", vga.New(c))
	m.pci = add(m, "pci", pci.New())
	m.bridge = add(m, "i440fx", i440fx.New(m.shadow))
	// ISA interrupts that PCI functions may be routed to share their lines.
	lines := map[int]bus.Line{}
	m.isa = add(m, "piix3", piix.NewISA(func(n int) bus.Line {
		if lines[n] == nil {
			if n == 2 || n < 0 || n > 15 {
				return bus.NoLine
			}
			lines[n] = m.pic.Line(n)
		}
		return lines[n]
	}, resetLine, initLine))
	m.ide = add(m, "ide", ide.New(c, m.pic.Line(14), m.pic.Line(15), m.memory, m.ports))
	m.power = add(m, "piix4", piix.NewPM(c, m.pic.Line(9), func() { m.Stop(PoweredOff) }, m.ports))
}

// portMap is the address map of the ports: first those of the ISA bus, then PCI's.
var portMap = []struct {
	name  string
	pci   bool
	base  uint16
	n     int
	width int
	dev   func(m *Machine) bus.Device
}{
	{"8259A master", false, 0x20, 2, 1, func(m *Machine) bus.Device { return m.pic.Master() }},
	{"8259A slave", false, 0xa0, 2, 1, func(m *Machine) bus.Device { return m.pic.Slave() }},
	{"ELCR", false, 0x4d0, 2, 1, func(m *Machine) bus.Device { return m.pic.ELCR() }},
	{"8254", false, 0x40, 4, 1, func(m *Machine) bus.Device { return m.pit }},
	{"port 61h", false, 0x61, 1, 1, func(m *Machine) bus.Device { return m.pit.Port61() }},
	{"8042 data", false, 0x60, 1, 1, func(m *Machine) bus.Device { return m.keys.Data() }},
	{"8042 command", false, 0x64, 1, 1, func(m *Machine) bus.Device { return m.keys.Command() }},
	{"RTC", false, 0x70, 2, 1, func(m *Machine) bus.Device { return m.rtc }},
	{"port 92h", false, 0x92, 1, 1, func(m *Machine) bus.Device { return m.port92 }},
	{"APM control", false, 0xb2, 2, 1, func(m *Machine) bus.Device { return m.power.APM() }},
	{"debug console", false, 0xe9, 1, 1, func(m *Machine) bus.Device { return debugport.New(m.debug) }},
	{"coprocessor", false, 0xf0, 2, 1, func(m *Machine) bus.Device { return clearFERR{m.pic.Line(13), m.cpu} }},
	{"VGA", false, vga.PortsBase, vga.PortsSize, 2, func(m *Machine) bus.Device { return m.vga.Ports() }},
	{"COM1", false, 0x3f8, 8, 1, func(m *Machine) bus.Device { return m.com1 }},
	{"isa-debug-exit", false, 0x501, 4, 4, func(m *Machine) bus.Device { return debugport.NewExit(m.exits) }},
	{"PCI configuration", true, 0xcf8, pci.Ports, 4, func(m *Machine) bus.Device { return m.pci }},
	{"IDE primary", true, 0x1f0, ide.CommandPorts, 4, func(m *Machine) bus.Device { return m.ide.Command(0) }},
	{"IDE primary control", true, 0x3f6, ide.ControlPorts, 1, func(m *Machine) bus.Device { return m.ide.Control(0) }},
	{"IDE secondary", true, 0x170, ide.CommandPorts, 4, func(m *Machine) bus.Device { return m.ide.Command(1) }},
	{"IDE secondary control", true, 0x376, ide.ControlPorts, 1, func(m *Machine) bus.Device { return m.ide.Control(1) }},
}

// pciMap is bus 0.
var pciMap = []struct {
	slot, function int
	dev            func(m *Machine) bus.PCIFunction
}{
	{0, 0, func(m *Machine) bus.PCIFunction { return m.bridge }},
	{1, 0, func(m *Machine) bus.PCIFunction { return m.isa }},
	{1, 1, func(m *Machine) bus.PCIFunction { return m.ide }},
	{1, 3, func(m *Machine) bus.PCIFunction { return m.power }},
}

// wire puts the chips in their places, and the disks on their cables.
func (m *Machine) wire() error {
	for _, p := range portMap {
		put := m.ports.Map
		if p.pci {
			put = m.ports.MapPCI
		}
		if err := put(p.name, p.base, p.n, p.width, p.dev(m)); err != nil {
			return err
		}
	}
	if err := m.memory.MapMMIO("VGA memory", vga.MemoryBase, vga.MemorySize, 4, m.vga.Memory()); err != nil {
		return err
	}
	for _, f := range pciMap {
		if err := m.pci.Attach(f.slot, f.function, f.dev(m)); err != nil {
			return err
		}
	}
	m.pci.AttachResetControl(m.isa.ResetControl())
	for i, d := range m.conf.Disks {
		if d == nil {
			continue
		}
		if err := m.ide.Attach(i/2, i%2, d); err != nil {
			return err
		}
	}
	return nil
}

// exits is a write to isa-debug-exit.
func (m *Machine) exits(value uint32) {
	m.exit = &value
	m.Stop(DebugExit)
}

// MapPorts puts a device of the embedder's at n ports from base, on the ISA bus.
// Accesses wider than width bytes are split. An overlap is an error that names
// both.
func (m *Machine) MapPorts(name string, base uint16, n, width int, dev Device) error {
	return m.ports.Map(name, base, n, width, dev)
}

// firmware puts the BIOS in place: ours, or the one that was given.
func (m *Machine) firmware() error {
	if m.conf.BIOS != nil {
		m.rom = m.conf.BIOS
		return m.memory.SetROM(m.rom)
	}
	var drives []bios.Drive
	if m.conf.Floppy != nil {
		drives = append(drives, bios.Drive{Disk: m.conf.Floppy, Kind: bios.Floppy})
	}
	for i, d := range m.conf.Disks {
		if d == nil {
			continue
		}
		drives = append(drives, bios.Drive{Disk: d, Kind: bios.Hard, Channel: i / 2, Unit: i % 2})
	}
	var err error
	m.bios, err = bios.New(bios.Config{
		Regs: biosRegs{m.cpu}, Memory: m.memory, Ports: m.ports, Drives: drives,
		LowRAM: m.memory.LowRAM(), HighRAM: m.memory.HighRAM(), CPUMHz: 1000, Banner: "ringzero\r\n", Kernel: m.conf.Kernel,
		NoBoot: m.noBoot, LongMode: m.cpu.Model.Has(decoder.LM),
	})
	if err != nil {
		return err
	}
	m.rom = m.bios.ROM()
	if err := m.memory.SetROM(m.rom); err != nil {
		return err
	}
	return m.ports.Map("BIOS services", bios.ServicePort, 2, 2, services{m.bios, m})
}

// noBoot tells why nothing could be booted.
func (m *Machine) noBoot(reason string) {
	if m.conf.OnBoot != nil && !m.muted {
		m.conf.OnBoot(reason)
	}
}

// powerOn resets every chip.
func (m *Machine) powerOn() {
	for _, c := range m.chips {
		c.Reset()
	}
	// The RAM behind the ROM shares its bytes here: what a guest wrote there is
	// replaced, as the PAM registers closed the RAM.
	if err := m.memory.SetROM(m.rom); err != nil {
		panic("BUG: ROM that fitted once: " + err.Error())
	}
	m.cpu.Reset()
	m.fillCMOS()
	m.cpu.FlushTLB()
}

// shadow follows the PAM registers. ROM and the RAM behind it are the same
// bytes here, so only the permission to write matters.
func (m *Machine) shadow(index int, read, write bool) {
	base, size := i440fx.Region(index)
	m.memory.Shadow(base, size, true, write)
	m.cpu.FlushTLB()
}

// clearFERR is port F0h, which lets the x87's interrupt 13 go, and the processor
// on.
type clearFERR struct {
	line bus.Line
	cpu  *cpu.CPU
}

func (f clearFERR) Read(uint64, int) uint64                 { return 0xff }
func (f clearFERR) Write(offset uint64, size int, v uint64) { f.line.Set(false); f.cpu.IgnoreErrors() }

// services is the BIOS's port. One write may have it do what takes 100 us of the
// host's time and more, so a Step in a hurry looks up behind each.
type services struct {
	*bios.BIOS
	m *Machine
}

func (s services) Write(offset uint64, size int, v uint64) {
	s.BIOS.Write(offset, size, v)
	if s.m.hurry.clock != nil {
		s.m.hurry.now = true
		s.m.cpu.EndSlice()
	}
}

// biosRegs shows the BIOS the processor.
type biosRegs struct{ c *cpu.CPU }

func (r biosRegs) Reg(n int) uint32     { return uint32(r.c.R[n&15]) }
func (r biosRegs) SegBase(n int) uint32 { return uint32(r.c.Seg[n&7].Base) }

func (r biosRegs) StackMask() uint32 { return uint32(r.c.StackMask()) }

// Physical translates for a caller in virtual-8086 mode, or of the PCI BIOS.
func (r biosRegs) Physical(linear uint32, write bool) (uint64, bool) {
	return r.c.Physical(uint64(linear), write)
}
