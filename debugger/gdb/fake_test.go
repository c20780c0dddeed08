package gdb

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// fake is a machine of four instructions on a goroutine of its own: nop (90),
// inc eax (40), jmp short (eb) and mov [moffs32], eax (a3), and hlt (f4), which
// ends it. All else is a fault.
type fake struct {
	jobs chan func()
	quit chan struct{}
	gone chan struct{}

	subs   map[int]func(Stop)
	nextID int

	bits    int
	regs    map[string]uint64
	wide    map[string][]byte
	memory  [1 << 16]byte
	rom     [1 << 12]byte
	running bool
	action  Action
	steps   int
	breaks  map[breakpoint]int
	history []map[string]uint64
	exited  bool
	later   int // what the mode is after the first instruction; 0 is the same

	resumes, inserts, removes atomic.Int64
	once                      sync.Once
}

const romBase = 0xf0000

var errGone = errors.New("the machine is gone")

func newFake(bits int) *fake {
	f := &fake{
		jobs:   make(chan func()),
		quit:   make(chan struct{}),
		gone:   make(chan struct{}),
		subs:   map[int]func(Stop){},
		bits:   bits,
		regs:   map[string]uint64{},
		wide:   map[string][]byte{},
		breaks: map[breakpoint]int{},
	}
	for i, name := range strings.Fields("rax rcx rdx rbx rsp rbp rsi rdi") {
		f.regs[name] = 0x1111111100000000*uint64(min(i, 1)) + uint64(i)
	}
	for i := 8; i < 16; i++ {
		f.regs[fmt.Sprintf("r%d", i)] = uint64(i)
	}
	for _, name := range strings.Fields("cs ds es ss fs gs cs_base ss_base ds_base es_base fs_base gs_base k_gs_base " +
		"fctrl fstat ftag fiseg fioff foseg fooff fop gdtr_base gdtr_limit idtr_base idtr_limit ldtr tr cr2 cr3 cr4 " +
		"efer dr0 dr1 dr2 dr3 dr6 dr7") {
		f.regs[name] = 0
	}
	f.regs["cr0"], f.regs["eflags"], f.regs["mxcsr"] = 0x11, 0x202, 0x1f80
	f.regs["fctrl"], f.regs["ftag"] = 0x37f, 0xffff
	for i := range 16 {
		f.wide[fmt.Sprintf("xmm%d", i)] = append(make([]byte, 15), byte(i))
	}
	for i := range 8 {
		f.wide[fmt.Sprintf("st%d", i)] = make([]byte, 10)
	}
	f.regs["rip"] = 0x1000
	if bits == 16 { // where a BIOS starts a boot sector, with a base
		f.regs["rip"], f.regs["cs"], f.regs["cs_base"] = 0x0c00, 0x40, 0x400
	}
	copy(f.memory[0x1000:], "\x90\x90\x40\xa3\x00\x20\x00\x00\x90\x90\xeb\xf6") // the loop is from 1002
	f.rom[0] = 0x90
	go f.run()
	return f
}

func (f *fake) run() {
	defer close(f.gone)
	for {
		if !f.running {
			select {
			case job := <-f.jobs:
				job()
			case <-f.quit:
				return
			}
			continue
		}
		select {
		case job := <-f.jobs:
			job()
		case <-f.quit:
			return
		default:
			f.step()
		}
	}
}

func (f *fake) close() {
	f.once.Do(func() { close(f.quit) })
	<-f.gone
}

func (f *fake) on(job func()) error {
	done := make(chan struct{})
	select {
	case f.jobs <- func() { job(); close(done) }:
		<-done
		return nil
	case <-f.gone:
		return errGone
	}
}

func (f *fake) Do(job func(Machine)) error {
	gone := false
	if err := f.on(func() {
		if gone = f.exited; !gone {
			job(f)
		}
	}); err != nil || gone {
		return errGone
	}
	return nil
}

func (f *fake) Resume(a Action) error {
	var err error
	gone := f.on(func() {
		switch {
		case f.exited:
			err = errGone
		case f.running:
			err = errors.New("the machine runs already")
		default:
			f.running, f.action, f.steps = true, a, 0
			f.resumes.Add(1)
		}
	})
	return errors.Join(gone, err)
}

func (f *fake) Interrupt() {
	_ = f.on(func() {
		if f.running {
			f.stop(Stop{Kind: Interrupted})
		}
	})
}

func (f *fake) Subscribe(told func(Stop)) func() {
	id := 0
	_ = f.on(func() { f.nextID++; id = f.nextID; f.subs[id] = told })
	return func() { _ = f.on(func() { delete(f.subs, id) }) }
}

func (f *fake) stop(st Stop) {
	f.running = false
	for _, told := range f.subs {
		told(st)
	}
}

func (f *fake) pc() uint64 { return f.regs["rip"] + f.regs["cs_base"] }

func (f *fake) step() {
	if f.steps == 0 {
		time.Sleep(time.Millisecond)
	}
	back := f.action.Kind == ReverseContinue || f.action.Kind == ReverseStep
	if f.steps++; back {
		f.back()
		return
	}
	if f.steps > 1 && f.breakHere() {
		return
	}
	f.history = append(f.history, maps.Clone(f.regs))
	if len(f.history) > 100 {
		f.history = f.history[1:]
	}
	if !f.execute() {
		return
	}
	if f.later != 0 {
		f.bits = f.later
	}
	pc := f.pc()
	switch {
	case f.action.Kind == Step, f.action.Kind == RangeStep && (pc < f.action.Lo || pc >= f.action.Hi):
		if !f.breakHere() {
			f.stop(Stop{Kind: Stepped})
		}
	}
}

func (f *fake) breakHere() bool {
	for b := range f.breaks {
		if b.kind <= Hardware && b.addr == f.pc() {
			f.stop(Stop{Kind: Breakpoint, Watch: b.kind})
			return true
		}
	}
	return false
}

func (f *fake) back() {
	n := len(f.history)
	if n == 0 {
		f.stop(Stop{Kind: HistoryBegin})
		return
	}
	f.regs = f.history[n-1]
	f.history = f.history[:n-1]
	if f.action.Kind == ReverseStep {
		f.stop(Stop{Kind: Stepped})
		return
	}
	f.breakHere()
}

// execute is false if the machine stopped.
func (f *fake) execute() bool {
	var op [5]byte
	n := f.Read(Linear, f.pc(), op[:])
	if n == 0 {
		op[0] = 0
	}
	switch op[0] {
	case 0x90:
		f.regs["rip"]++
	case 0x40:
		f.regs["rax"]++
		f.regs["rip"]++
	case 0xeb:
		f.regs["rip"] += 2 + uint64(int64(int8(op[1])))
	case 0xa3:
		addr := little(op[1:5])
		p := byte(f.regs["rax"])
		f.Write(Linear, addr, []byte{p, 0, 0, 0})
		f.regs["rip"] += 5
		for b := range f.breaks {
			if b.kind >= WatchWrite && b.kind != WatchRead && addr >= b.addr && addr < b.addr+b.length {
				f.stop(Stop{Kind: Watch, Watch: b.kind, Addr: addr})
				return false
			}
		}
	case 0xf4:
		f.exited = true
		f.stop(Stop{Kind: Exited, Status: 3, Text: "halted for good"})
		return false
	default:
		f.stop(Stop{Kind: Fault, Text: "triple fault"})
		return false
	}
	return true
}

func (f *fake) Bits() int     { return f.bits }
func (f *fake) Running() bool { return f.running }

// long is the name in 64 bits.
func long(name string) string {
	if len(name) == 3 && name[0] == 'e' {
		return "r" + name[1:]
	}
	return name
}

func (f *fake) Register(name string) ([]byte, bool) {
	if v, has := f.wide[name]; has {
		return v, true
	}
	v, has := f.regs[long(name)]
	p := make([]byte, 8)
	for i := range p {
		p[i] = byte(v >> (8 * i))
	}
	return p, has
}

func (f *fake) SetRegister(name string, v []byte) error {
	if p, has := f.wide[name]; has {
		if len(v) != len(p) {
			return fmt.Errorf("%s has %d bytes", name, len(p))
		}
		copy(p, v)
		return nil
	}
	if _, has := f.regs[long(name)]; !has {
		return fmt.Errorf("there is no register %s", name)
	}
	if name == "tr" {
		return errors.New("tr can't be set")
	}
	f.regs[long(name)] = little(v)
	return nil
}

func (f *fake) at(space Space, addr uint64) *byte {
	switch {
	case space == Physical && addr < 1<<16:
		return &f.memory[addr^0x8000] // so that it differs
	case addr < 1<<16:
		return &f.memory[addr]
	case addr >= romBase && addr < romBase+1<<12:
		return &f.rom[addr-romBase]
	}
	return nil
}

func (f *fake) Read(space Space, addr uint64, p []byte) int {
	for i := range p {
		b := f.at(space, addr+uint64(i))
		if b == nil {
			return i
		}
		p[i] = *b
	}
	return len(p)
}

func (f *fake) Write(space Space, addr uint64, p []byte) int {
	for i := range p {
		b := f.at(space, addr+uint64(i))
		if b == nil {
			return i
		}
		*b = p[i]
	}
	return len(p)
}

func (f *fake) Insert(k BreakKind, addr, length uint64) error {
	if k == WatchRead {
		return errors.New("an x86 can't watch reads only")
	}
	f.inserts.Add(1)
	f.breaks[breakpoint{k, addr, length}]++
	return nil
}

func (f *fake) Remove(k BreakKind, addr, length uint64) error {
	f.removes.Add(1)
	b := breakpoint{k, addr, length}
	if f.breaks[b]--; f.breaks[b] <= 0 {
		delete(f.breaks, b)
	}
	return nil
}

func (f *fake) MemoryMap() []Region {
	return []Region{{romBase, 1 << 12, true}, {0, 1 << 16, false}}
}

func (f *fake) Command(line string, w io.Writer) error {
	switch line {
	case "hello":
		_, _ = fmt.Fprintf(w, "hello, #$}* %d\n", f.bits)
	case "flood":
		for range 3 << 10 {
			_, _ = fmt.Fprintln(w, strings.Repeat("x", 1023))
		}
	case "go":
		f.running, f.action, f.steps = true, Action{}, 0
	default:
		return fmt.Errorf("%q is no command", line)
	}
	return nil
}
