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
	CPU    *cpu.CPU
	Engine *translator.Engine
	Memory *bus.Memory
	Ports  *bus.Ports
	Clock  *bus.Clock
	Log    bus.InputLog

	PIC    *pic.Pair
	PIT    *pit.PIT
	RTC    *rtc.RTC
	Keys   *i8042.Controller
	COM1   *uart.UART
	VGA    *vga.VGA
	PCI    *pci.Bus
	Host   *i440fx.Bridge
	ISA    *piix.ISA
	IDE    *ide.Controller
	Power  *piix.PM
	port92 *port92.Port
	bios   *bios.BIOS
	rom    []byte
	names  []symbol // of the kernel, for reports; nil before the first

	conf          Config
	a20           *bus.Gate
	savers        []namedSaver
	resets        []bus.Resetter
	serial, debug *output
	input         *serial.Reader // of Config.SerialInput, once it is read
	chunks        <-chan []byte  // from it; nil at its end
	pending       inputs
	exit          *uint32
	// wanted is why the run shall stop at the next boundary.
	wanted Stop
	reset  bool
	slice  uint64 // steps of a Step, at most
	hurry  hurry
	to     uint64 // the step at which to come back in any case
	clock  timebase
}

type namedSaver struct {
	name string
	bus.Saver
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
	m := &Machine{Memory: mem, Ports: bus.NewPorts(), Clock: bus.NewClock(), conf: conf,
		clock: timebase{num: 1, den: 1}, slice: maxSlice, to: Never,
		serial: newOutput("serial port", conf.Serial), debug: newOutput("debug port", conf.Debug)}
	m.CPU = cpu.New(model, mem, m.Ports)
	m.CPU.Seed(conf.Seed)
	m.CPU.Time = m.clock.at
	m.CPU.SyncClock = func() { m.Clock.Set(m.clock.at(m.CPU.Steps())) }
	m.CPU.Spend = m.spend
	m.Clock.Changed = m.CPU.Leave
	m.Engine = translator.New(m.CPU, conf.Test.Engine)
	if conf.Test.TLBEntries > 0 {
		m.CPU.MMU.Limit(conf.Test.TLBEntries)
		m.CPU.FlushTLB()
	}
	m.chips()
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
	m.Memory.Close()
}

// chips makes the devices and joins their wires: interrupt requests, A20, reset.
func (m *Machine) chips() {
	c := m.Clock
	resetLine := bus.LineFunc(func(level bool) {
		if level {
			m.reset = true
			m.CPU.Leave()
		}
	})
	m.PIC = pic.New(bus.LineFunc(m.CPU.SetIRQ))
	m.CPU.Acknowledge = m.PIC.Acknowledge
	m.CPU.FERR = m.PIC.Line(13)
	m.PIT = pit.New(c, m.PIC.Line(0))
	m.RTC = rtc.New(c, m.PIC.Line(8), m.conf.Time)
	m.a20 = bus.NewGate(bus.LineFunc(m.CPU.SetA20))
	m.Keys = i8042.New(c, m.PIC.Line(1), m.PIC.Line(12), m.a20, resetLine)
	m.port92 = port92.New(m.a20, resetLine)
	m.COM1 = uart.New(c, m.PIC.Line(4), m.serial)
	ready := func() {
		if m.pending.any() {
			m.CPU.Leave()
		}
	}
	m.COM1.OnReady(ready)
	m.Keys.OnReady(ready)
	m.VGA = vga.New(c)
	m.PCI = pci.New()
	m.Host = i440fx.New(m.shadow)
	// ISA interrupts that PCI functions may be routed to share their lines.
	lines := map[int]bus.Line{}
	m.ISA = piix.NewISA(func(n int) bus.Line {
		if lines[n] == nil {
			if n == 2 || n < 0 || n > 15 {
				return bus.NoLine
			}
			lines[n] = m.PIC.Line(n)
		}
		return lines[n]
	}, resetLine, resetLine)
	m.IDE = ide.New(c, m.PIC.Line(14), m.PIC.Line(15), m.Memory, m.Ports)
	m.Power = piix.NewPM(c, m.PIC.Line(9), func() { m.Stop(PoweredOff) }, m.Ports)
}

// wire is the address map.
func (m *Machine) wire() error {
	exit := debugport.NewExit(func(v uint32) { m.exit = &v; m.Stop(DebugExit) })
	type ports struct {
		name  string
		base  uint16
		n     int
		width int
		dev   bus.Device
	}
	for _, p := range []ports{
		{"8259A master", 0x20, 2, 1, m.PIC.Master()},
		{"8259A slave", 0xa0, 2, 1, m.PIC.Slave()},
		{"ELCR", 0x4d0, 2, 1, m.PIC.ELCR()},
		{"8254", 0x40, 4, 1, m.PIT},
		{"port 61h", 0x61, 1, 1, m.PIT.Port61()},
		{"8042 data", 0x60, 1, 1, m.Keys.Data()},
		{"8042 command", 0x64, 1, 1, m.Keys.Command()},
		{"RTC", 0x70, 2, 1, m.RTC},
		{"port 92h", 0x92, 1, 1, m.port92},
		{"APM control", 0xb2, 2, 1, m.Power.APM()},
		{"debug console", 0xe9, 1, 1, debugport.New(m.debug)},
		{"coprocessor", 0xf0, 2, 1, clearFERR{m.PIC.Line(13), m.CPU}},
		{"VGA", vga.PortsBase, vga.PortsSize, 2, m.VGA.Ports()},
		{"COM1", 0x3f8, 8, 1, m.COM1},
		{"isa-debug-exit", 0x501, 4, 4, exit},
	} {
		if err := m.Ports.Map(p.name, p.base, p.n, p.width, p.dev); err != nil {
			return err
		}
	}
	for _, p := range []ports{
		{"PCI configuration", 0xcf8, pci.Ports, 4, m.PCI},
		{"IDE primary", 0x1f0, ide.CommandPorts, 4, m.IDE.Command(0)},
		{"IDE primary control", 0x3f6, ide.ControlPorts, 1, m.IDE.Control(0)},
		{"IDE secondary", 0x170, ide.CommandPorts, 4, m.IDE.Command(1)},
		{"IDE secondary control", 0x376, ide.ControlPorts, 1, m.IDE.Control(1)},
	} {
		if err := m.Ports.MapPCI(p.name, p.base, p.n, p.width, p.dev); err != nil {
			return err
		}
	}
	if err := m.Memory.MapMMIO("VGA memory", vga.MemoryBase, vga.MemorySize, 4, m.VGA.Memory()); err != nil {
		return err
	}
	for _, f := range []struct {
		slot, function int
		dev            bus.PCIFunction
	}{{0, 0, m.Host}, {1, 0, m.ISA}, {1, 1, m.IDE}, {1, 3, m.Power}} {
		if err := m.PCI.Attach(f.slot, f.function, f.dev); err != nil {
			return err
		}
	}
	m.PCI.AttachResetControl(m.ISA.ResetControl())
	for i, d := range m.conf.Disks {
		if d == nil {
			continue
		}
		if err := m.IDE.Attach(i/2, i%2, d); err != nil {
			return err
		}
	}
	m.savers = []namedSaver{{"pic", m.PIC}, {"pit", m.PIT}, {"rtc", m.RTC}, {"i8042", m.Keys}, {"port92", m.port92},
		{"uart", m.COM1}, {"vga", m.VGA}, {"pci", m.PCI}, {"i440fx", m.Host}, {"piix3", m.ISA}, {"ide", m.IDE}, {"piix4", m.Power}}
	m.resets = []bus.Resetter{m.PIC, m.PIT, m.RTC, m.Keys, m.port92, m.COM1, m.VGA, m.PCI, m.Host, m.ISA, m.IDE, m.Power}
	return nil
}

// MapPorts puts a device of the embedder's at n ports from base, on the ISA bus.
// Accesses wider than width bytes are split. An overlap is an error that names
// both.
func (m *Machine) MapPorts(name string, base uint16, n, width int, dev Device) error {
	return m.Ports.Map(name, base, n, width, dev)
}

// firmware puts the BIOS in place: ours, or the one that was given.
func (m *Machine) firmware() error {
	if m.conf.BIOS != nil {
		m.rom = m.conf.BIOS
		return m.Memory.SetROM(m.rom)
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
		Regs: biosRegs{m.CPU}, Memory: m.Memory, Ports: m.Ports, Drives: drives,
		LowRAM: m.Memory.LowRAM(), HighRAM: m.Memory.HighRAM(), CPUMHz: 1000, Banner: "ringzero\r\n", Kernel: m.conf.Kernel,
		NoBoot: m.conf.OnBoot, LongMode: m.CPU.Model.Has(decoder.LM),
	})
	if err != nil {
		return err
	}
	m.rom = m.bios.ROM()
	if err := m.Memory.SetROM(m.rom); err != nil {
		return err
	}
	return m.Ports.Map("BIOS services", bios.ServicePort, 2, 2, services{m.bios, m})
}

// powerOn resets every chip.
func (m *Machine) powerOn() {
	for _, r := range m.resets {
		r.Reset()
	}
	// The RAM behind the ROM shares its bytes here: what a guest wrote there is
	// replaced, as the PAM registers closed the RAM.
	if err := m.Memory.SetROM(m.rom); err != nil {
		panic("BUG: ROM that fitted once: " + err.Error())
	}
	m.CPU.Reset()
	m.fillCMOS()
	m.CPU.FlushTLB()
}

// shadow follows the PAM registers. ROM and the RAM behind it are the same
// bytes here, so only the permission to write matters.
func (m *Machine) shadow(index int, read, write bool) {
	base, size := i440fx.Region(index)
	m.Memory.Shadow(base, size, true, write)
	m.CPU.FlushTLB()
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
		s.m.CPU.Leave()
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
