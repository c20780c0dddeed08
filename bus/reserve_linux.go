package bus

import "syscall"

const noReserve = syscall.MAP_NORESERVE
