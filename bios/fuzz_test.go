package bios

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// fuzzVectors are the services that a fuzzed guest calls.
var fuzzVectors = []uint16{vecKeyboardIRQ, vecVideo, vecEquipment, vecMemory, vecDisk, vecSerial, vecSystem,
	vecKeyboard, vecPrinter, vecNoBoot, vecBoot, vecTime, vecClockIRQ, vecMouseIRQ}

// FuzzServices calls services with any registers over any BDA, any chips and
// any stack. A service must end and touch nothing but memory, ports and disks.
func FuzzServices(f *testing.F) {
	for i := range fuzzVectors {
		f.Add(uint8(i), []byte{}, []byte{})
	}
	frameOf := func(fr frame) []byte {
		var p [frameSize]byte
		fr.encode(p[:])
		return p[:]
	}
	f.Add(uint8(4), frameOf(frame{ax: 0x02ff, cx: 1, dx: 0x80, es: 0xffff, bx: 0xffff}), []byte{})
	f.Add(uint8(1), frameOf(frame{ax: 0x1303, cx: 0xffff, es: 0xb800}), bytes.Repeat([]byte{0xff}, 256))
	f.Add(uint8(6), frameOf(frame{ax: 0x8700, cx: 0x8000, es: 0xffff}), []byte{})
	f.Add(uint8(7), frameOf(frame{}), bytes.Repeat([]byte{0x1f, 0}, 128))
	f.Fuzz(func(t *testing.T, vector uint8, regs, bda []byte) {
		k := newKit(t, func(c *Config) {
			c.Drives = []Drive{{Disk: numbered(720)}, {Disk: numbered(1000), Kind: Hard}}
		})
		var p [frameSize]byte
		copy(p[:], regs)
		var fr frame
		fr.decode(p[:])
		fr.scratch = binary.LittleEndian.Uint32(p[40:])
		k.mem.Write(bdaBase, bda[:min(len(bda), 256)])
		for i, v := range bda {
			k.ports.cmos[i&127] ^= v
			k.ports.last[portPIC1+i] ^= v
		}
		for range 3 {
			fr = k.once(fuzzVectors[int(vector)%len(fuzzVectors)], fr)
		}
	})
}

// FuzzLoaders feeds any file to the loaders: an error or a plan whose pieces
// lie in memory that the map calls free.
func FuzzLoaders(f *testing.F) {
	f.Add(bzImage(100), "quiet mem=8M", 100)
	f.Add(elf32(0x100000, 0, 0x100000, []byte("code"), 4), "", 0)
	f.Add(multiboot(make([]byte, 300), 64, mbAddresses, 0x200040, 0x200010, 0x200100, 0x200200, 0x200020), "a b", 5000)
	f.Add(multiboot(elf32(0x100000, 0, 0, make([]byte, 100), 100), 84, mbVideo), "", 0)
	f.Add([]byte("QFI\xfb"), "", 0)
	f.Fuzz(func(t *testing.T, image []byte, cmdline string, initrd int) {
		Detect(image, int64(len(image)))
		k := Kernel{Image: image, Cmdline: cmdline, Initrd: make([]byte, min(max(initrd, 0), 1<<16))}
		p, err := PlanKernel(k, smallMap)
		if err != nil {
			return
		}
		for _, q := range p.pieces {
			if typeAt(smallMap, q.at) != RangeRAM || q.end() > q.at && typeAt(smallMap, q.end()-1) != RangeRAM || q.at < lowFree {
				t.Fatalf("a piece at %#x to %#x is not in free memory", q.at, q.end())
			}
		}
	})
}
