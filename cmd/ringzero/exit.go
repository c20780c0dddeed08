package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"ringzero"
)

// Exit statuses. Odd ones below 128 are the guest's own, by isa-debug-exit;
// from 128 on they tell of a signal.
const (
	exitOK          = 0
	exitUsage       = 2
	exitLimit       = 4
	exitTripleFault = 6
	exitHalted      = 8
	exitFailure     = 10
	exitReset       = 12
	exitSignal      = 128
)

// statusError carries the exit status. Without an error in it there is nothing
// to say.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// usagef is a mistake in the command line.
func usagef(format string, args ...any) error {
	return &statusError{exitUsage, fmt.Errorf(format, args...)}
}

// exitWith ends the program with a status, without a word.
func exitWith(status int) error {
	if status == exitOK {
		return nil
	}
	return &statusError{status: status}
}

// status prints an error in one line and gives the status to exit with.
func status(err error, errs io.Writer) int {
	if err == nil {
		return exitOK
	}
	code := exitFailure
	var s *statusError
	if errors.As(err, &s) {
		code = s.status
		if s.err == nil {
			return code
		}
	}
	hint := ""
	if code == exitUsage {
		hint = " (see ringzero --help)"
	}
	fmt.Fprintf(errs, "ringzero: %v%s\n", err, hint)
	return code
}

// stopStatus is the exit status for the end of a run.
func stopStatus(why ringzero.Stop, m *ringzero.Machine) int {
	switch why {
	case ringzero.Limit:
		return exitLimit
	case ringzero.TripleFault:
		return exitTripleFault
	case ringzero.HaltedForGood:
		return exitHalted
	case ringzero.Rebooted:
		return exitReset
	case ringzero.DebugExit:
		v, _ := m.ExitValue()
		return guestStatus(v)
	}
	return exitOK
}

// guestStatus is QEMU's encoding of what was written to isa-debug-exit, cut to
// the odd numbers below 128: those above stand for signals.
func guestStatus(v uint32) int { return int(v<<1|1) & 0x7f }

// pathError is a host's error without the path twice.
func pathError(path string, err error) error {
	return fmt.Errorf("%s: %w", path, cause(err))
}

// cause is a host's error without the path.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
