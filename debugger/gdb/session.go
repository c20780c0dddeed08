package gdb

import (
	"encoding/hex"
	"net"
	"strings"
	"sync"
	"time"
)

// reply is the text of a packet that answers another. The empty one says that
// the packet isn't known.
type reply string

const (
	ok reply = "OK"
	// later is for a packet that is answered by a stop, or never.
	later reply = "\x00"
	// badArgs answers what can't be parsed.
	badArgs reply = "E01"
	// badAddress answers an access to memory of which nothing is there (EFAULT,
	// in hexadecimal as gdb has it in its examples).
	badAddress reply = "E14"
)

// session is one client. One goroutine reads what it sends, another, run, does
// all else; the machine's goroutine only leaves its stops.
type session struct {
	server *Server
	target Target
	conn   net.Conn
	events chan event
	stops  chan Stop // the latest stop that was not looked at
	done   chan struct{}
	end    string // why the session is over

	noAck        bool
	last         []byte // what a '-' has sent again
	swbreak      bool   // the client knows these reasons
	hwbreak      bool
	binaryUpload bool
	errorText    bool // an error may have a text, as lldb writes it
	extended     bool

	file     *registerFile
	told     map[int]bool // modes of which the user was told
	breaks   map[breakpoint]struct{}
	physical bool
	linearPC bool

	waiting bool         // the client waits for a stop
	parked  func() reply // makes an answer as soon as the machine stands
	exited  *Stop
	news    string // for the log, which the machine's goroutine doesn't call
	note    string // for the user, before the next answer
}

func newSession(s *Server, conn net.Conn) *session {
	return &session{
		server: s,
		target: s.target,
		conn:   conn,
		events: make(chan event, 16),
		stops:  make(chan Stop, 1),
		done:   make(chan struct{}),
		told:   map[int]bool{},
		breaks: map[breakpoint]struct{}{},
	}
}

// run serves the client until it is gone and says why.
func (s *session) run() string {
	cancel := s.target.Subscribe(s.tell)
	var reader sync.WaitGroup
	reader.Go(s.read)
	for s.end == "" {
		s.step()
		if s.news != "" {
			s.server.log(s.news)
			s.news = ""
		}
	}
	close(s.done)
	_ = s.conn.Close()
	reader.Wait()
	cancel()
	s.removeAll()
	return s.end
}

func (s *session) step() {
	select {
	case e, open := <-s.events:
		if !open {
			s.end = "is gone"
			return
		}
		s.handle(e)
	case st := <-s.stops:
		s.stopped(st)
	case <-s.server.closing:
		s.end = "dropped: the debugger closes"
	}
}

// tell leaves a stop for the session and never blocks. Only the machine's
// goroutine calls it.
func (s *session) tell(st Stop) {
	select {
	case s.stops <- st:
		return
	default:
	}
	s.forget()
	select {
	case s.stops <- st:
	default:
	}
}

// forget drops a stop that nobody looked at.
func (s *session) forget() {
	select {
	case <-s.stops:
	default:
	}
}

func (s *session) read() {
	defer close(s.events)
	var d decoder
	buffer := make([]byte, 4096)
	emit := func(e event) {
		select {
		case s.events <- e:
		case <-s.done:
		}
	}
	for {
		n, err := s.conn.Read(buffer)
		for _, b := range buffer[:n] {
			d.feed(b, emit)
		}
		if err != nil {
			return
		}
	}
}

func (s *session) handle(e event) {
	switch e.kind {
	case gotInterrupt:
		if s.waiting {
			s.target.Interrupt()
		}
	case gotNak:
		if !s.noAck && s.last != nil {
			s.write(s.last)
		}
	case gotTooLong:
		s.ack("+")
		s.send(s.fail("a packet is longer than 65536 bytes"))
	case gotPacket:
		if !e.sum && !s.noAck {
			s.ack("-")
			return
		}
		s.ack("+")
		s.send(s.dispatch(e.data))
	}
}

func (s *session) ack(sign string) {
	if !s.noAck {
		s.write([]byte(sign))
	}
}

func (s *session) send(r reply) {
	if r == later {
		return
	}
	s.last = frame(string(r))
	s.write(s.last)
}

func (s *session) write(p []byte) {
	if s.end != "" {
		return
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := s.conn.Write(p); err != nil {
		s.end = "is gone"
	}
}

// print shows a text on the client's console, which it takes while it waits for
// an answer.
func (s *session) print(text string) {
	const most = 2048
	for len(text) > 0 {
		n := min(len(text), most)
		s.send(reply("O" + hex.EncodeToString([]byte(text[:n]))))
		text = text[n:]
	}
}

// fail is an error with a text, as the client understands it.
func (s *session) fail(text string) reply {
	if s.errorText {
		return reply("E01;" + hex.EncodeToString([]byte(text)))
	}
	clean := func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune("#$}*", r) {
			return '?'
		}
		return r
	}
	return reply("E." + strings.Map(clean, text))
}

// do makes a reply within Do.
func (s *session) do(f func(m Machine) reply) reply {
	var r reply
	if err := s.target.Do(func(m Machine) { r = f(m) }); err != nil {
		return s.fail(err.Error())
	}
	return r
}

// standing makes a reply once the machine stands; it stops one that runs.
func (s *session) standing(f func() reply) reply {
	if s.exited != nil {
		return f()
	}
	running := false
	err := s.target.Do(func(m Machine) {
		if running = m.Running(); running {
			s.forget()
		}
	})
	if err != nil {
		return s.fail(err.Error())
	}
	if !running {
		return f()
	}
	s.parked = f
	s.target.Interrupt()
	return later
}
