package rtc

import "time"

// dontCare in the two upper bits of an alarm byte matches every value (DS,
// "Alarm").
const dontCare = 0xc0

const hourPM = 0x80 // in 12-hour mode

const day = 86400 // in seconds

// encode gives a number in the present data mode.
func (s *State) encode(n int) uint8 {
	if s.Regs[regB]&bDM != 0 {
		return uint8(n)
	}
	return uint8(n/10<<4 | n%10)
}

// decode reads a byte in the present data mode. Digits above 9 count as what
// they are.
func (s *State) decode(v uint8) int {
	if s.Regs[regB]&bDM != 0 {
		return int(v)
	}
	return int(v>>4)*10 + int(v&15)
}

func (s *State) encodeHour(h int) uint8 {
	if s.Regs[regB]&b24 != 0 {
		return s.encode(h)
	}
	v := s.encode((h+11)%12 + 1)
	if h >= 12 {
		v |= hourPM
	}
	return v
}

func (s *State) decodeHour(v uint8) int {
	if s.Regs[regB]&b24 != 0 {
		return s.decode(v)
	}
	h := s.decode(v&^hourPM) % 12
	if v&hourPM != 0 {
		h += 12
	}
	return h
}

// weekday is 1 for Sunday to 7 for Saturday.
func weekday(unix int64) int { return int(time.Unix(unix, 0).UTC().Weekday()) + 1 }

// days is the number of midnights (UTC) since 1970.
func days(unix int64) int64 {
	d := unix / day
	if unix%day < 0 {
		d--
	}
	return d
}

// setTime writes the nine bytes of time and date but not the day of the week,
// which is a counter of its own.
func (s *State) setTime(unix int64) {
	t := time.Unix(unix, 0).UTC()
	year := (t.Year()%10000 + 10000) % 10000
	s.Regs[regSeconds] = s.encode(t.Second())
	s.Regs[regMinutes] = s.encode(t.Minute())
	s.Regs[regHours] = s.encodeHour(t.Hour())
	s.Regs[regDay] = s.encode(t.Day())
	s.Regs[regMonth] = s.encode(int(t.Month()))
	s.Regs[regYear] = s.encode(year % 100)
	s.Regs[regCentury] = s.encode(year / 100)
}

// time reads the bytes. Values out of range carry over: the chip would count on
// from them in ways that the data sheet leaves open.
func (s *State) time() int64 {
	year := s.decode(s.Regs[regCentury])*100 + s.decode(s.Regs[regYear])
	return time.Date(year, time.Month(s.decode(s.Regs[regMonth])), s.decode(s.Regs[regDay]),
		s.decodeHour(s.Regs[regHours]), s.decode(s.Regs[regMinutes]), s.decode(s.Regs[regSeconds]),
		0, time.UTC).Unix()
}

// advance counts n seconds, n at least 1, and sets the flags of their updates.
func (s *State) advance(n uint64) {
	was := s.time()
	now := was + int64(n)
	s.setTime(now)
	midnights := uint64(days(now) - days(was))
	s.Regs[regWeekday] = s.encode(int((uint64(s.decode(s.Regs[regWeekday]))+6+midnights)%7) + 1)
	s.Regs[regC] |= cUF
	if s.Regs[regC]&cAF == 0 && s.alarmBetween(now, min(n, day)) {
		s.Regs[regC] |= cAF
	}
}

// alarmBetween tells whether the alarm matched in the n seconds that end with
// now. An alarm repeats each day, so that a day of looking is enough; a minute
// that doesn't match is passed over at once.
func (s *State) alarmBetween(now int64, n uint64) bool {
	if !s.alarmHasSecond() {
		return false
	}
	first := now - int64(n) + 1
	for t := now; t >= first; {
		of := int(t - days(t)*day)
		switch {
		case !matches(s.Regs[regMinutesAlarm], s.encode(of/60%60)),
			!matches(s.Regs[regHoursAlarm], s.encodeHour(of/3600)):
			t -= int64(of%60) + 1
		case matches(s.Regs[regSecondsAlarm], s.encode(of%60)):
			return true
		default:
			t--
		}
	}
	return false
}

// alarmHasSecond tells whether the alarm's second ever comes.
func (s *State) alarmHasSecond() bool {
	for i := range 60 {
		if matches(s.Regs[regSecondsAlarm], s.encode(i)) {
			return true
		}
	}
	return false
}

func matches(alarm, now uint8) bool {
	return alarm&dontCare == dontCare || alarm == now
}
