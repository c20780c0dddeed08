package gdb

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// patience is how long a client waits for the one before it to be gone.
	patience = time.Second
	// maxWaiting is how many clients wait or are told to go at a time.
	maxWaiting = 4
	// writeTime is the longest that a client may leave an answer unread.
	writeTime = 30 * time.Second
)

// Server is a stub that listens. It has one client at a time.
type Server struct {
	listener net.Listener
	target   Target
	log      func(string)
	kill     func()

	seat    chan struct{} // holds one token while a client has the machine
	waiting chan struct{} // one token for each who wants to
	closing chan struct{}
	once    sync.Once
	wg      sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	bits  int // of the register file to describe; 0 is that of the mode
}

// Option is a choice of Serve.
type Option func(*Server)

// OnKill has f called, on a goroutine of its own, when a client kills the machine
// (gdb's "kill"). Without it a kill is a detach: the machine goes on.
func OnKill(f func()) Option { return func(s *Server) { s.kill = f } }

// Registers has every client given the registers of 16-, 32- or 64-bit mode; 0
// is those of the mode that the machine is in when the client connects. A gdb
// that has loaded a 64-bit program takes no others than 64.
func Registers(bits int) Option { return func(s *Server) { s.bits = bits } }

// Serve takes clients from l, which it closes in the end. log gets one line for
// every client that comes and goes; it may be nil, and must not call Close.
func Serve(l net.Listener, t Target, log func(string), options ...Option) *Server {
	s := newServer(t, log, options...)
	s.listener = l
	s.wg.Go(s.accept)
	return s
}

func newServer(t Target, log func(string), options ...Option) *Server {
	s := &Server{
		target:  t,
		log:     log,
		seat:    make(chan struct{}, 1),
		waiting: make(chan struct{}, maxWaiting),
		closing: make(chan struct{}),
		conns:   map[net.Conn]struct{}{},
	}
	for _, o := range options {
		o(s)
	}
	if s.log == nil {
		s.log = func(string) {}
	}
	return s
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close drops the client, whose breakpoints go, and stops listening; the machine
// stays as it is. It returns when all of the server's goroutines have ended,
// which needs the target's Do to return: it must not be called from the
// machine's goroutine.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closing)
		if s.listener != nil {
			err = s.listener.Close()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.conns {
			_ = c.Close()
		}
	})
	s.wg.Wait()
	if err != nil {
		return fmt.Errorf("gdb: %w", err)
	}
	return nil
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err == nil {
			s.take(conn)
			continue
		}
		if !errors.Is(err, net.ErrClosed) {
			s.log("gdb: " + err.Error())
		}
		select { // out of file descriptors, say
		case <-s.closing:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// take serves a client in the background, unless too many wait already.
func (s *Server) take(conn net.Conn) {
	select {
	case s.waiting <- struct{}{}:
	default:
		_ = conn.Close()
		return
	}
	if !s.hold(conn) {
		<-s.waiting
		return
	}
	s.wg.Go(func() {
		defer s.release(conn)
		s.serve(conn)
	})
}

// hold has Close close conn as well.
func (s *Server) hold(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		_ = conn.Close()
		return false
	default:
	}
	s.conns[conn] = struct{}{}
	return true
}

func (s *Server) release(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// serve has the client wait for its seat; it has let go of its place among those
// who wait when it returns.
func (s *Server) serve(conn net.Conn) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case s.seat <- struct{}{}:
	case <-s.closing:
		<-s.waiting
		return
	case <-late.C:
		defer func() { <-s.waiting }()
		s.log(fmt.Sprintf("gdb: %v refused: another debugger is connected", conn.RemoteAddr()))
		refuse(conn)
		return
	}
	<-s.waiting
	defer func() { <-s.seat }()
	s.log(fmt.Sprintf("gdb: %v connected", conn.RemoteAddr()))
	why := newSession(s, conn).run()
	s.log(fmt.Sprintf("gdb: %v %s", conn.RemoteAddr(), why))
}

// refuse answers every packet with why, which gdb shows and then leaves. A client
// that stays is dropped.
func refuse(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	answer := append([]byte{'+'}, frame("E.another debugger is connected")...)
	var d decoder
	var buffer [512]byte
	for {
		n, err := conn.Read(buffer[:])
		if err != nil {
			return
		}
		packets := 0
		for _, b := range buffer[:n] {
			d.feed(b, func(e event) {
				if e.kind == gotPacket {
					packets++
				}
			})
		}
		for range packets {
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	}
}

func (s *Server) wantedBits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bits
}

func (s *Server) setWantedBits(bits int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bits = bits
}
