//go:build unix || windows

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// endSignals end a run in good order.
var endSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}

// keepPipes makes a write to a pipe that nobody reads an error, instead of the
// end of the process in the middle of things.
func keepPipes() { signal.Ignore(syscall.SIGPIPE) }

// pipeStatus is the exit status for such an error, as if the signal had come.
func pipeStatus(err error) (status int, is bool) {
	return exitSignal + int(syscall.SIGPIPE), errors.Is(err, syscall.EPIPE)
}
