package need

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

// recorder is a testing.TB that notes how a test was ended instead of ending it.
type recorder struct {
	testing.TB
	outcome, text string
}

func (r *recorder) Helper() {}
func (r *recorder) Skip(args ...any) {
	r.outcome, r.text = "skip", fmt.Sprint(args...)
	runtime.Goexit()
}
func (r *recorder) Fatal(args ...any) {
	r.outcome, r.text = "fatal", fmt.Sprint(args...)
	runtime.Goexit()
}
func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

func record(f func(t testing.TB)) *recorder {
	r := &recorder{outcome: "ran"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

func TestMissing(t *testing.T) {
	for _, row := range []struct {
		name, variable, want, text string
	}{
		{"nothing required", "", "skip", "no nasm here"},
		{"something else required", "guests,objdump", "skip", "no nasm here"},
		{"required", "guests, nasm", "fatal", "no nasm here, and RINGZERO_REQUIRE asks for nasm"},
		{"misspelt", "nams", "fatal", `RINGZERO_REQUIRE holds "nams", which is none of guests, qemu-user, nasm, objdump, gdb, lldb`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv(Variable, row.variable)
			got := record(func(t testing.TB) { Missing(t, NASM, "no nasm here") })
			assert.Equal(t, row.want, got.outcome)
			assert.Equal(t, row.text, got.text)
		})
	}
}

func TestTool(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, row := range []struct{ name, tool, variable, want string }{
		{"absent", "nasm", "", "skip"},
		{"absent and required", "nasm", "nasm", "fatal"},
		{"an emulator is covered by qemu-user", "qemu-s390x", "qemu-user", "fatal"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv(Variable, row.variable)
			assert.Equal(t, row.want, record(func(t testing.TB) { Tool(t, row.tool) }).outcome)
		})
	}
}
