package gdb

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Listen opens a port for Serve. addr is [HOST]:PORT, PORT or tcp:[HOST]:PORT;
// without a host only this computer can connect. Port 0 is a free one. The error
// is one line.
func Listen(addr string) (net.Listener, error) {
	host, port, err := parseAddr(addr)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("gdb: %w", err)
	}
	return l, nil
}

func parseAddr(addr string) (host, port string, err error) {
	bad := fmt.Errorf("gdb: %q is not an address; use [HOST]:PORT, PORT or tcp::PORT", addr)
	rest, isTCP := strings.CutPrefix(addr, "tcp:")
	if !strings.Contains(rest, ":") && !isTCP {
		rest = ":" + rest
	}
	host, port, err = net.SplitHostPort(rest)
	if err != nil {
		return "", "", bad
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", "", bad
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return host, port, nil
}
