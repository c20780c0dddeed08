//go:build linux || darwin || freebsd

package bus

import (
	"fmt"
	"syscall"
)

// reserve asks the host for n zeroed bytes that take memory only when touched.
func reserve(n uint64) ([]byte, func(), error) {
	if uint64(int(n)) != n || int(n) < 0 {
		return nil, nil, fmt.Errorf("bus: %d bytes of memory do not fit into this host's address space", n)
	}
	p, err := syscall.Mmap(-1, 0, int(n), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|noReserve)
	if err != nil {
		return nil, nil, fmt.Errorf("bus: the host gives no %d MiB of memory: %w", n>>20, err)
	}
	return p, func() { _ = syscall.Munmap(p) }, nil
}
