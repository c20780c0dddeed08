package gdb
import ("testing";"time";"net")
func TestTmp16(t *testing.T) {
	f, s := start(t, 16)
	out:=gdb(t, s, "p $eip", "p/x $cs_base", "x/2i 0x1000", "break *0x1002", "continue", "monitor gdb pc linear", "maintenance flush register-cache", "x/i $pc", "stepi", "continue","continue", "show architecture", "set architecture i386", "x/i $pc", "p $eip", "detach")
	_, _ = out, f
}
func TestTmp64(t *testing.T) {
	f, s := start(t, 64)
	f.bits=16
	client(t, "gdb", "-nx", "-batch", "-ex", "set architecture i386:x86-64", "-ex", "target remote :"+port(s), "-ex", "info registers", "-ex", "detach")
	client(t, "gdb", "-nx", "-batch", "/bin/true", "-ex", "target remote :"+port(s), "-ex", "info registers", "-ex", "detach")
	f.bits=32
	gdb(t,s, "stepi", "monitor go", "disconnect")
}
func TestTmpSecond(t *testing.T) {
	_, s := start(t, 32)
	c, err := net.Dial("tcp", s.Addr().String())
	if err!=nil {t.Fatal(err)}
	time.Sleep(100*time.Millisecond)
	gdb(t, s, "info registers rip")
	client(t, "lldb", "-b", "-o", "gdb-remote "+port(s))
	c.Close()
}
func TestTmpLLDB(t *testing.T) {
	for _, b := range []int{64,32} {
	_, s := start(t, b)
	client(t, "lldb", "-b", "-o", "gdb-remote "+port(s),  "-o","register read cr0 efer", "-o", "watchpoint set expression -s 1 -- 0x2000", "-o", "continue","-o", "register write rax 9",  "-o", "register read rax", "-o", "thread list", "-o", "expression 1+2", "-o", "process interrupt", "-o", "detach")
	}
}
