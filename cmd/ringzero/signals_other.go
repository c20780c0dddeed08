//go:build !unix && !windows

package main

import (
	"os"
	"syscall"
)

// endSignals end a run in good order.
var endSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM}

func keepPipes() {}

func pipeStatus(error) (status int, is bool) { return 0, false }
