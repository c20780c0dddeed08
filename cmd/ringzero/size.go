package main

import (
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// parseSize reads a size in bytes: a whole number with K, M, G or T, in powers
// of 1024; without one it counts MiB.
func parseSize(s string) (uint64, error) {
	text := strings.ToUpper(strings.TrimSpace(s))
	text = strings.TrimSuffix(strings.TrimSuffix(text, "B"), "I")
	shift := 20
	if n := len(text); n > 0 {
		if i := strings.IndexByte("KMGT", text[n-1]); i >= 0 {
			shift, text = 10*(i+1), text[:n-1]
		}
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no size; write it as 512M or 3G", s)
	}
	hi, lo := bits.Mul64(v, 1<<shift)
	if hi != 0 {
		return 0, fmt.Errorf("%s is more than any machine has", s)
	}
	return lo, nil
}

// parseCount reads a whole number: decimal, 0x with hexadecimal digits, or with
// a power of ten as 1e6 and 2.5e9.
func parseCount(s string) (uint64, error) {
	if v, err := strconv.ParseUint(s, 0, 64); err == nil {
		return v, nil
	}
	digits, power, ok := strings.Cut(strings.ToLower(s), "e")
	// A power of its own length would make big numbers of it.
	if n, err := strconv.ParseUint(power, 10, 8); !ok || err != nil || n > 19 || len(digits) > 40 || strings.Trim(digits, "0123456789.") != "" {
		return 0, fmt.Errorf("%q is no count; write it as 1000000, 1e6 or 0xf4240", s)
	}
	v, ok := new(big.Rat).SetString(s)
	if !ok || !v.IsInt() || !v.Num().IsUint64() {
		return 0, fmt.Errorf("%q is no whole number below 2 to the 64th", s)
	}
	return v.Num().Uint64(), nil
}

// layouts are the forms of a date, the most exact first. Without a zone they
// are UTC, as the clock chip is.
var layouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"}

// The clock chip counts years in two digits of the century byte: Linux takes
// 1970 to 2069 and the calendar ends with 9999.
var firstDate, lastDate = time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// parseRTC gives the clock's time at power-on in Unix seconds.
func parseRTC(s string, now time.Time) (int64, error) {
	if s == "now" {
		return now.Unix(), nil
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if t.Before(firstDate) || t.After(lastDate) {
			return 0, fmt.Errorf("%s is outside of 1970 to 9999", s)
		}
		return t.Unix(), nil
	}
	return 0, fmt.Errorf("%q is neither now nor a date such as 2024-02-29T12:30:00", s)
}

// parseTimeout reads a duration; a bare number counts seconds.
func parseTimeout(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is no length of time; write it as 90s or 5m", s)
	}
	return d, nil
}
