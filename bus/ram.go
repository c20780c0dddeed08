package bus

// PageShift and PageSize are the unit of marks, in bytes.
const (
	PageShift = 12
	PageSize  = 1 << PageShift
)

// Mark says who wants to know of writes to a page.
type Mark uint8

const (
	// Code: translated blocks were made from the page.
	Code Mark = 1 << iota
	// Table: a guest page table in use by a shadow context.
	Table
	// Clean: unwritten since the last snapshot.
	Clean
	// Watched: a debugger or a display wants writes.
	Watched
	// Shared: backed by memory that other machines read too.
	Shared

	markBits = 5
)

// Owner is told of a write to a page that carries its mark, after the bytes
// changed: page number, offset in the page and length, which stay in the page.
// It answers whether the mark stays.
type Owner func(page uint64, offset, length int) (keep bool)

// RAM is the guest's memory as one host reservation, addressed by offset. It is
// marked page by page, and Write is the only door for writes other than the
// processor's fast path, which never writes to a marked page.
type RAM struct {
	Host
	size   uint64
	free   func()
	marks  []Mark
	owners [markBits]Owner
	onMark []func(page uint64)
}

// NewRAM reserves size bytes, a multiple of PageSize, zeroed.
func NewRAM(size uint64) (*RAM, error) {
	p, free, err := reserve(size)
	if err != nil {
		return nil, err
	}
	return &RAM{Host: hostOf(p), size: size, free: free, marks: make([]Mark, size>>PageShift)}, nil
}

// Close gives the memory back to the host; nothing may touch it afterwards.
func (r *RAM) Close() { r.free() }

// Size is the reservation in bytes.
func (r *RAM) Size() uint64 { return r.size }

// Own names the one owner of a mark bit.
func (r *RAM) Own(bit Mark, o Owner) {
	for i := range markBits {
		if bit == 1<<i {
			r.owners[i] = o
		}
	}
}

// OnMark registers a function that is called when a page gets a further mark:
// an MMU drops its write tags of that page.
func (r *RAM) OnMark(f func(page uint64)) { r.onMark = append(r.onMark, f) }

// Marks are the marks of a page.
func (r *RAM) Marks(page uint64) Mark { return r.marks[page] }

// SetMark adds a mark to a page.
func (r *RAM) SetMark(page uint64, bit Mark) {
	if r.marks[page]&bit != 0 {
		return
	}
	r.marks[page] |= bit
	for _, f := range r.onMark {
		f(page)
	}
}

// ClearMark removes a mark; processors find out at their next slow access.
func (r *RAM) ClearMark(page uint64, bit Mark) { r.marks[page] &^= bit }

// Written tells the owners of a page's marks about a write that stays in it.
func (r *RAM) Written(page uint64, offset, length int) {
	m := r.marks[page]
	if m == 0 {
		return
	}
	for i := range markBits {
		if bit := Mark(1) << i; m&bit != 0 && (r.owners[i] == nil || !r.owners[i](page, offset, length)) {
			r.marks[page] &^= bit
		}
	}
}

// Write copies p to offset off and tells the owners of marked pages. Bytes
// beyond the reservation are dropped.
func (r *RAM) Write(off uint64, p []byte) {
	for len(p) > 0 && off < r.size {
		n := min(PageSize-int(off&(PageSize-1)), len(p))
		copy(r.Bytes(off, n), p[:n])
		r.Written(off>>PageShift, int(off&(PageSize-1)), n)
		p, off = p[n:], off+uint64(n)
	}
}

// Read copies from offset off to p; bytes beyond the reservation read as ones.
func (r *RAM) Read(off uint64, p []byte) {
	if off < r.size {
		n := min(r.size-off, uint64(len(p)))
		copy(p[:n], r.Bytes(off, int(n)))
		p = p[n:]
	}
	for i := range p {
		p[i] = 0xff
	}
}
