package ringzero_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"ringzero"
)

// sector makes a floppy image of code that fits into its boot sector.
func sector(code string) []byte {
	floppy := make([]byte, 1474560)
	copy(floppy, code)
	floppy[510], floppy[511] = 0x55, 0xaa
	return floppy
}

// A boot sector says something by the serial port and switches the machine off.
func Example() {
	const code = "\xfc\x31\xc0\x8e\xd8" + // cld; xor ax, ax; mov ds, ax
		"\xbe\x1b\x7c\xba\xf8\x03" + // mov si, 7c1bh; mov dx, 3f8h
		"\xac\x84\xc0\x74\x03\xee\xeb\xf8" + // next: lodsb; test al, al; jz off; out dx, al; jmp next
		"\xba\x04\x06\xb8\x00\x20\xef\xf4" + // off: mov dx, 604h; mov ax, 2000h; out dx, ax; hlt
		"Hello from real mode.\n\x00"
	m, err := ringzero.New(ringzero.Config{
		Memory: 2 << 20,
		Floppy: ringzero.MemoryImage(sector(code)),
		Serial: os.Stdout,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	why, err := m.Run(ctx)
	fmt.Println(why, err)
	// Output:
	// Hello from real mode.
	// powered off <nil>
}

// A boot sector writes to the VGA's text memory; what the screen shows is read.
func ExampleMachine_Screen() {
	const code = "\xfc\x31\xc0\x8e\xd8\xb8\x00\xb8\x8e\xc0" + // cld; ds = 0; es = b800h
		"\xbe\x1c\x7c\xbf\xa2\x00\xb4\x1f" + // mov si, 7c1ch; mov di, 162; mov ah, 1fh
		"\xac\x84\xc0\x74\x03\xab\xeb\xf8\xfa\xf4" + // next: lodsb; test al, al; jz done; stosw; jmp next; done: cli; hlt
		"Hello, screen.\x00"
	m, err := ringzero.New(ringzero.Config{Memory: 2 << 20, Floppy: ringzero.MemoryImage(sector(code))})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	why, err := m.Run(context.Background())
	fmt.Println(why, err)
	fmt.Printf("%q\n", m.Screen()[1])
	text := m.Text()
	fmt.Printf("attribute %#x\n", text.Cells[text.Columns+1].Attr)
	// Output:
	// halted for good <nil>
	// " Hello, screen."
	// attribute 0x1f
}

// A boot sector echoes by the BIOS what is typed; a script waits for the screen
// to show it.
func ExampleMachine_Type() {
	const code = "\x31\xc0\xcd\x16\xb4\x0e\xcd\x10\xeb\xf6" // next: xor ax, ax; int 16h; mov ah, 0eh; int 10h; jmp next
	m, err := ringzero.New(ringzero.Config{Memory: 2 << 20, Floppy: ringzero.MemoryImage(sector(code))})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := m.RunTo(ctx, 1_000_000); err != nil { // it waits for a key by then
		fmt.Println(err)
		return
	}
	if err := m.Type("Hello, 8042!"); err != nil {
		fmt.Println(err)
		return
	}
	shows := func(text string) func() bool {
		return func() bool { return strings.Contains(strings.Join(m.Screen(), "\n"), text) }
	}
	why, err := m.RunUntil(ctx, shows("8042!"))
	fmt.Println(why, err)
	for _, line := range m.Screen() {
		if line != "" {
			fmt.Println(line)
		}
	}
	// Output:
	// requested <nil>
	// ringzero
	// Hello, 8042!
}

// The embedder answers what the guest sends, at the very instruction, so that each
// run is the same.
func ExampleEachByte() {
	const code = "\xba\xfd\x03\xec\xa8\x01\x74\xfb\xba\xf8\x03\xec\xee\xeb\xf1" // next: mov dx, 3fdh; wait: in al, dx; test al, 1; jz wait; mov dx, 3f8h; in al, dx; out dx, al; jmp next
	var m *ringzero.Machine
	var line strings.Builder
	m, err := ringzero.New(ringzero.Config{
		Memory: 2 << 20,
		Floppy: ringzero.MemoryImage(sector(code)),
		Serial: ringzero.EachByte(func(b byte) {
			line.WriteByte(b)
			if b == '.' {
				m.Stop(ringzero.Requested)
			}
		}),
		SerialInput: strings.NewReader("The guest sends back what it reads."),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	why, err := m.Run(context.Background())
	fmt.Println(why, err)
	fmt.Println(line.String())
	// Output:
	// requested <nil>
	// The guest sends back what it reads.
}
