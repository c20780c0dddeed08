package debugger

import (
	"fmt"
	"slices"

	"ringzero"
	"ringzero/decoder"
	"ringzero/x86"
)

// PointKind is what a point stands still for.
type PointKind uint8

// The kinds.
const (
	Break PointKind = iota // an instruction at an address
	Watch                  // a write that changes memory
	WatchRead
	WatchAccess // a read or a write
	CatchVector
	CatchPort
	CatchMSR
	CatchOp
	CatchCR3
	CatchCPL
	CatchMode
	WatchExpr // a change of a register or an expression, looked at before each instruction
)

// Point is a breakpoint, watchpoint or catchpoint.
type Point struct {
	// ID is its number, 0 for one that gdb holds.
	ID       int
	Kind     PointKind
	What     string // as it was asked for
	Lo, Hi   uint64 // addresses, ports, MSRs or vectors, the last one included
	Physical bool
	Op       decoder.Op
	Off      bool
	Once     bool // it goes when it was met
	Cond     *Expr
	CondText string
	Ignore   uint64 // so many times more
	Hits     uint64
	Commands []string // run by the prompt at a stop

	expr *Expr
	old  []byte
	was  uint64
	refs int
}

// Name is what the kind is called.
func (p *Point) Name() string {
	return [...]string{"breakpoint", "watchpoint", "read watchpoint", "access watchpoint", "catchpoint (vector)", "catchpoint (port)",
		"catchpoint (MSR)", "catchpoint (instruction)", "catchpoint (cr3)", "catchpoint (cpl)", "catchpoint (mode)", "watchpoint (expression)"}[p.Kind]
}

// met says what a stop was at.
func (p *Point) met(s Stop) string {
	text := fmt.Sprintf("%s %d", p.Name(), p.ID)
	if p.ID == 0 {
		text = p.Name()
	}
	h := s.Hit
	switch p.Kind {
	case Watch:
		return fmt.Sprintf("%s, %s: was %x", text, p.What, p.old)
	case WatchRead, WatchAccess:
		what := "read"
		if h.Access.Write {
			what = "written"
		}
		return fmt.Sprintf("%s, %s: %d bytes at %#x were %s", text, p.What, h.Access.Size, h.Access.Linear, what)
	case CatchVector:
		return fmt.Sprintf("%s, vector %02x %s", text, uint8(h.Vector), vectorName(h.Vector))
	case CatchOp, CatchPort, CatchMSR:
		return fmt.Sprintf("%s, before %s", text, h.Inst.Mnemonic())
	case CatchCR3, CatchMode:
		return fmt.Sprintf("%s, was %x", text, h.Was)
	case CatchCPL:
		return fmt.Sprintf("%s, was %d", text, h.Was)
	case WatchExpr:
		return fmt.Sprintf("%s, %s: was %#x", text, p.What, p.was)
	}
	return text
}

// points are all of a debugger.
type points struct {
	d    *Debugger
	all  []*Point
	next int
}

// add enters a point and gives it a number.
func (ps *points) add(p *Point) *Point {
	ps.next++
	p.ID = ps.next
	ps.enter(p)
	return p
}

func (ps *points) enter(p *Point) {
	ps.all = append(ps.all, p)
	ps.remember(p)
	ps.changed()
}

// remember keeps what a watchpoint compares with.
func (ps *points) remember(p *Point) {
	switch p.Kind {
	case Watch:
		p.old = ps.read(p)
	case WatchExpr:
		p.was, _ = p.expr.Eval(ps.d)
	}
}

// read is what a watched range holds.
func (ps *points) read(p *Point) []byte {
	data := make([]byte, min(p.Hi-p.Lo+1, 4096))
	if p.Physical {
		return data[:ps.d.m.ReadPhysical(p.Lo, data)]
	}
	return data[:ps.d.m.ReadLinear(p.Lo, data)]
}

// remove takes points away; it tells how many there were.
func (ps *points) remove(gone func(p *Point) bool) int {
	n := len(ps.all)
	ps.all = slices.DeleteFunc(ps.all, gone)
	ps.changed()
	return n - len(ps.all)
}

// changed has a machine that runs stand still for what there is now.
func (ps *points) changed() {
	if ps.d.running {
		ps.d.arm()
	}
}

// stops is what a machine must stand still for.
func (ps *points) stops() ringzero.Stops {
	var s ringzero.Stops
	ops := func(list ...decoder.Op) {
		for _, op := range list {
			if !slices.Contains(s.Ops, op) {
				s.Ops = append(s.Ops, op)
			}
		}
	}
	for _, p := range ps.all {
		if p.Off {
			continue
		}
		switch p.Kind {
		case Break:
			s.Breaks = append(s.Breaks, p.Lo)
		case Watch, WatchRead, WatchAccess:
			s.Watches = append(s.Watches, ringzero.Watch{Base: p.Lo, Last: p.Hi, Physical: p.Physical, Read: p.Kind != Watch, Write: p.Kind != WatchRead})
		case CatchVector:
			for v := p.Lo; v <= p.Hi; v++ {
				s.Vectors[v/64] |= 1 << (v % 64)
			}
		case CatchPort:
			ops(decoder.IN, decoder.OUT, decoder.INS, decoder.OUTS)
		case CatchMSR:
			ops(decoder.RDMSR, decoder.WRMSR)
		case CatchOp:
			ops(p.Op)
		case CatchCR3:
			s.CR3 = true
		case CatchCPL:
			s.CPL = true
		case CatchMode:
			s.Mode = true
		}
	}
	if slices.ContainsFunc(ps.all, func(p *Point) bool { return p.Kind == WatchExpr && !p.Off }) {
		s.Each = ps.expressions
	}
	return s
}

// expressions tells whether one that is watched has another value.
func (ps *points) expressions() bool {
	for _, p := range ps.all {
		if v, err := ps.value(p); err == nil && v != p.was {
			return true
		}
	}
	return false
}

// value is that of a watched expression, or what it was.
func (ps *points) value(p *Point) (uint64, error) {
	if p.Kind != WatchExpr || p.Off {
		return p.was, nil
	}
	return p.expr.Eval(ps.d)
}

// meet tells which points a hit holds the machine for.
func (ps *points) meet(h ringzero.Hit) (met []*Point) {
	for _, p := range ps.all {
		if p.Off || !ps.meets(p, h) {
			continue
		}
		if p.Cond != nil {
			if v, err := p.Cond.Eval(ps.d); err == nil && v == 0 {
				continue
			}
		}
		if p.Hits++; p.Ignore > 0 {
			p.Ignore--
			continue
		}
		met = append(met, p)
	}
	return met
}

func (ps *points) meets(p *Point, h ringzero.Hit) bool {
	switch p.Kind {
	case Break:
		return h.Kind == ringzero.HitBreak && h.Linear == p.Lo
	case Watch, WatchRead, WatchAccess:
		return h.Kind == ringzero.HitWatch && ps.accessed(p, h.Access)
	case CatchVector:
		return h.Kind == ringzero.HitVector && uint64(h.Vector) >= p.Lo && uint64(h.Vector) <= p.Hi
	case CatchPort, CatchMSR, CatchOp:
		return h.Kind == ringzero.HitOp && ps.intercepted(p, h.Inst)
	case CatchCR3:
		return h.Kind == ringzero.HitCR3
	case CatchCPL:
		return h.Kind == ringzero.HitCPL
	case CatchMode:
		return h.Kind == ringzero.HitMode
	case WatchExpr:
		v, err := ps.value(p)
		return h.Kind == ringzero.HitEach && err == nil && v != p.was
	}
	return false
}

// accessed tells whether an access is one of a watchpoint's: for a plain one if memory
// has changed by it.
func (ps *points) accessed(p *Point, a ringzero.Access) bool {
	at := a.Linear
	if p.Physical {
		at = a.Physical
	} else if a.Device {
		return false
	}
	if at > p.Hi || p.Lo > at+uint64(a.Size)-1 {
		return false
	}
	switch {
	case p.Kind == WatchRead:
		return !a.Write
	case p.Kind == Watch && p.ID != 0:
		if slices.Equal(ps.read(p), p.old) {
			return false
		}
	}
	return p.Kind == WatchAccess || a.Write
}

// intercepted tells whether a sensitive instruction is one of a catchpoint's.
func (ps *points) intercepted(p *Point, in *decoder.Inst) bool {
	s := ps.d.m.State()
	switch p.Kind {
	case CatchPort:
		port := s.R[x86.DX] & 0xffff
		for i := range in.Args[:in.N] {
			if in.Args[i].Kind == decoder.KindImm {
				port = in.Imm & 0xff
			}
		}
		size := uint64(1)
		for i := range in.Args[:in.N] {
			size = max(size, uint64(in.Args[i].Size))
		}
		return isPort(in.Op) && port <= p.Hi && port+size-1 >= p.Lo
	case CatchMSR:
		n := s.R[x86.CX] & 0xffffffff
		return (in.Op == decoder.RDMSR || in.Op == decoder.WRMSR) && n >= p.Lo && n <= p.Hi
	}
	return in.Op == p.Op
}

func isPort(op decoder.Op) bool {
	return op == decoder.IN || op == decoder.OUT || op == decoder.INS || op == decoder.OUTS
}

// stopped does what a stop asks for: points that were to be met once go.
func (ps *points) stopped(s *Stop) {
	for _, p := range s.Points {
		if p.Once {
			ps.all = slices.DeleteFunc(ps.all, func(o *Point) bool { return o == p })
		}
	}
	if s.Kind != StopPoint || len(s.Points) == 0 {
		for _, p := range ps.all {
			ps.remember(p)
		}
	}
}

// refresh keeps the values of the watchpoints anew, once a stop was told.
func (ps *points) refresh() {
	for _, p := range ps.all {
		ps.remember(p)
	}
}
