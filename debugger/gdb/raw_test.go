package gdb

import (
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// raw is a client that sends what it is told to.
type raw struct {
	t    *testing.T
	conn net.Conn
	d    decoder
	have []event
	acks string
}

func dial(t *testing.T, s *Server) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &raw{t: t, conn: conn}
}

func (r *raw) write(text string) {
	r.t.Helper()
	_, err := r.conn.Write([]byte(text))
	require.NoError(r.t, err)
}

func (r *raw) send(packet string) { r.t.Helper(); r.write(string(frame(packet))) }

// packet is the next one from the stub.
func (r *raw) packet() string {
	r.t.Helper()
	buffer := make([]byte, 4096)
	for len(r.have) == 0 {
		require.NoError(r.t, r.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		n, err := r.conn.Read(buffer)
		require.NoError(r.t, err)
		for _, b := range buffer[:n] {
			if r.d.state == between && b != '$' {
				r.acks += string(rune(b))
			}
			r.d.feed(b, func(e event) { r.have = append(r.have, e) })
		}
		if len(r.have) > 0 && r.have[0].kind == gotNak {
			r.have = r.have[1:]
		}
	}
	e := r.have[0]
	r.have = r.have[1:]
	require.True(r.t, e.sum, "checksum of %q", e.data)
	return e.data
}

func (r *raw) ask(packet string) string {
	r.t.Helper()
	r.send(packet)
	return r.packet()
}

// gone is whether the stub has closed the connection.
func (r *raw) gone() bool {
	_ = r.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	var buffer [256]byte
	for {
		_, err := r.conn.Read(buffer[:])
		if err == nil {
			continue
		}
		timeout, isNet := err.(net.Error)
		return !isNet || !timeout.Timeout()
	}
}

func text(s string) string { return hex.EncodeToString([]byte(s)) }

func TestPackets(t *testing.T) {
	_, s := start(t, 32)
	r := dial(t, s)
	require.Equal(t, "PacketSize=10000;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+;qXfer:features:read+;"+
		"qXfer:memory-map:read+;ReverseContinue+;ReverseStep+", r.ask("qSupported:swbreak+;hwbreak+;xmlRegisters=i386"))
	rows := []struct{ name, send, want string }{
		{"unknown letter", "y", ""},
		{"unknown query", "qNothing", ""},
		{"empty", "", ""},
		{"must be empty", "vMustReplyEmpty", ""},
		{"trace status", "qTStatus", ""},
		{"symbols", "qSymbol::", "OK"},
		{"attached", "qAttached", "1"},
		{"attached to", "qAttached:1", "1"},
		{"thread", "qC", "QC1"},
		{"threads", "qfThreadInfo", "m1"},
		{"no more threads", "qsThreadInfo", "l"},
		{"thread's name", "qThreadExtraInfo,1", text("CPU 0")},
		{"alive", "T1", "OK"},
		{"not alive", "T2", "E01"},
		{"choose any", "Hg0", "OK"},
		{"choose all", "Hc-1", "OK"},
		{"choose none", "Hg7", "E01"},
		{"choose", "H", "E01"},
		{"actions", "vCont?", "vCont;c;C;s;S;t;r"},
		{"no action", "vCont;", "E01"},
		{"bad action", "vCont;q:1", "E01"},
		{"bad range", "vCont;r1:1", "E01"},
		{"other thread", "vCont;c:9", "E01"},
		{"extended", "!", "OK"},
		{"why", "?", "T0505:05000000;04:04000000;08:00100000;thread:1;"},
		{"memory", "m1000,4", "909040a3"},
		{"memory, partial", "mfffe,10", "0000"},
		{"memory, none", "m10000,4", "E14"},
		{"memory at the top", "mffffffffffffffff,10", "E14"},
		{"memory, nothing", "m1000,0", "E01"},
		{"memory, bad", "m1000", "E01"},
		{"memory, much", "m0,ffffffffffffffff", strings.Repeat("00", 0x1000) + "909040a3002000009090ebf6" +
			strings.Repeat("00", 0x7fff-0x1000-12)},
		{"write", "M3000,3:010203", "OK"},
		{"written", "m3000,4", "01020300"},
		{"write, half a byte", "M3000,1:1", "E01"},
		{"write, wrong length", "M3000,2:01", "E01"},
		{"write, none", "M10000,1:01", "E14"},
		{"write, part", "Mffff,2:0101", "E14"},
		{"write, over the top", "Xffffffffffffffff,2:ab", "E01"},
		{"write, nothing", "X3000,0:", "OK"},
		{"binary write", "X3000,5:}\x03}\x04}\x5d\x03:", "OK"},
		{"binary written", "m3000,5", "23247d033a"},
		{"upload is not for all", "x3000,1", ""},
		{"register", "p8", "00100000"},
		{"register of the system", "p29", "00000000"},
		{"register, none", "pff", "E01"},
		{"register, bad", "pz", "E01"},
		{"set register", "P0=78563412", "OK"},
		{"register set", "p0", "78563412"},
		{"set, too short", "P0=78", "E01"},
		{"set, too long", "P0=7856341200", "E01"},
		{"set, none", "Pfff=00", "E01"},
		{"set st0", "P10=0102030405060708090a", "OK"},
		{"st0", "p10", "0102030405060708090a"},
		{"features, other", "qXfer:features:read:other.xml:0,10", "E00"},
		{"features, past", "qXfer:features:read:target.xml:fffff,10", "E01"},
		{"features", "qXfer:features:read:target.xml:0,5", "m<?xml"},
		{"features, bad", "qXfer:features:read:target.xml:0", "E01"},
		{"features, write", "qXfer:features:write:target.xml:0:x", ""},
		{"transfer", "qXfer:auxv:read::0,10", ""},
		{"transfer, short", "qXfer", ""},
		{"physical", "qqemu.PhyMemMode", "0"},
		{"to physical", "Qqemu.PhyMemMode:1", "OK"},
		{"is physical", "qqemu.PhyMemMode", "1"},
		{"physical memory", "m9000,4", "909040a3"},
		{"to linear", "Qqemu.PhyMemMode:0", "OK"},
		{"to what", "Qqemu.PhyMemMode:", "E01"},
		{"qemu", "qqemu.Supported", "PhyMemMode"},
		{"break", "Z0,1008,1", "OK"},
		{"again", "Z0,1008,1", "OK"},
		{"no break", "z0,1009,1", "OK"},
		{"away", "z0,1008,1", "OK"},
		{"break, type", "Z5,1008,1", ""},
		{"break, none", "Z", "E01"},
		{"break, bad", "Z0,zz,1", "E01"},
		{"break, condition", "Z0,1008,1;X1,2", "E01"},
		{"watch nothing", "Z2,1008,0", "E01"},
		{"read watch", "Z3,1008,4", "E.an x86 can't watch reads only"},
		{"monitor, bad", "qRcmd,zz", "E01"},
		{"region", "qMemoryRegionInfo:1000", "start:0;size:100000000;permissions:rwx;"},
		{"backwards, no", "bx", ""},
		{"at a bad address", "cxyz", "E01"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { require.Equal(t, row.want, r.ask(row.send)) })
	}
	require.NotContains(t, r.acks, "-")
}

func TestFraming(t *testing.T) {
	_, s := start(t, 32)
	r := dial(t, s)
	r.write("+++garbage\x03$qC#00")
	require.Equal(t, "QC1", r.ask("qC"))
	require.Equal(t, "-+", r.acks, "a bad checksum, then a good one")
	r.write("-")
	require.Equal(t, "QC1", r.packet(), "is sent again")
	r.write("$m10$qC#b4")
	require.Equal(t, "QC1", r.packet(), "a packet without its end")
	r.write("$qC#B4")
	require.Equal(t, "QC1", r.packet(), "a checksum in capitals")
	require.Equal(t, "OK", r.ask("QStartNoAckMode"))
	acks := r.acks
	r.write("$qC#00")
	require.Equal(t, "QC1", r.packet(), "the checksum is not looked at")
	require.Equal(t, "QC1", r.ask("qC"))
	require.Equal(t, acks, r.acks)
}

func TestOversizedPacket(t *testing.T) {
	_, s := start(t, 32)
	r := dial(t, s)
	r.write("$" + strings.Repeat("m", 3*maxPacket))
	require.Equal(t, "E.a packet is longer than 65536 bytes", r.packet(), "before its end comes")
	r.write("mm#00")
	require.Equal(t, "QC1", r.ask("qC"), "the connection goes on")
	require.NotContains(t, r.acks, "-")
	require.Equal(t, "E01", r.ask("M0,1:"+strings.Repeat("0", maxPacket-5)), "the longest there is")
}

func TestGeneralRegisters(t *testing.T) {
	rows := []struct{ bits, bytes int }{{16, 308}, {32, 308}, {64, 536}}
	for _, row := range rows {
		f, s := start(t, row.bits)
		r := dial(t, s)
		before := r.ask("g")
		require.Len(t, before, 2*row.bytes)
		for _, bits := range []int{16, 32, 64} {
			require.NoError(t, f.Do(func(Machine) { f.bits = bits }))
			require.Len(t, r.ask("g"), 2*row.bytes, "from %d to %d bits", row.bits, bits)
		}
		after := "aa" + before[2:]
		require.Equal(t, "OK", r.ask("G"+after))
		require.Equal(t, after, r.ask("g"))
		require.Equal(t, "E01", r.ask("G00"))
		require.Equal(t, "OK", r.ask("G"+strings.Repeat("x", 2*row.bytes)))
		require.Equal(t, after, r.ask("g"))
	}
}

func TestRegistersThatTheMachineLacks(t *testing.T) {
	f, s := start(t, 32)
	require.NoError(t, f.Do(func(Machine) {
		for i := range 16 {
			delete(f.wide, fmt.Sprintf("xmm%d", i))
		}
		delete(f.regs, "cr4")
	}))
	r := dial(t, s)
	xml := r.ask("qXfer:features:read:target.xml:0,ffff")
	require.NotContains(t, xml, "org.gnu.gdb.i386.sse")
	require.NotContains(t, xml, `name="cr4"`)
	require.Contains(t, xml, `<reg name="cs_base" bitsize="32" type="uint32" group="system" regnum="32"/>`)
	require.NoError(t, f.Do(func(Machine) { delete(f.regs, "cr0") }))
	require.Contains(t, r.ask("g"), "7f030000")
	require.NoError(t, f.Do(func(Machine) { delete(f.regs, "fctrl") }))
	require.Contains(t, r.ask("g"), "xxxxxxxx")
}

func TestMonitor(t *testing.T) {
	_, s := start(t, 32)
	r := dial(t, s)
	require.Equal(t, "O"+text("hello, #$}* 32\n"), r.ask("qRcmd,"+text("hello")))
	require.Equal(t, "OK", r.packet())
	require.Equal(t, "O"+text("\"bad\" is no command\n"), r.ask("qRcmd,"+text("bad")))
	require.Equal(t, "OK", r.packet())
	r.send("qRcmd," + text("flood"))
	got := 0
	for {
		p := r.packet()
		if p == "OK" {
			break
		}
		require.Equal(t, byte('O'), p[0])
		got += len(p) / 2
	}
	require.Less(t, got, maxOutput+100)
	require.Greater(t, got, maxOutput)
	require.Contains(t, r.ask("qRcmd,"+text("gdb what")), text("gdb: use gdb registers"))
	require.Equal(t, "OK", r.packet())
	require.Equal(t, "OK", r.ask("qRcmd,"+text("gdb memory physical")))
	require.Equal(t, "1", r.ask("qqemu.PhyMemMode"))
}

func TestErrorsWithText(t *testing.T) {
	_, s := start(t, 32)
	r := dial(t, s)
	require.Equal(t, "OK", r.ask("QEnableErrorStrings"))
	require.Equal(t, "E01;"+text("an x86 can't watch reads only"), r.ask("Z3,1,1"))
}

func TestUpload(t *testing.T) {
	_, s := start(t, 32)
	r := dial(t, s)
	require.Contains(t, r.ask("qSupported:binary-upload+;error-message+"), ";binary-upload+;error-message+")
	require.Equal(t, "OK", r.ask("M3000,3:247d2a"))
	require.Equal(t, "b$}*", r.ask("x3000,3"))
	require.Equal(t, "b", r.ask("x3000,0"))
	require.Equal(t, "E14", r.ask("x10000,1"))
}

func TestMemoryMap(t *testing.T) {
	f, s := start(t, 32)
	r := dial(t, s)
	const ask = "qXfer:memory-map:read::0,fff"
	require.Contains(t, r.ask(ask), `<memory type="ram" start="0x0" length="0xf0000"/>`+
		`<memory type="rom" start="0xf0000" length="0x1000"/>`+
		`<memory type="ram" start="0xf1000" length="0x7ffffffffff0f000"/>`+
		`<memory type="ram" start="0x8000000000000000" length="0x8000000000000000"/></memory-map>`)
	require.NoError(t, f.Do(func(Machine) { f.regs["cr0"] |= 1 << 31 }))
	require.NotContains(t, r.ask(ask), "rom", "addresses are paged")
}

func TestTooManyBreakpoints(t *testing.T) {
	_, s := start(t, 32)
	r := dial(t, s)
	require.Equal(t, "OK", r.ask("QStartNoAckMode"))
	for i := range maxBreaks {
		require.Equal(t, "OK", r.ask("Z0,"+hex.EncodeToString([]byte{byte(i >> 8), byte(i)})+",1"))
	}
	require.Equal(t, "E.too many breakpoints", r.ask("Z1,1,1"))
}
