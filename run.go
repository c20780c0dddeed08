package ringzero

import (
	"fmt"

	"ringzero/bus"
	"ringzero/x86"
)

// Stop is why Step came back.
type Stop int

const (
	// Going: call Step again.
	Going Stop = iota
	// Idle: the processor waits for an interrupt. With Config.Real the host
	// shall sleep until IdleUntil, or until there is input, and call Step again.
	Idle
	// PoweredOff: the guest switched the machine off.
	PoweredOff
	// Rebooted: the guest reset the machine, under Config.NoReboot.
	Rebooted
	// TripleFault: the processor shut down; see Report.
	TripleFault
	// HaltedForGood: HLT with interrupts off.
	HaltedForGood
	// Limit: Config.MaxInstructions steps were taken.
	Limit
	// DebugExit: the guest wrote to isa-debug-exit; see ExitValue.
	DebugExit
	// Requested: somebody called Stop(Requested).
	Requested
	// Stopped: the machine stands at something of its Stops; see Hit.
	Stopped
)

var stopNames = [...]string{"going", "idle", "powered off", "reset", "triple fault", "halted for good", "limit", "debug exit", "requested", "stopped"}

// String names the reason.
func (s Stop) String() string {
	if int(s) < len(stopNames) {
		return stopNames[s]
	}
	return fmt.Sprintf("Stop(%d)", int(s))
}

const (
	// maxSlice is the steps of a Step at most; at its end nothing happens to the
	// guest, so its length never shows.
	maxSlice = 200_000
	// mostTurns bounds what a Step does beside running code: interrupts
	// delivered, idle time passed over.
	mostTurns = 500
)

// spend lets time pass within a step; what is due comes as much nearer.
func (m *Machine) spend(ns uint64) {
	m.clock.spend(ns)
	m.cpu.Shorten(ns*m.clock.den/m.clock.num + 1)
}

// Steps is the number of steps taken since power-on.
func (m *Machine) Steps() uint64 { return m.cpu.Steps() }

// Now is the virtual time in nanoseconds.
func (m *Machine) Now() uint64 { return m.clock.at(m.cpu.Steps()) }

// IdleUntil is the virtual time of the next event, bus.Never where only input
// can go on.
func (m *Machine) IdleUntil() uint64 { return m.events.Next() }

// ExitValue is what the guest wrote to isa-debug-exit.
func (m *Machine) ExitValue() (v uint32, ok bool) {
	if m.exit == nil {
		return 0, false
	}
	return *m.exit, true
}

// Stop ends the run at the next boundary between instructions. Devices and
// sinks call it from inside a step; other goroutines may not.
func (m *Machine) Stop(why Stop) {
	m.wanted = why
	m.cpu.EndSlice()
}

// Step lets the machine run for a slice and says why it came back. After any
// answer but Going, Idle and Requested the run is over.
func (m *Machine) Step() Stop {
	why := m.step()
	m.serial.flush()
	m.debug.flush()
	return why
}

// step is Step without its output.
//
// What is due between two instructions comes in the order of SDM 3A table 6-2,
// "Priority Among Concurrent Events", by its classes: reset (1); debug traps of
// the instruction before, a task switch's among them (2, 4), all in one #DB;
// INTR (6). Of FLUSH, STOPCLK, SMI, INIT (3) and NMI (5) no source is wired. The
// faults that the next instruction raises itself, its code breakpoint first (7 to
// 10), are the engine's. An interrupt's delivery is a step, so what is due behind
// it comes before its handler's first instruction.
func (m *Machine) step() Stop {
	c := m.cpu
	end := c.Steps() + m.slice
	m.hurry.start(c.Steps())
	for range mostTurns {
		step := c.Steps()
		m.events.Set(m.clock.at(step))
		m.events.Fire()
		m.letIn(step, m.events.Now())
		switch {
		case m.reset:
			m.reset, m.init = false, false
			if m.conf.NoReboot {
				return Rebooted
			}
			m.powerOn()
			return Going
		case m.init:
			m.init = false
			m.a20.Set(true) // or the processor would not find the ROM
			c.Reset()
			return Going
		case c.Hit.Known && m.accessed():
			m.wanted = Going
			return Stopped
		case m.wanted != Going:
			why := m.wanted
			m.wanted = Going
			return why
		case c.Shutdown:
			return TripleFault
		case m.conf.MaxInstructions != 0 && step >= m.conf.MaxInstructions:
			return Limit
		case step >= m.to:
			return Going
		case c.PendingDB != 0:
			m.oneStep(step)
			c.DebugTrap()
			continue
		case c.InterruptReady():
			c.Halted = false
			m.oneStep(step)
			c.External(x86.Vector(c.Acknowledge()))
			continue
		case m.hurry.over(step):
			return Going
		case c.Halted:
			if why := m.idle(step); why != Going {
				return why
			}
			continue
		case step >= end:
			return Going
		}
		budget := min(end, m.to) - step
		if next := m.events.Next(); next != bus.Never {
			budget = min(budget, m.clock.until(step, next))
		}
		if m.conf.MaxInstructions != 0 {
			budget = min(budget, m.conf.MaxInstructions-step)
		}
		if c.Shadowed() && c.IRQ {
			budget = 1
		}
		budget, soft := m.hurry.budget(step, budget)
		c.Grant(step, budget)
		c.Soft = soft
		m.engine.Run()
	}
	m.settle()
	return Going
}

// idle passes over the time to the next event while the processor is halted;
// that is a step. A halt is for good where no interrupt can end it: with IF
// clear, as no source of NMI is wired, or with every input of the 8259As masked
// or held back by one in service, as nothing but the processor changes that.
func (m *Machine) idle(step uint64) Stop {
	if m.cpu.Flags&x86.IF == 0 || !m.pic.Open() {
		return HaltedForGood
	}
	next := m.events.Next()
	if next == bus.Never || m.conf.Real {
		return Idle
	}
	m.clock.move(step+1, next)
	m.oneStep(step)
	return Going
}

// oneStep accounts for the delivery of an interrupt.
func (m *Machine) oneStep(step uint64) { m.cpu.Grant(step+1, 0) }

// Advance tells an idle machine of the host's that virtual time has come to ns:
// it goes on there, at the latest at the next event. Only Config.Real uses it.
func (m *Machine) Advance(ns uint64) {
	step := m.cpu.Steps()
	if to := min(ns, m.events.Next()); to > m.clock.at(step) {
		m.clock.move(step, to)
	}
}
