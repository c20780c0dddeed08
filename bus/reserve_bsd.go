//go:build darwin || freebsd

package bus

const noReserve = 0
