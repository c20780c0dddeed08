package debugger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"strings"

	"ringzero"
	"ringzero/debugger/gdb"
)

// Remote shows a debugger to gdb's stub.
func (d *Debugger) Remote() gdb.Target { return remote{d} }

type remote struct{ d *Debugger }

func (r remote) Do(f func(m gdb.Machine)) error { return r.d.Do(func() { f(view(r)) }) }

func (r remote) Resume(a gdb.Action) error {
	way, ok := map[gdb.ActionKind]Way{gdb.Continue: Continue, gdb.Step: Step, gdb.RangeStep: Range, gdb.ReverseContinue: ReverseContinue,
		gdb.ReverseStep: ReverseStep}[a.Kind]
	if !ok {
		return fmt.Errorf("the machine can't go on that way")
	}
	return r.d.Resume(Action{Way: way, Lo: a.Lo, Hi: a.Hi})
}

func (r remote) Interrupt() { r.d.Interrupt() }

func (r remote) Subscribe(told func(gdb.Stop)) (cancel func()) {
	return r.d.Subscribe(func(s Stop) { told(r.d.remoteStop(s)) })
}

// remoteStop says what a stop is to gdb.
func (d *Debugger) remoteStop(s Stop) gdb.Stop {
	g := gdb.Stop{Kind: gdb.Stepped, Status: s.Status}
	switch s.Kind {
	case StopInterrupted:
		g.Kind = gdb.Interrupted
	case StopBegin:
		g.Kind = gdb.HistoryBegin
	case StopExited:
		g.Kind = gdb.Exited
	case StopMachine:
		g.Kind, g.Text = gdb.Interrupted, s.String()+"\n"
		if s.Why == ringzero.TripleFault {
			g.Kind = gdb.Fault
		}
	case StopPoint:
		p := s.Points[0]
		for _, q := range s.Points {
			if q.ID == 0 {
				p = q
			}
		}
		kinds := map[PointKind]gdb.BreakKind{Watch: gdb.WatchWrite, WatchRead: gdb.WatchRead, WatchAccess: gdb.WatchAccess}
		switch kind, watch := kinds[p.Kind]; {
		case watch:
			g.Kind, g.Watch, g.Addr = gdb.Watch, kind, s.Hit.Access.Linear
		case p.Kind == Break:
			g.Kind, g.Watch = gdb.Breakpoint, gdb.Hardware
		}
		if p.ID != 0 { // gdb knows nothing of it
			g.Kind, g.Text = gdb.Interrupted, s.String()+"\n"
		}
	default:
		if s.Note != "" {
			g.Text = s.Note + "\n"
		}
	}
	return g
}

// view is a machine within Do.
type view struct{ d *Debugger }

func (v view) Bits() int     { return int(v.d.m.CodeSize()) }
func (v view) Running() bool { return v.d.running }

func (v view) Read(space gdb.Space, addr uint64, p []byte) int {
	if space == gdb.Physical {
		return v.d.m.ReadPhysical(addr, p)
	}
	return v.d.m.ReadLinear(addr, p)
}

func (v view) Write(space gdb.Space, addr uint64, p []byte) int {
	return v.d.write(addr, p, space == gdb.Physical)
}

func (v view) MemoryMap() []gdb.Region {
	below, above := v.d.m.MemorySize()
	all := []gdb.Region{{Base: 0, Size: 0xf0000}, {Base: 0xf0000, Size: 0x10000, ROM: true}, {Base: 0x100000, Size: below - 0x100000}}
	if above > 0 {
		all = append(all, gdb.Region{Base: 4 << 30, Size: above})
	}
	return all
}

func (v view) Command(line string, w io.Writer) error {
	s := &Session{d: v.d, w: w, at: v.d.pc()}
	return s.Within(line)
}

// Insert sets a point of gdb's, which has no number; the same one twice counts.
func (v view) Insert(k gdb.BreakKind, addr, length uint64) error {
	p := &Point{Kind: [...]PointKind{Break, Break, Watch, WatchRead, WatchAccess}[k], Lo: addr, Hi: addr, refs: 1, What: fmt.Sprintf("%#x", addr)}
	if p.Kind != Break {
		if length == 0 || addr+length-1 < addr {
			return fmt.Errorf("a range of %d bytes can't be watched", length)
		}
		p.Hi = addr + length - 1
	}
	for _, q := range v.d.points.all {
		if q.same(p) {
			q.refs++
			return nil
		}
	}
	v.d.points.enter(p)
	return nil
}

func (p *Point) same(o *Point) bool {
	return p.ID == 0 && o.ID == 0 && p.Kind == o.Kind && p.Lo == o.Lo && p.Hi == o.Hi
}

// Remove takes one away.
func (v view) Remove(k gdb.BreakKind, addr, length uint64) error {
	o := &Point{Kind: [...]PointKind{Break, Break, Watch, WatchRead, WatchAccess}[k], Lo: addr, Hi: addr}
	if o.Kind != Break {
		o.Hi = addr + length - 1
	}
	v.d.points.remove(func(p *Point) bool {
		if p.same(o) {
			p.refs--
			return p.refs == 0
		}
		return false
	})
	return nil
}

// Register gives one, little-endian.
func (v view) Register(name string) ([]byte, bool) {
	st := v.d.m.State()
	f := &st.FPU
	number := func(prefix string, n int) (int, bool) {
		var i int
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			if _, err := fmt.Sscanf(rest, "%d", &i); err == nil && i >= 0 && i < n {
				return i, true
			}
		}
		return 0, false
	}
	if i, ok := number("st", 8); ok {
		n := (int(f.Top) + i) & 7
		b := binary.LittleEndian.AppendUint64(nil, f.ST[n].Mant)
		return binary.LittleEndian.AppendUint16(b, f.ST[n].SE), true
	}
	if i, ok := number("xmm", 8); ok {
		b := binary.LittleEndian.AppendUint64(nil, f.XMM[i][0])
		return binary.LittleEndian.AppendUint64(b, f.XMM[i][1]), true
	}
	var x uint64
	switch name {
	case "fctrl":
		x = uint64(f.CW)
	case "fstat":
		x = uint64(f.SW) | uint64(f.Top&7)<<11
	case "ftag":
		x = fullTags(&st)
	case "fiseg":
		x = uint64(f.CS)
	case "fioff":
		x = f.IP
	case "foseg":
		x = uint64(f.DS)
	case "fooff":
		x = f.DP
	case "fop":
		x = uint64(f.Op)
	default:
		var ok bool
		if x, ok = registerValue(&st, name); !ok {
			return nil, false
		}
	}
	return binary.LittleEndian.AppendUint64(nil, x), true
}

// fullTags are two bits a register (SDM 1 8.1.7): of one that is not empty valid, zero
// or special.
func fullTags(st *ringzero.State) (tags uint64) {
	f := &st.FPU
	for i, r := range f.ST {
		tag := uint64(0)
		switch exp := r.SE & 0x7fff; {
		case f.Tags>>i&1 == 0:
			tag = 3
		case exp == 0 && r.Mant == 0:
			tag = 1
		case exp == 0x7fff || exp == 0 || bits.LeadingZeros64(r.Mant) != 0:
			tag = 2
		}
		tags |= tag << (2 * i)
	}
	return tags
}

func (v view) SetRegister(name string, value []byte) error {
	if old, ok := v.Register(name); ok && bytes.Equal(bytes.TrimRight(old, "\x00"), bytes.TrimRight(value, "\x00")) {
		return nil
	}
	if len(value) > 8 {
		return fmt.Errorf("%s can't be set from here", name)
	}
	var b [8]byte
	copy(b[:], value)
	return v.d.setRegister(name, binary.LittleEndian.Uint64(b[:]))
}
