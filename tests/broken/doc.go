// Package broken holds kernels that fail, each by one mistake that beginners of
// operating systems make, to test what a report says of them. There is nothing
// but tests here.
//
// A kernel is one file in kernels, in nasm or in C, that becomes a Multiboot ELF
// file with its symbols. It prints to port E9h what it is about to do, and its
// head says how it ends and why:
//
//	; broken: iret-frame                the file's name
//	; boot: kernel                      what it is booted as
//	; ends: triple fault                or limit, for one that runs for ever, or halted
//	; cause: IRET popped CS from ...    the mistake and what came of it, in one line
//	; at: page_fault_handler            where it fails: the symbol, or 0x and the address where none is;
//	                                  nasm's local labels are part of the symbol before
//	; culprit: kmain                    the symbol of the code that is wrong, where it is elsewhere
//	; vector: 13                        what could not be handled, or is not handled right
//	; fault: 13                         the first exception of what follows, where it is another
//	; qemu: ...                         what QEMU 7.2 (-accel tcg -m 16) does otherwise
//	; note: ...                         what else there is to say
package broken
