package system

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ringzero/internal/testkit/need"
)

// qemu is QEMU 7.2's translator (TCG) as a reference. It trades exactness for
// speed in places that its authors document; the rows say where.
var qemu = engine{name: "qemu", run: runQEMU, flaws: qemuFlaws, skips: true}

func runQEMU(t *testing.T, elf string) (string, int) {
	program := need.Tool(t, "qemu-system-i386")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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
	noCSLimit  = "TCG checks no limit of the code segment"
	noRights   = "TCG checks the rights of a segment at its load only"
	noEXT      = "TCG leaves EXT clear in error codes of a failed delivery"
	absentSS   = "TCG gives #TS or #NP for an absent stack segment"
	upperHalf  = "TCG uses the upper half of the offset in a 16-bit gate"
	conforming = "TCG loads CS with CPL 0 for a conforming target of a call gate"
	noRF       = "TCG pushes RF clear for faults"
	ioAsRead   = "TCG reports a read-modify-write's fault as a read's"
	partial    = "TCG stores or loads part of a long operand before the fault"
	crashes    = "QEMU 7.2 crashes"
	lateEIP    = "TCG does not save EIP before the faults of a task switch's second half"
)

var qemuFlaws = map[string][]flaw{
	"limits_data":  {{"*", noLimits}},
	"limits_stack": {{"*", noLimits}},
	"limits_code":  {{"*", noCSLimit}},
	"segload": {
		{"null *", noRights},
		{"rights: *", noRights},
		{"read-only data is unchanged", noRights},
		{"a far jump sets A", "TCG does not set the accessed bit in far jumps"},
		{"ltr of null", "TCG takes it"},
		{"a refused ltr leaves TR", "TCG takes a null selector"},
	},
	"lar": {
		{"lar with an operand beyond the limit", noLimits},
		{"verw with an operand across the limit", noLimits},
		{"lock lar", "TCG ignores LOCK here"},
		{"arpl to read-only data", noRights},
	},
	"gates_call": {
		{"parameters beyond the limit*", noLimits},
		{"gate to conforming code*", conforming},
		{"new SS absent", absentSS},
		{"new stack without room*", noLimits},
		{"new stack above its limit*", noLimits},
		{"16-bit gate in ring 0*", upperHalf},
		{"gate to beyond the limit of an inner ring's code*", noCSLimit},
	},
	"gates_int": {
		{"a fault's frame has RF", noRF},
		{"#UD *", noEXT},
		{"new SS *, by #UD", noEXT},
		{"new SS absent*", absentSS},
		{"new stack without room*", noLimits},
		{"int1*", "TCG has no INT1"},
		{"16-bit gate: *", upperHalf},
	},
	"returns": {
		{"use of a nulled segment", noRights},
		{"* to beyond the limit of ring-3 code*", noCSLimit},
		{"* to SS absent", absentSS},
		{"iret flags: ring 3 can't set VM", "TCG lets IRET in ring 3 touch VM"},
		{"iret at CPL 0 sets VIF and VIP", "TCG 7.2 drops them"},
	},
	"tasks32": {{"T bit*", "TCG knows no debug trap of the TSS"}},
	"tasks_refused": {
		{"* in the LDT", "TCG gives #TS for #GP"},
		{"*task gate to the LDT", "TCG gives #TS for #GP"},
		{"#UD, *", noEXT},
		{"LDT *", lateEIP},
		{"DS *", lateEIP},
		{"ES *", lateEIP},
		{"FS *", lateEIP},
		{"GS *", lateEIP},
		{"CS *", lateEIP},
		{"SS *", lateEIP},
		{"EIP beyond CS*", noCSLimit},
	},
	"v86": {
		{"* at FFFF*", noLimits},
		{"dword at FFFD*", noLimits},
		{"push with SP 1*", noLimits},
		{"offset above FFFF with a 32-bit address*", noLimits},
		{"running to FFFF and beyond", noCSLimit},
		{"int through a gate to ring 1*", "TCG lets ring 1 serve virtual-8086 mode"},
	},
	"singlestep": {
		{"sti: *", "TCG holds the trap back behind STI"},
		{"lss does not hold the trap back", "TCG holds it back"},
		{"fault: TF and RF are pushed", noRF},
	},
	"debugregs": {
		{"DR7: bits 11*", "TCG keeps them"},
		{"DR6: bit 12 reads 0", "TCG keeps it"},
		{unfinished, crashes},
	},
	"paging": {
		{"absent, read-modify-write", ioAsRead},
		{"absent, xchg", ioAsRead},
		{"NW without CD", "TCG takes it"},
		{unfinished, "TCG takes PG without PE"},
	},
	"pae": {{unfinished, "TCG reads the pointers from memory at every walk"}},
	"pagecross": {
		{"*", ioAsRead + "; " + partial},
	},
	"exceptions": {
		{"undefined: 8F /1", "TCG runs it"},
		{"undefined: C6 /1", "TCG runs it"},
		{"undefined: C7 /2", "TCG runs it"},
		{unfinished, "TCG runs a far call with a register"},
	},
	"doublefault": {
		{"#UD, then *", noEXT},
		{"#BR, then *", noEXT},
		{"#NM, then *", noEXT},
		{"int1, *", "TCG has no INT1"},
		{"stack fault in ring 0: *", noLimits},
	},
	"sysenter": {{unfinished, "TCG fails on the way"}},
	"system": {
		{"* of no MSR", "TCG takes any"},
		{"reserved bit of EFER", "TCG takes it"},
		{"lock *", "TCG ignores LOCK there"},
		{unfinished, crashes},
	},
	"interrupts": {
		{"rep stosd: *", hostClock},
		{"unmasked: it comes", "TCG takes interrupts between its blocks only"},
		{"absent gate", noEXT},
		{"no gate", noEXT},
		{"gate to *", noEXT},
	},
	"realmode": {{unfinished, noLimits}},
}
