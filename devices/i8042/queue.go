package i8042

// OutQueue is what a PS/2 device has still to send: replies to commands go
// before data.
type OutQueue struct {
	Replies     [16]uint8
	ReplyLength uint8
	Data        [16]uint8
	DataLength  uint8
	Last        uint8 // the byte sent last, for a resend
}

func (q *OutQueue) waits() bool { return q.ReplyLength+q.DataLength > 0 }

// take removes the next byte; there must be one.
func (q *OutQueue) take() (v uint8, reply bool) {
	if q.ReplyLength > 0 {
		v = shift(q.Replies[:], &q.ReplyLength)
		reply = true
	} else {
		v = shift(q.Data[:], &q.DataLength)
	}
	q.Last = v
	return v, reply
}

func shift(bytes []uint8, length *uint8) uint8 {
	v := bytes[0]
	copy(bytes, bytes[1:])
	bytes[len(bytes)-1] = 0 // the encoding of an empty queue is one
	*length--
	return v
}

// reply queues an answer to a command; what a host that never reads leaves no
// room for is lost.
func (q *OutQueue) reply(bytes ...uint8) {
	q.ReplyLength += uint8(copy(q.Replies[q.ReplyLength:], bytes))
}

// fits tells whether there is room for n bytes of data.
func (q *OutQueue) fits(n int) bool { return int(q.DataLength)+n <= len(q.Data) }

// push queues data; the caller has seen that it fits.
func (q *OutQueue) push(bytes ...uint8) {
	q.DataLength += uint8(copy(q.Data[q.DataLength:], bytes))
}

func (q *OutQueue) clearData() {
	q.Data = [16]uint8{}
	q.DataLength = 0
}

func (q *OutQueue) clear() {
	q.clearData()
	q.Replies = [16]uint8{}
	q.ReplyLength = 0
}

func (q *OutQueue) sane() bool {
	return int(q.ReplyLength) <= len(q.Replies) && int(q.DataLength) <= len(q.Data)
}

// AnswerQueue is what the controller itself has still to say.
type AnswerQueue struct {
	Bytes     [8]uint8
	FromMouse [8]bool
	Length    uint8
}

func (q *AnswerQueue) take() (v uint8, mouse bool) {
	mouse = q.FromMouse[0]
	copy(q.FromMouse[:], q.FromMouse[1:])
	q.FromMouse[len(q.FromMouse)-1] = false
	return shift(q.Bytes[:], &q.Length), mouse
}
