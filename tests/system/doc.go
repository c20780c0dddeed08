// Package system holds the system tests: small kernels in nasm, one topic a
// file, that put a whole machine through segment limits, gates, task switches,
// virtual-8086 mode, debug registers, self-modifying code, paging and
// exceptions. What each check wants follows the Intel SDM; common.inc is their
// frame. There is nothing but tests here.
//
// A test is an ELF file with a Multiboot 1 header. It prints a line a check to
// port E9h and ends by isa-debug-exit at port 501h. RINGZERO_SYSTEM=qemu runs
// the same files on QEMU's translator, as a reference for what it does right;
// RINGZERO_SYSTEM_LOG=DIR keeps the output of each.
package system
