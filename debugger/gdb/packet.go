package gdb

import "strings"

// maxPacket is the most that a packet may hold, in bytes before escapes are
// undone and without its frame. It is told to the client as PacketSize.
const maxPacket = 64 << 10

type eventKind int

const (
	gotPacket eventKind = iota
	gotInterrupt
	gotNak
	gotTooLong
)

// event is one thing that a client sent.
type event struct {
	kind eventKind
	data string // of a packet, without escapes
	sum  bool   // of a packet: the checksum is right
}

type decoderState int

const (
	between decoderState = iota
	inside
	skipping // the rest of a packet that was too long
	firstDigit
	secondDigit
)

// decoder takes a client's bytes apart (GDB manual, "Overview").
type decoder struct {
	state   decoderState
	data    []byte
	sum     byte
	digit   byte
	tooLong bool
}

const ctrlC = 3

// feed tells emit of what ends with b. A $ is never part of a packet: the one
// before it lost its end.
func (d *decoder) feed(b byte, emit func(event)) {
	switch {
	case b == '$':
		d.start()
	case b == ctrlC && !binary(d.data):
		emit(event{kind: gotInterrupt})
	case d.state == between && b == '-':
		emit(event{kind: gotNak})
	case d.state == inside:
		d.inside(b, emit)
	case d.state == skipping && b == '#':
		d.state = firstDigit
	case d.state == firstDigit:
		d.digit, d.state = b, secondDigit
	case d.state == secondDigit:
		d.end(b, emit)
	}
}

func (d *decoder) start() {
	d.state, d.data, d.sum, d.tooLong = inside, nil, 0, false
}

func (d *decoder) inside(b byte, emit func(event)) {
	switch {
	case b == '#':
		d.state = firstDigit
	case len(d.data) == maxPacket:
		d.state, d.data, d.tooLong = skipping, nil, true
		emit(event{kind: gotTooLong})
	default:
		d.data = append(d.data, b)
		d.sum += b
	}
}

// binary is whether a packet that starts so has any bytes in it, among them one
// that is a Ctrl-C elsewhere.
func binary(start []byte) bool {
	if len(start) == 0 {
		return false
	}
	if start[0] == 'X' {
		return true
	}
	s := string(start[:min(len(start), 12)])
	return strings.HasPrefix(s, "vFile:") || strings.HasPrefix(s, "vFlashWrite:") ||
		strings.HasPrefix(s, "qXfer:") || strings.HasPrefix(s, "qSearch:")
}

func (d *decoder) end(last byte, emit func(event)) {
	d.state = between
	data := d.data
	d.data = nil
	if d.tooLong {
		return
	}
	hi, ok1 := hexDigit(d.digit)
	lo, ok2 := hexDigit(last)
	emit(event{gotPacket, unescape(data), ok1 && ok2 && hi<<4|lo == d.sum})
}

func hexDigit(b byte) (byte, bool) {
	switch {
	case b >= '0' && b <= '9':
		return b - '0', true
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10, true
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}

// unescape undoes the client's escapes: a } and the byte with bit 5 turned.
func unescape(data []byte) string {
	out := data[:0]
	for i := 0; i < len(data); i++ {
		b := data[i]
		if b == '}' && i+1 < len(data) {
			i++
			b = data[i] ^ 0x20
		}
		out = append(out, b)
	}
	return string(out)
}

// escape is the same the other way; a * would be taken as a run.
func escape(data string) string {
	if !strings.ContainsAny(data, "#$}*") {
		return data
	}
	var out strings.Builder
	for i := range len(data) {
		b := data[i]
		if strings.IndexByte("#$}*", b) >= 0 {
			out.WriteByte('}')
			b ^= 0x20
		}
		out.WriteByte(b)
	}
	return out.String()
}

// frame makes a packet of what needs no further escapes.
func frame(data string) []byte {
	const digits = "0123456789abcdef"
	var sum byte
	for i := range len(data) {
		sum += data[i]
	}
	out := make([]byte, 0, len(data)+4)
	out = append(out, '$')
	out = append(out, data...)
	return append(out, '#', digits[sum>>4], digits[sum&15])
}
