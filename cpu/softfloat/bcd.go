package softfloat

// FromBCD widens a packed decimal integer of 18 digits, exactly (FBLD): nine
// bytes from the lowest pair of digits on, and a byte with the sign in bit 7
// (SDM vol. 1, 4.7). Digits above nine, whose meaning the manual leaves open,
// count as their value.
func (e *Env) FromBCD(b [10]byte) F80 {
	var m uint64
	for i := 8; i >= 0; i-- {
		m = m*100 + uint64(b[i]>>4)*10 + uint64(b[i]&15)
	}
	r := e.FromInt64(int64(m))
	r.SE |= uint16(b[9]&0x80) << 8
	return r
}

// bcdLimit is the first integer that takes more than 18 digits.
const bcdLimit = 1_000_000_000_000_000_000

// bcdIndefinite is the packed BCD indefinite (SDM vol. 1, table 4-4).
var bcdIndefinite = [10]byte{7: 0xc0, 8: 0xff, 9: 0xff}

// ToBCD rounds a by RC to a packed decimal integer (FBSTP). A NaN and a number
// of more than 18 digits raise IE and give the packed BCD indefinite.
func (e *Env) ToBCD(a F80) [10]byte {
	e.C1 = false
	m, inexact, up, ok := integral(a, e.RC)
	if !ok || m >= bcdLimit {
		e.Flags |= IE
		return bcdIndefinite
	}
	e.inexact(inexact, up)
	var b [10]byte
	for i := range 9 {
		pair := m % 100
		m /= 100
		b[i] = byte(pair/10<<4 | pair%10)
	}
	b[9] = byte(a.SE >> 8 & 0x80)
	return b
}
