// Package guest is the embedded guest: a small monitor of our own that the BIOS
// boots as a floppy. It starts in real mode, enters protected mode with paging,
// and runs a shell in ring 3 on screen and serial port, with commands that show
// what the processor does (cpu, sens, map, time, peek, off).
//
// The nasm sources beside this file make monitor.img; a test builds it anew and
// compares where nasm is installed. The package imports nothing, so that
// everything may import it.
package guest

import _ "embed"

// Prompt is what the shell prints before each command.
const Prompt = "ringzero> "

// imageSize is a 1.44 MB floppy: 80 tracks, 2 heads, 18 sectors of 512 bytes.
const imageSize = 80 * 2 * 18 * 512

//go:embed monitor.img
var monitor string

// Image is the floppy as a fresh slice of 1474560 bytes: the monitor, then
// zeros.
func Image() []byte {
	image := make([]byte, imageSize)
	copy(image, monitor)
	return image
}
