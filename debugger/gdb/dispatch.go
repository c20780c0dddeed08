package gdb

import (
	"fmt"
	"strconv"
	"strings"
)

// A handler answers one packet; args is what comes after its name and the
// character that ends it.
type handler func(s *session, args string) reply

// letters are the packets whose name is one letter ("Packets").
var letters map[byte]handler

// names are those of "General Query Packets" and "vCont" and the like, whose
// names end at a colon, a comma or a semicolon.
var names map[string]handler

func init() { // in a function, since handlers lead here again
	letters = map[byte]handler{
		'!': (*session).extend,
		'?': (*session).whyStopped,
		'b': (*session).backwards,
		'c': (*session).continueAt,
		'C': func(s *session, args string) reply { return s.continueAt(afterSignal(args)) },
		'D': (*session).detach,
		'g': (*session).readRegisters,
		'G': (*session).writeRegisters,
		'H': (*session).chooseThread,
		'k': (*session).kill,
		'm': (*session).readMemory,
		'M': (*session).writeHexMemory,
		'p': (*session).readRegister,
		'P': (*session).writeRegister,
		'R': func(*session, string) reply { return later },
		's': (*session).stepAt,
		'S': func(s *session, args string) reply { return s.stepAt(afterSignal(args)) },
		'T': (*session).threadAlive,
		'x': (*session).uploadMemory,
		'X': (*session).writeMemory,
		'Z': (*session).insert,
		'z': (*session).remove,
	}
	names = map[string]handler{
		"QEnableErrorStrings":    func(s *session, _ string) reply { s.errorText = true; return ok },
		"QStartNoAckMode":        func(s *session, _ string) reply { s.noAck = true; return ok },
		"Qqemu.PhyMemMode":       (*session).setPhysical,
		"qAttached":              func(*session, string) reply { return "1" },
		"qC":                     func(*session, string) reply { return "QC1" },
		"qHostInfo":              (*session).hostInfo,
		"qMemoryRegionInfo":      (*session).regionInfo,
		"qProcessInfo":           (*session).processInfo,
		"qRcmd":                  (*session).monitor,
		"qSupported":             (*session).supported,
		"qSymbol":                func(*session, string) reply { return ok },
		"qThreadExtraInfo":       func(*session, string) reply { return reply(fmt.Sprintf("%x", "CPU 0")) },
		"qWatchpointSupportInfo": func(*session, string) reply { return "num:4;" },
		"qXfer":                  (*session).transfer,
		"qfThreadInfo":           func(*session, string) reply { return "m1" },
		"qqemu.PhyMemMode":       (*session).getPhysical,
		"qqemu.Supported":        func(*session, string) reply { return "PhyMemMode" },
		"qsThreadInfo":           func(*session, string) reply { return "l" },
		"vAttach":                (*session).attach,
		"vCont":                  (*session).resumeThreads,
		"vCont?":                 func(*session, string) reply { return "vCont;c;C;s;S;t;r" },
		"vKill":                  (*session).killProcess,
	}
}

func (s *session) dispatch(packet string) reply {
	if packet == "" {
		return ""
	}
	if strings.IndexByte("qQv", packet[0]) >= 0 {
		name, args := packet, ""
		if i := strings.IndexAny(packet, ":,;"); i >= 0 {
			name, args = packet[:i], packet[i+1:]
		}
		if h := names[name]; h != nil {
			return h(s, args)
		}
		return ""
	}
	if h := letters[packet[0]]; h != nil {
		return h(s, packet[1:])
	}
	return ""
}

// supported notes what the client can do and tells what this stub can.
func (s *session) supported(args string) reply {
	for f := range strings.SplitSeq(args, ";") {
		switch f {
		case "swbreak+":
			s.swbreak = true
		case "hwbreak+":
			s.hwbreak = true
		case "binary-upload+":
			s.binaryUpload = true
		}
	}
	r := fmt.Sprintf("PacketSize=%x;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+;"+
		"qXfer:features:read+;qXfer:memory-map:read+;ReverseContinue+;ReverseStep+", maxPacket)
	if s.binaryUpload {
		r += ";binary-upload+"
	}
	if strings.Contains(";"+args+";", ";error-message+;") {
		r += ";error-message+"
	}
	return reply(r)
}

func (s *session) extend(string) reply {
	s.extended = true
	return ok
}

// chooseThread is Hg and Hc: there is the thread 1, whose other names are any (0)
// and all (-1).
func (s *session) chooseThread(args string) reply {
	if args == "" || !isOurs(args[1:]) {
		return badArgs
	}
	return ok
}

func (s *session) threadAlive(args string) reply {
	if !isOurs(args) {
		return badArgs
	}
	return ok
}

func isOurs(thread string) bool {
	if thread == "-1" {
		return true
	}
	n, err := parseHex(thread)
	return err == nil && n <= 1
}

// transfer is qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH.
func (s *session) transfer(args string) reply {
	part := strings.Split(args, ":")
	if len(part) != 4 || part[1] != "read" {
		return ""
	}
	at, length, err := parsePair(part[3])
	if err != nil {
		return badArgs
	}
	switch part[0] {
	case "features":
		if part[2] != "target.xml" {
			return "E00"
		}
		return s.standing(func() reply {
			return s.do(func(m Machine) reply { return slice(s.registers(m).xml, at, length) })
		})
	case "memory-map":
		return s.do(func(m Machine) reply { return slice(memoryMap(m), at, length) })
	}
	return ""
}

// slice is the part of a document that was asked for, as far as it fits a packet.
func slice(document string, at, length uint64) reply {
	size := uint64(len(document))
	if at > size {
		return badArgs
	}
	n := min(length, maxPacket/2-1, size-at)
	more := "m"
	if at+n == size {
		more = "l"
	}
	return reply(more + escape(document[at:at+n]))
}

func parseHex(s string) (uint64, error) { return strconv.ParseUint(s, 16, 64) }

// parsePair reads A,B.
func parsePair(s string) (a, b uint64, err error) {
	first, second, _ := strings.Cut(s, ",")
	if a, err = parseHex(first); err != nil {
		return 0, 0, err
	}
	b, err = parseHex(second)
	return a, b, err
}
