package ringzero

import (
	"fmt"
	"math/bits"

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
)

var stopNames = [...]string{"going", "idle", "powered off", "reset", "triple fault", "halted for good", "limit", "debug exit", "requested"}

// String names the reason.
func (s Stop) String() string {
	if int(s) < len(stopNames) {
		return stopNames[s]
	}
	return fmt.Sprintf("Stop(%d)", int(s))
}

// slice is the most steps between two looks at the outside; it keeps Go's
// stop-the-world below a millisecond.
const slice = 500_000

// time is the virtual time after so many steps.
func (m *Machine) time(step uint64) uint64 {
	d := step - m.baseStep
	if m.rateNum == m.rateDen {
		return m.baseNS + d
	}
	hi, lo := bits.Mul64(d, m.rateNum)
	q, _ := bits.Div64(hi, lo, m.rateDen)
	return m.baseNS + q
}

// stepsUntil is the number of steps after which the clock reads at least ns.
func (m *Machine) stepsUntil(step, ns uint64) uint64 {
	now := m.time(step)
	if ns <= now {
		return 0
	}
	if m.rateNum == m.rateDen {
		return ns - now
	}
	hi, lo := bits.Mul64(ns-m.baseNS, m.rateDen)
	if hi >= m.rateNum {
		return slice
	}
	q, r := bits.Div64(hi, lo, m.rateNum)
	if r != 0 {
		q++
	}
	return q - (step - m.baseStep)
}

// rebase makes the time at a step ns from now on.
func (m *Machine) rebase(step, ns uint64) { m.baseStep, m.baseNS = step, ns }

// Steps is the number of steps taken since power-on.
func (m *Machine) Steps() uint64 { return m.CPU.Steps() }

// Now is the virtual time in nanoseconds.
func (m *Machine) Now() uint64 { return m.time(m.CPU.Steps()) }

// IdleUntil is the virtual time of the next event, bus.Never where only input
// can go on.
func (m *Machine) IdleUntil() uint64 { return m.Clock.Next() }

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
	m.CPU.Leave()
}

// Step lets the machine run for a slice and says why it came back. After any
// answer but Going and Idle the run is over.
func (m *Machine) Step() Stop {
	c := m.CPU
	for looked := false; ; looked = true {
		step := c.Steps()
		now := m.time(step)
		m.Clock.Set(now)
		m.Clock.Fire()
		if m.reset {
			m.reset = false
			if m.conf.NoReboot {
				return Rebooted
			}
			m.powerOn()
		}
		switch {
		case m.wanted != Going:
			why := m.wanted
			m.wanted = Going
			return why
		case c.Shutdown:
			return TripleFault
		case m.conf.MaxInstructions != 0 && step >= m.conf.MaxInstructions:
			return Limit
		}
		if !looked {
			m.letIn(step, now)
		}
		if c.PendingDB != 0 {
			m.oneStep(step)
			c.DebugTrap()
			continue
		}
		if c.InterruptReady() {
			c.Halted = false
			m.oneStep(step)
			c.External(x86.Vector(c.Acknowledge()))
			continue
		}
		if c.Halted {
			if c.Flags&x86.IF == 0 {
				return HaltedForGood
			}
			next := m.Clock.Next()
			if next == bus.Never || m.conf.Real {
				return Idle
			}
			m.rebase(step, next)
			continue
		}
		if looked && len(m.pending) != 0 || looked && m.sliceUsed(step) {
			return Going
		}
		if !looked {
			m.sliceEnd = step + slice
		}
		budget := m.sliceEnd - step
		if next := m.Clock.Next(); next != bus.Never {
			budget = min(budget, m.stepsUntil(step, next))
		}
		if m.conf.MaxInstructions != 0 {
			budget = min(budget, m.conf.MaxInstructions-step)
		}
		if c.Shadowed() && c.IRQ {
			budget = 1
		}
		c.Grant(step, budget)
		m.Engine.Run()
	}
}

func (m *Machine) sliceUsed(step uint64) bool { return step >= m.sliceEnd }

// oneStep accounts for the delivery of an interrupt.
func (m *Machine) oneStep(step uint64) { m.CPU.Grant(step+1, 0) }

// Advance tells an idle machine of the host's that virtual time has come to ns:
// it goes on there, at the latest at the next event. Only Config.Real uses it.
func (m *Machine) Advance(ns uint64) {
	step := m.CPU.Steps()
	if to := min(ns, m.Clock.Next()); to > m.time(step) {
		m.rebase(step, to)
	}
}
