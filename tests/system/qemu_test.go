package system

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	need "ringzero/internal/testkit/require"
)

// qemu is QEMU 7.2's translator (TCG) as a reference. It trades exactness for
// speed in places that its authors document; the rows say where.
var qemu = engine{name: "qemu", run: runQEMU, flaws: qemuFlaws, skips: true}

func runQEMU(t *testing.T, elf string) (string, int) {
	program := need.Tool(t, "qemu-system-i386")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-accel", "tcg", "-cpu", "max", "-m", "64", "-kernel", elf,
		"-debugcon", "stdio", "-serial", "null", "-display", "none", "-monitor", "none", "-no-reboot",
		"-device", "isa-debug-exit,iobase=0x501,iosize=4")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

const (
	noLimits   = "TCG checks no segment limits"
	noLimitsPC = "TCG checks no limit of the code segment"
)

var qemuFlaws = map[string][]flaw{
	"limits_data":      {{"*", noLimits}},
	"limits_stack":     {{"*", noLimits}},
	"limits_interrupt": {{"*", noLimits}},
	"limits_code":      {{"*", noLimitsPC}},
}
