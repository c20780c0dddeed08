package gdb

import (
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const at1000 = "05:05000000;04:04000000;08:%;thread:1;"

// stop is a stop reply at an address, with a reason.
func stop(head, pc string) string { return head + strings.Replace(at1000, "%", pc, 1) }

func wait(t *testing.T, what string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, 10*time.Second, time.Millisecond, what)
}

// ready dials and says what gdb says.
func ready(t *testing.T, s *Server) *raw {
	t.Helper()
	r := dial(t, s)
	r.ask("qSupported:swbreak+;hwbreak+")
	require.Equal(t, "T05", r.ask("?")[:3])
	return r
}

func TestStops(t *testing.T) {
	_, s := start(t, 32)
	r := ready(t, s)
	rows := []struct{ name, send, want string }{
		{"step", "vCont;s:1;c", stop("T05", "01100000")},
		{"old step", "s", stop("T05", "02100000")},
		{"step with a signal", "S05", stop("T05", "03100000")},
		{"step at", "s1000", stop("T05", "01100000")},
		{"range", "vCont;r1001,1008:1;c:1", stop("T05", "08100000")},
		{"back", "bs", stop("T05", "03100000")},
		{"break", "Z0,1009,1", "OK"},
		{"to the break", "c", stop("T05swbreak:;", "09100000")},
		{"round", "vCont;C05:1", stop("T05swbreak:;", "09100000")},
		{"step onto it", "s1008", stop("T05swbreak:;", "09100000")},
		{"break away", "z0,1009,1", "OK"},
		{"hardware", "Z1,100a,1", "OK"},
		{"to the hardware", "c", stop("T05hwbreak:;", "0a100000")},
		{"hardware away", "z1,100a,1", "OK"},
		{"watch", "Z2,1ffe,4", "OK"},
		{"to the watch", "c", stop("T05watch:2000;", "08100000")},
		{"watch away", "z2,1ffe,4", "OK"},
		{"access", "Z4,2000,1", "OK"},
		{"to the access", "c1002", stop("T05awatch:2000;", "08100000")},
		{"access away", "z4,2000,1", "OK"},
		{"back to the beginning", "bc", stop("T05replaylog:begin;", "00100000")},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { require.Equal(t, row.want, r.ask(row.send)) })
	}
}

func TestBreakpointOfAnother(t *testing.T) {
	f, s := start(t, 32)
	r := ready(t, s)
	require.NoError(t, f.Do(func(m Machine) { require.NoError(t, m.Insert(Software, 0x1002, 1)) }))
	require.Equal(t, stop("T05", "02100000"), r.ask("c"), "gdb would go on at a swbreak that isn't its own")
}

func TestInterrupt(t *testing.T) {
	_, s := start(t, 32)
	r := ready(t, s)
	rows := []struct{ name, send string }{
		{"alone", "\x03"}, {"twice", "\x03\x03"}, {"in a packet", "$m10\x0300,1"}, {"before the sum", "$m1000,1#\x03"},
		{"in the sum", "$m1000,1#8\x03"}, {"in a long packet", "$" + strings.Repeat("m", maxPacket+9) + "\x03"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r.send("c")
			r.write(row.send)
			for { // the long one has an answer of its own
				if p := r.packet(); !strings.HasPrefix(p, "E.") {
					require.Equal(t, "T02", p[:3])
					break
				}
			}
			require.Equal(t, "QC1", r.ask("qC"), "a half packet is forgotten")
		})
	}
}

func TestFaultAndExit(t *testing.T) {
	f, s := start(t, 32)
	r := ready(t, s)
	require.Equal(t, "OK", r.ask("M1008,1:cc"))
	require.Equal(t, "O"+text("triple fault\n"), r.ask("c"))
	require.Equal(t, stop("T0b", "08100000"), r.packet())
	require.Equal(t, "OK", r.ask("M1008,1:f4"))
	require.Equal(t, "O"+text("halted for good\n"), r.ask("c"))
	require.Equal(t, "W03", r.packet())
	for _, p := range []string{"?", "c", "vCont;s:1"} {
		require.Equal(t, "W03", r.ask(p))
	}
	require.Equal(t, "E.the machine is gone", r.ask("g"))
	require.Equal(t, "E.the machine is gone", r.ask("m0,1"))
	require.Equal(t, "OK", r.ask("D"))
	require.True(t, r.gone())
	r = dial(t, s)
	require.Equal(t, "E.the machine is gone", r.ask("?"))
	require.NoError(t, f.on(func() { require.True(t, f.exited) }))
}

func TestModeChanges(t *testing.T) {
	f, s := start(t, 32)
	r := ready(t, s)
	mode := func(bits int) { require.NoError(t, f.Do(func(Machine) { f.bits = bits })) }
	mode(64)
	require.Equal(t, "O"+text("gdb: the code is 64-bit now and the registers are those of 32; to have others "+
		"\"disconnect\" and connect again\n"), r.ask("s"))
	require.Equal(t, stop("T05", "01100000"), r.packet())
	require.Equal(t, stop("T05", "02100000"), r.ask("s"), "said once")
	mode(16)
	require.Equal(t, "O"+text("gdb: the code is 16-bit now; \"set architecture i8086\" shows it so\n"), r.ask("s"))
	require.Equal(t, stop("T05", "03100000"), r.packet())
}

func TestClientOfARunningMachine(t *testing.T) {
	f, s := start(t, 32)
	require.NoError(t, f.Resume(Action{}))
	r := dial(t, s)
	require.Equal(t, "90", r.ask("m1000,1"))
	require.True(t, f.runs(), "who only reads doesn't stop it")
	require.Equal(t, "m<?xml", r.ask("qXfer:features:read:target.xml:0,5"))
	require.False(t, f.runs())
	require.Equal(t, "T05", r.ask("?")[:3])
}

func (f *fake) runs() (is bool) {
	_ = f.on(func() { is = f.running })
	return is
}

func TestTwoFrontEnds(t *testing.T) {
	f, s := start(t, 32)
	r := ready(t, s)
	require.NoError(t, f.Resume(Action{Kind: Step})) // a stop that the client isn't told
	wait(t, "stops", func() bool { return !f.runs() })
	require.Equal(t, stop("T05", "02100000"), r.ask("s"))
	require.NoError(t, f.Resume(Action{}))
	require.Equal(t, "E.the machine runs already", r.ask("s"))
	r.send("c")
	require.Equal(t, "90", r.ask("m1000,1"), "while it runs")
	require.Equal(t, "E.the machine runs already", r.ask("c"))
	f.Interrupt()
	require.Equal(t, "T02", r.packet()[:3])
}

func TestDetachAndKill(t *testing.T) {
	for _, packet := range []string{"D", "D;1", "k", "vKill;1"} {
		t.Run(packet, func(t *testing.T) {
			f, s := start(t, 32)
			r := ready(t, s)
			require.Equal(t, "OK", r.ask("Z0,1008,1"))
			r.send(packet)
			wait(t, "resumes", f.runs)
			require.EqualValues(t, 1, f.removes.Load())
			if packet != "vKill;1" { // which gdb leaves on its own
				require.True(t, r.gone())
			}
		})
	}
}

func TestOnKill(t *testing.T) {
	killed := make(chan *Server, 1)
	var s *Server
	_, s = start(t, 32, OnKill(func() { killed <- s; _ = s.Close() }))
	r := ready(t, s)
	r.send("k")
	require.Same(t, s, <-killed)
	require.True(t, r.gone())
}

func TestExtendedDetachAndAttach(t *testing.T) {
	f, s := start(t, 32)
	r := ready(t, s)
	require.Equal(t, "OK", r.ask("!"))
	require.Equal(t, "OK", r.ask("D"))
	wait(t, "resumes", f.runs)
	require.NoError(t, f.Do(func(Machine) { f.bits = 64; f.regs["rsp"], f.regs["rbp"] = 0, 0 }))
	require.Equal(t, "T05", r.ask("vAttach;1")[:3])
	require.Contains(t, r.ask("qXfer:features:read:target.xml:0,fff"), "i386:x86-64")
}

func TestRegistersOption(t *testing.T) {
	_, s := start(t, 16, Registers(64))
	require.Len(t, dial(t, s).ask("g"), 2*536)
}

func TestLinearPC(t *testing.T) {
	f, s := start(t, 16)
	r := ready(t, s)
	require.Equal(t, "000c0000", r.ask("p8"))
	require.Equal(t, "OK", r.ask("qRcmd,"+text("gdb pc linear")))
	require.Equal(t, "00100000", r.ask("p8"))
	require.Equal(t, "OK", r.ask("Z0,1008,1"))
	require.Equal(t, stop("T05swbreak:;", "08100000"), r.ask("c"))
	require.Equal(t, "OK", r.ask("P8=02100000"))
	require.NoError(t, f.Do(func(Machine) { require.EqualValues(t, 0xc02, f.regs["rip"]) }))
}

func TestVanishedClient(t *testing.T) {
	for name, send := range map[string]string{"idle": "", "in a packet": "$m10", "running": string(frame("c"))} {
		t.Run(name, func(t *testing.T) {
			f, s := start(t, 32)
			r := ready(t, s)
			require.Equal(t, "OK", r.ask("Z0,2000,1"))
			require.Equal(t, "OK", r.ask("Z2,3000,4"))
			r.write(send)
			if name == "running" {
				wait(t, "runs", f.runs)
			}
			require.NoError(t, r.conn.Close())
			wait(t, "its breakpoints go", func() bool { return f.removes.Load() == 2 })
			require.Equal(t, name == "running", f.runs(), "the machine stays as it is")
			ready(t, s)
		})
	}
}

func TestNextClientWaitsForTheLast(t *testing.T) {
	_, s := start(t, 32)
	for range 20 {
		r := ready(t, s)
		require.NoError(t, r.conn.Close())
	}
}

func TestSecondClient(t *testing.T) {
	_, s := start(t, 32)
	first := ready(t, s)
	first.send("c")
	second := dial(t, s)
	require.Equal(t, "E.another debugger is connected", second.ask("qSupported"))
	require.Equal(t, "E.another debugger is connected", second.ask("?"))
	many := make([]*raw, 20)
	for i := range many {
		many[i] = dial(t, s)
	}
	for _, r := range many {
		require.NoError(t, r.conn.Close())
	}
	first.write("\x03")
	require.Equal(t, "T02", first.packet()[:3])
}

func TestCloseEndsAll(t *testing.T) {
	before := runtime.NumGoroutine()
	f := newFake(32)
	l, err := Listen(":0")
	require.NoError(t, err)
	s := Serve(l, f, nil)
	r := ready(t, s)
	r.send("c")
	waits := dial(t, s)
	wait(t, "runs", f.runs)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.True(t, r.gone())
	require.True(t, waits.gone())
	require.True(t, f.runs())
	require.NoError(t, f.Do(func(Machine) { require.Empty(t, f.subs) }))
	_, err = net.Dial("tcp", s.Addr().String())
	require.Error(t, err)
	f.close()
	for late := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(late), "goroutines are left") // Eventually has some of its own
	}
}

func TestCloseWithAClientThatReadsNothing(t *testing.T) {
	f := newFake(32)
	defer f.close()
	s := newServer(f, nil)
	here, there := net.Pipe()
	s.take(there)
	_, err := here.Write(frame("qC")) // its ack is never read
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

func TestParseAddr(t *testing.T) {
	const bad = " is not an address; use [HOST]:PORT, PORT or tcp::PORT"
	rows := []struct{ in, host, port, err string }{
		{"1234", "127.0.0.1", "1234", ""},
		{":1234", "127.0.0.1", "1234", ""},
		{"tcp::1234", "127.0.0.1", "1234", ""},
		{"tcp:0.0.0.0:1234", "0.0.0.0", "1234", ""},
		{"localhost:0", "localhost", "0", ""},
		{"[::1]:65535", "::1", "65535", ""},
		{"", "", "", `gdb: ""` + bad},
		{"tcp:1234", "", "", `gdb: "tcp:1234"` + bad},
		{"host", "", "", `gdb: "host"` + bad},
		{":65536", "", "", `gdb: ":65536"` + bad},
		{":-1", "", "", `gdb: ":-1"` + bad},
		{"tcp::1234,server", "", "", `gdb: "tcp::1234,server"` + bad},
		{"a\nb:1:2", "", "", `gdb: "a\nb:1:2"` + bad},
	}
	for _, row := range rows {
		t.Run(row.in, func(t *testing.T) {
			host, port, err := parseAddr(row.in)
			if row.err != "" {
				require.EqualError(t, err, row.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{row.host, row.port}, []string{host, port})
		})
	}
}

func TestListenErrorIsOneLine(t *testing.T) {
	l, err := Listen("0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	_, err = Listen(l.Addr().String())
	require.ErrorContains(t, err, "gdb: listen tcp 127.0.0.1:")
	require.NotContains(t, err.Error(), "\n")
}
