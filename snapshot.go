package ringzero

import (
	"fmt"

	"ringzero/bus"
	"ringzero/cpu"
)

// Pages are pages of RAM by their number in the reservation, 4096 bytes each, nil for
// one of zeros. They are never changed.
type Pages map[uint64][]byte

// Sectors are sectors of a disk by number, 512 bytes each; nil for one that was not
// written.
type Sectors map[int64][]byte

// Undoable is a disk whose writes can be taken back. Changed gives the sectors that were
// written since it was asked last, with their content; Put replaces sectors by what they
// held once.
type Undoable interface {
	Changed() map[int64][]byte
	Put(sectors map[int64][]byte)
}

// Snapshot is a machine between two Steps. Of memory and disks it holds only what was
// written since the snapshot before, or since Track.
type Snapshot struct {
	// Step is when it was taken, NS the virtual time.
	Step, NS uint64
	Pages    Pages
	// Disks are by drive: the floppy, then Config.Disks.
	Disks []Sectors

	cpu   cpu.Saved
	clock timebase
	a20   bool
	exit  *uint32
	chips [][]byte
	log   []Input // what was let in before
}

// tracker knows which pages of RAM were written.
type tracker struct {
	on    bool
	dirty []uint64
}

// Track begins to note what is written to memory and disks, so that Snapshot and
// Restore can be used; everything counts as written so far. A disk that is not Undoable
// is an error.
func (m *Machine) Track() error {
	for i, d := range m.drives() {
		if _, ok := d.(Undoable); !ok && d != nil && !d.ReadOnly() {
			return fmt.Errorf("what is written to drive %d can't be taken back", i)
		}
	}
	m.tracked.on = true
	m.memory.Own(bus.Clean, func(page uint64, _, _ int) bool {
		m.tracked.dirty = append(m.tracked.dirty, page)
		return false
	})
	m.tracked.dirty = m.tracked.dirty[:0]
	for page := range m.memory.Size() >> bus.PageShift {
		m.tracked.dirty = append(m.tracked.dirty, page)
	}
	return nil
}

// drives are the floppy and the disks, nil for none at a place.
func (m *Machine) drives() []Disk { return append([]Disk{m.conf.Floppy}, m.conf.Disks...) }

// Dirty are the pages that were written since the last Snapshot, Restore or Track.
func (m *Machine) Dirty() []uint64 { return m.tracked.dirty }

// Snapshot keeps the machine as it stands.
func (m *Machine) Snapshot() *Snapshot {
	if !m.tracked.on {
		panic("BUG: Snapshot without Track")
	}
	s := &Snapshot{Step: m.Steps(), NS: m.Now(), Pages: Pages{}, cpu: m.cpu.Save(), clock: m.clock,
		a20: m.a20.Level(), exit: m.exit, log: m.log.Entries[:len(m.log.Entries):len(m.log.Entries)]}
	for _, c := range m.chips {
		s.chips = append(s.chips, c.Save())
	}
	for _, page := range m.tracked.dirty {
		data := m.memory.Bytes(page<<bus.PageShift, bus.PageSize)
		if zero(data) {
			s.Pages[page] = nil
		} else {
			s.Pages[page] = append(make([]byte, 0, bus.PageSize), data...)
		}
	}
	for _, d := range m.drives() {
		var written Sectors
		if u, ok := d.(Undoable); ok {
			written = u.Changed()
		}
		s.Disks = append(s.Disks, written)
	}
	m.clean()
	return s
}

// clean begins to note writes anew.
func (m *Machine) clean() {
	for _, page := range m.tracked.dirty {
		m.memory.SetMark(page, bus.Clean)
	}
	m.tracked.dirty = m.tracked.dirty[:0]
}

// Restore makes the machine the one of a snapshot of its own. pages and disks are what
// memory and disks held then, where it differs from what they hold now; who has all
// snapshots knows it, see Dirty. What was posted and not let in yet stays so.
func (m *Machine) Restore(s *Snapshot, pages Pages, disks []Sectors) error {
	m.events.Restore(s.NS)
	m.clock = s.clock
	for i, c := range m.chips {
		if err := c.Load(s.chips[i]); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	m.a20.Restore(s.a20)
	var nothing [bus.PageSize]byte
	for page, data := range pages {
		if data == nil {
			data = nothing[:]
		}
		m.memory.RAM.Write(page<<bus.PageShift, data)
	}
	for i, d := range m.drives() {
		if u, ok := d.(Undoable); ok {
			u.Changed()
			u.Put(disks[i])
		}
	}
	m.cpu.Restore(&s.cpu, s.Step)
	m.log.Entries = s.log // at its capacity: what is added goes elsewhere
	m.exit, m.reset, m.init, m.wanted = s.exit, false, false, Going
	m.settle()
	m.clean()
	m.watchAnew()
	return nil
}

// settle lets happen what is due at the step that the machine stands at.
func (m *Machine) settle() {
	m.events.Set(m.clock.at(m.cpu.Steps()))
	m.events.Fire()
}

// Mute has nothing of what the guest sends reach Config's writers, and OnBoot not be
// called: what it sends was sent before.
func (m *Machine) Mute(on bool) { m.serial.mute, m.debug.mute, m.muted = on, on, on }
