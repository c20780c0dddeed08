package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ringzero/host/image"
)

func TestParseSize(t *testing.T) {
	rows := []struct {
		in   string
		want uint64
		bad  bool
	}{
		{"512M", 512 << 20, false}, {"3G", 3 << 30, false}, {"64", 64 << 20, false}, {"65536k", 64 << 20, false},
		{"1g", 1 << 30, false}, {"512MiB", 512 << 20, false}, {"512MB", 512 << 20, false}, {"1T", 1 << 40, false}, {"0", 0, false},
		{"", 0, true}, {"M", 0, true}, {"-1", 0, true}, {"1.5G", 0, true}, {"12X", 0, true}, {"0x10", 0, true},
		{"99999999999999999999", 0, true}, {"18446744073709551615G", 0, true}, {"17592186044416", 0, true},
	}
	for _, row := range rows {
		t.Run(row.in, func(t *testing.T) {
			got, err := parseSize(row.in)
			require.Equal(t, row.bad, err != nil, "%v", err)
			require.Equal(t, row.want, got)
		})
	}
}

func TestParseCount(t *testing.T) {
	rows := []struct {
		in   string
		want uint64
		bad  bool
	}{
		{"0", 0, false}, {"1000", 1000, false}, {"1e6", 1e6, false}, {"1E3", 1000, false}, {"2.5e9", 2_500_000_000, false},
		{"1.5e0", 0, true}, {"0x7c00", 0x7c00, false}, {"18446744073709551615", 1<<64 - 1, false}, {"18e18", 18e18, false}, {"19e18", 0, true},
		{"1e255", 0, true}, {"1e999999999", 0, true}, {"", 0, true}, {"e6", 0, true}, {"1e", 0, true}, {"-1", 0, true}, {"-1e6", 0, true},
		{"1e-3", 0, true}, {"1/2e3", 0, true}, {"1.2.3e3", 0, true}, {"many", 0, true}, {"1e6e6", 0, true},
	}
	for _, row := range rows {
		t.Run(row.in, func(t *testing.T) {
			got, err := parseCount(row.in)
			require.Equal(t, row.bad, err != nil, "%v", err)
			require.Equal(t, row.want, got)
		})
	}
}

func TestParseRTC(t *testing.T) {
	now := time.Date(2024, 2, 29, 12, 30, 15, 999, time.FixedZone("", 3600))
	rows := []struct {
		in, want string
	}{
		{"now", "2024-02-29T11:30:15Z"},
		{"2000-01-01", "2000-01-01T00:00:00Z"},
		{"1999-12-31T23:59:59", "1999-12-31T23:59:59Z"},
		{"1999-12-31 23:59:59", "1999-12-31T23:59:59Z"},
		{"2024-02-29T12:30", "2024-02-29T12:30:00Z"},
		{"2024-02-29T12:30:00+02:00", "2024-02-29T10:30:00Z"},
		{"1970-01-01", "1970-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59", "9999-12-31T23:59:59Z"},
		{"1969-12-31", ""}, {"2023-02-29", ""}, {"today", ""}, {"", ""}, {"10000-01-01", ""},
	}
	for _, row := range rows {
		t.Run(row.in, func(t *testing.T) {
			got, err := parseRTC(row.in, now)
			if row.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, time.Unix(got, 0).UTC().Format(time.RFC3339))
		})
	}
}

func TestParseTimeout(t *testing.T) {
	for in, want := range map[string]time.Duration{"90s": 90 * time.Second, "5": 5 * time.Second, "1.5": 1500 * time.Millisecond, "1h2m": 62 * time.Minute} {
		got, err := parseTimeout(in)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, in := range []string{"", "0", "-5s", "x", "5x"} {
		_, err := parseTimeout(in)
		require.Error(t, err, in)
	}
}

func TestParseDisk(t *testing.T) {
	rows := []struct {
		in, path string
		opts     image.Options
	}{
		{"a.img", "a.img", image.Options{}},
		{"a.img,readonly", "a.img", image.Options{ReadOnly: true}},
		{"a.img,snapshot,readonly", "a.img", image.Options{ReadOnly: true, Snapshot: true}},
		{"a,b.img", "a,b.img", image.Options{}},
		{"a.img,readonly,x", "a.img,readonly,x", image.Options{}},
		{",snapshot", "", image.Options{Snapshot: true}},
		{"a.img,ro", "a.img", image.Options{ReadOnly: true}},
		{"a.img,rw", "a.img", image.Options{}},
		{"a.img,readonly=on,format=raw", "a.img", image.Options{ReadOnly: true}},
		{"a.img,snapshot=on,readonly=off", "a.img", image.Options{Snapshot: true}},
		{"a.img,ro,rw", "a.img", image.Options{}},
		{"a.img,rw,ro", "a.img", image.Options{ReadOnly: true}},
		{"a,rw.img", "a,rw.img", image.Options{}},
	}
	for _, row := range rows {
		path, opts := parseDisk(row.in)
		require.Equal(t, row.path, path, row.in)
		require.Equal(t, row.opts, opts, row.in)
	}
}

func TestGuestStatus(t *testing.T) {
	for v, want := range map[uint32]int{0: 1, 1: 3, 0x10: 33, 63: 127, 64: 1, 0xffffffff: 127} {
		require.Equal(t, want, guestStatus(v))
	}
}
