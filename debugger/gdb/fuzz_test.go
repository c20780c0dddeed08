package gdb

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzStub sends any bytes: the stub neither panics nor hangs, and answers what
// comes afterwards on a connection of its own.
func FuzzStub(f *testing.F) {
	for _, p := range strings.Split("qSupported:swbreak+;hwbreak+;binary-upload+|?|g|G00|p8|P8=00|m1000,10|M1000,1:90|X1000,1:}\x03|"+
		"x1000,4|Z0,1008,1|z0,1008,1|Z2,2000,4|vCont?|vCont;c|vCont;s:1|vCont;r1000,1008:1|c|s|bc|bs|\x03|D|k|vKill;1|!|R00|"+
		"qXfer:features:read:target.xml:0,fff|qXfer:memory-map:read::0,fff|qRcmd,68656c6c6f|qRcmd,666c6f6f64|"+
		"qRcmd,6764622070632066|Qqemu.PhyMemMode:1|QStartNoAckMode|QEnableErrorStrings|qMemoryRegionInfo:0|vAttach;1|Hg0|T1", "|") {
		f.Add(append(frame("?"), frame(p)...))
	}
	f.Add([]byte("$m10\x03$c#63\x03-+$#00$#$##"))
	f.Add([]byte("$" + strings.Repeat("}", maxPacket+2) + "#00$c#63"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := newFake(32)
		defer m.close()
		s := newServer(m, nil)
		talk(t, s, data)
		if err := m.Do(func(Machine) { require.Empty(t, m.breaks) }); err != nil {
			require.NoError(t, m.on(func() { require.True(t, m.exited) }), "%v", err) // the input had it execute a hlt
		}
	})
}

// talk sends data and reads every answer until the stub is done with it.
func talk(t *testing.T, s *Server, data []byte) {
	here, there := net.Pipe()
	require.NoError(t, here.SetDeadline(time.Now().Add(20*time.Second)))
	s.take(there)
	done := make(chan error, 1)
	go func() {
		var buffer [4096]byte
		for {
			if _, err := here.Read(buffer[:]); err != nil {
				done <- err
				return
			}
		}
	}()
	_, _ = here.Write(data) // the stub hangs up after a D
	_ = here.Close()
	<-done
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		require.Fail(t, "the stub hangs")
	}
}
