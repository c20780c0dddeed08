package symbols

import (
	"errors"
	"fmt"
)

// TaskLayout is where members of the kernel's struct task_struct are, in bytes.
type TaskLayout struct {
	Tasks, PID, TGID, Comm, MM uint64
}

// Task is a process or a kernel thread. Addr is that of its task_struct; MM is 0
// for a kernel thread.
type Task struct {
	Addr      uint64
	PID, TGID int
	Comm      string
	MM        uint64
}

// Bounds of the search for the layout and of the walk.
const (
	mostTasks    = 1 << 16
	taskSize     = 12 << 10 // as far as comm is searched
	commSize     = 16
	leastInGuess = 3 // tasks that a guess is checked on
)

// Layout reads the layout of task_struct from type information.
func (b *BTF) Layout() (l TaskLayout, err error) {
	for name, at := range map[string]*uint64{
		"tasks": &l.Tasks, "pid": &l.PID, "tgid": &l.TGID, "comm": &l.Comm, "mm": &l.MM,
	} {
		off, ok := b.Member("task_struct", name)
		if !ok {
			return l, fmt.Errorf("symbols: no task_struct.%s in the type information: give that of the running kernel", name)
		}
		*at = off
	}
	return l, nil
}

// Tasks lists the kernel's tasks (not the further threads of processes), the idle
// task first, by the list from symbol init_task. The layout is the kernel's own
// type information, or where it has none it is guessed (see GuessLayout). bits is
// 32 or 64. A broken list gives what was read and an error.
func Tasks(lookup Lookup, mem Linear, bits int) ([]Task, error) {
	var layout TaskLayout
	b, err := KernelBTF(lookup, mem)
	if err == nil {
		layout, err = b.Layout()
	}
	if err != nil {
		guess, guessErr := GuessLayout(lookup, mem, bits)
		if guessErr != nil {
			return nil, fmt.Errorf("%w; and %w", err, guessErr)
		}
		layout = guess
	}
	return TasksAt(lookup, mem, bits, layout)
}

// TasksAt does so with a layout that is known.
func TasksAt(lookup Lookup, mem Linear, bits int, layout TaskLayout) ([]Task, error) {
	init, ok := lookup("init_task")
	if !ok {
		return nil, errors.New("symbols: no symbol init_task: load the kernel's symbols")
	}
	if !checkBits(bits) {
		return nil, fmt.Errorf("symbols: kernel of %d bits: say 32 or 64", bits)
	}
	return words{mem, bits}.tasks(init, layout, mostTasks)
}

// TaskAt reads one task.
func TaskAt(mem Linear, bits int, addr uint64, layout TaskLayout) (Task, bool) {
	if !checkBits(bits) {
		return Task{}, false
	}
	return words{mem, bits}.task(addr, layout)
}

func (w words) task(addr uint64, l TaskLayout) (t Task, ok bool) {
	comm, ok1 := w.bytes(addr+l.Comm, commSize)
	pid, ok2 := w.number(addr+l.PID, 4)
	tgid, ok3 := w.number(addr+l.TGID, 4)
	mm, ok4 := w.word(addr + l.MM)
	t = Task{Addr: addr, PID: int(int32(pid)), TGID: int(int32(tgid)), MM: mm}
	t.Comm, _ = text(comm)
	return t, ok1 && ok2 && ok3 && ok4
}

// tasks walks the list, at most so far.
func (w words) tasks(init uint64, l TaskLayout, most int) ([]Task, error) {
	var all []Task
	for addr := init; len(all) < most; {
		t, ok := w.task(addr, l)
		next, ok2 := w.word(addr + l.Tasks)
		if !ok || !ok2 {
			return all, fmt.Errorf("symbols: the task at %#x isn't in memory: the list is broken, or the layout is another", addr)
		}
		all = append(all, t)
		addr = next - l.Tasks
		if w.bits == 32 {
			addr &= 1<<32 - 1
		}
		if addr == init {
			return all, nil
		}
		if !w.isPointer(next) {
			return all, fmt.Errorf("symbols: the list of tasks leads to %#x: it is broken, or the layout is another", next)
		}
	}
	if most < mostTasks {
		return all, nil
	}
	return all, fmt.Errorf("symbols: more than %d tasks: the list is broken", most)
}

// GuessLayout finds the layout of task_struct in memory, for kernels without type
// information: comm holds "swapper" in init_task; tasks is a list whose second
// and third elements have a name at the same distance; pid and tgid are 0, 1 and
// 2 in these (idle, init, kthreadd); mm is nothing in the first and third and the
// same as active_mm in the second. It needs a kernel that has started init. An
// error where nothing fits.
func GuessLayout(lookup Lookup, mem Linear, bits int) (l TaskLayout, err error) {
	init, ok := lookup("init_task")
	if !ok {
		return l, errors.New("symbols: no symbol init_task: load the kernel's symbols")
	}
	if !checkBits(bits) {
		return l, fmt.Errorf("symbols: kernel of %d bits: say 32 or 64", bits)
	}
	w := words{mem, bits}
	word := w.size()
	p := make([]byte, taskSize)
	p = p[:max(0, min(mem.Read(p, init), len(p)))]
	for _, comm := range swappers(p) {
		for tasks := uint64(0); tasks+2*word <= comm; tasks += word {
			try := TaskLayout{Tasks: tasks, Comm: comm}
			if w.isTaskList(init, p, try) && w.guessRest(init, &try) {
				return try, nil
			}
		}
	}
	return l, errors.New("symbols: the layout of task_struct can't be guessed: let the kernel start init first")
}

// swappers are the places where the idle task's name can be.
func swappers(p []byte) (all []uint64) {
	for at := 0; at+commSize <= len(p); at += 4 {
		if s, ok := text(p[at : at+commSize]); ok && (s == "swapper" || s == "swapper/0") {
			all = append(all, uint64(at))
		}
	}
	return all
}

// isTaskList tells whether the list of tasks can be where l says.
func (w words) isTaskList(init uint64, p []byte, l TaskLayout) bool {
	c := cursor{p: p[l.Tasks:]}
	next, prev := c.word(int(w.size())), c.word(int(w.size()))
	self := init + l.Tasks
	if !w.isPointer(next) || !w.isPointer(prev) || next == self || prev == self {
		return false
	}
	back, ok := w.word(next + w.size())
	on, ok2 := w.word(prev)
	if !ok || !ok2 || back != self || on != self {
		return false
	}
	comm, ok := w.bytes(next-l.Tasks+l.Comm, commSize)
	if !ok {
		return false
	}
	_, ok = text(comm)
	return ok
}

// guessRest finds pid, tgid and mm between the list and the name.
func (w words) guessRest(init uint64, l *TaskLayout) bool {
	first, err := w.tasks(init, *l, leastInGuess)
	if err != nil || len(first) != leastInGuess {
		return false
	}
	word := w.size()
	from := l.Tasks + 2*word
	n := l.Comm - from
	var p [leastInGuess][]byte
	for i := range p {
		var ok bool
		if p[i], ok = w.bytes(first[i].Addr+from, n); !ok {
			return false
		}
	}
	number := func(i int, at, size uint64) uint64 {
		c := cursor{p: p[i][at:]}
		return c.word(int(size))
	}
	for at := uint64(0); at+8 <= n; at += 4 {
		is := true
		for i := range p {
			is = is && number(i, at, 4) == uint64(i) && number(i, at+4, 4) == uint64(i)
		}
		if is {
			l.PID, l.TGID = from+at, from+at+4
			break
		}
	}
	if l.PID == 0 {
		return false
	}
	for at := uint64(0); from+at+2*word <= l.PID; at += word {
		// A task of the kernel has no mm, and borrows one while it runs only.
		mm, active, borrowed := number(1, at, word), number(1, at+word, word), number(0, at+word, word)
		if mm == active && w.isPointer(mm) && number(0, at, word) == 0 && number(2, at, word) == 0 &&
			(borrowed == 0 || w.isPointer(borrowed)) {
			l.MM = from + at
			return true
		}
	}
	return false
}

// Current gives the address of the task_struct of what runs on a processor.
// percpu is where its per-cpu data is: the base of FS on i386 and of GS on x86-64
// while in the kernel (in user mode that of the kernel, MSR C0000102h), 0 for a
// kernel for one processor. It is symbol current_task, or in 6.2 to 6.14 the first
// word of pcpu_hot.
func Current(lookup Lookup, mem Linear, bits int, percpu uint64) (uint64, error) {
	if !checkBits(bits) {
		return 0, fmt.Errorf("symbols: kernel of %d bits: say 32 or 64", bits)
	}
	at, ok := lookup("current_task")
	if !ok {
		at, ok = lookup("pcpu_hot")
	}
	if !ok {
		return 0, errors.New("symbols: no symbol current_task or pcpu_hot: load the kernel's symbols")
	}
	at += percpu
	if bits == 32 {
		at &= 1<<32 - 1
	}
	w := words{mem, bits}
	addr, ok := w.word(at)
	if !ok || !w.isPointer(addr) {
		return 0, fmt.Errorf("symbols: no task at %#x: say where the processor's per-cpu data is", at)
	}
	return addr, nil
}
