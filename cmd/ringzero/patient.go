package main

import (
	"bytes"
	"errors"
	"io"
)

// errEnded is the answer of a write that nobody takes, once the run shall end.
var errEnded = errors.New("the run ended while nobody read its output")

// patient is a writer that may hang, as a pipe's does that nobody reads: a signal,
// --timeout and the escape act meanwhile.
type patient struct {
	c     *console
	w     io.Writer
	jobs  chan []byte
	done  chan error
	ended bool
}

func newPatient(c *console, w io.Writer) *patient {
	p := &patient{c: c, w: w, jobs: make(chan []byte), done: make(chan error, 1)}
	go func() {
		for job := range p.jobs {
			_, err := p.w.Write(job)
			p.done <- err
		}
	}()
	return p
}

// Write is an io.Writer's. It comes back when all is written, or when the run
// shall end; the write that hangs stays until the process ends.
func (p *patient) Write(data []byte) (int, error) {
	if p.ended {
		return 0, errEnded
	}
	p.jobs <- bytes.Clone(data)
	if err := p.c.await(p.done); err != nil {
		p.ended = errors.Is(err, errEnded)
		return 0, err
	}
	return len(data), nil
}

// await waits for a write.
func (c *console) await(done <-chan error) error {
	for c.ended == nil {
		select {
		case err := <-done:
			return err
		case sig := <-c.signals:
			c.ended = signalled(sig)
		case <-c.late:
			c.ended = limited()
		case chunk, ok := <-c.input():
			c.ended = c.receive(chunk, ok)
		}
	}
	select { // it may have come just then
	case err := <-done:
		return err
	default:
		return errEnded
	}
}
