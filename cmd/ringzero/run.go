package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/pkg/profile"
	"github.com/urfave/cli/v2"

	"ringzero"
	"ringzero/bios"
	"ringzero/cpu"
	"ringzero/host/image"
	"ringzero/host/serial"
	"ringzero/host/terminal"
	"ringzero/lab/guest"
)

func runFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "memory", Aliases: []string{"m"}, Usage: "`SIZE` of the guest's memory, 2M to 64G; a bare number is MiB", Value: "512M"},
		&cli.StringFlag{Name: "cpu", Usage: "processor `MODEL`: " + strings.Join(cpu.ModelNames(), ", "), Value: "max"},
		&cli.StringFlag{Name: "kernel", Usage: "start the kernel in `FILE`: Linux bzImage, Multiboot or ELF"},
		&cli.StringFlag{Name: "initrd", Usage: "`FILE` with the kernel's initial RAM disk"},
		&cli.StringFlag{Name: "append", Usage: "the kernel's command `LINE`"},
		&cli.StringSliceFlag{Name: "disk", Usage: "IDE disk in `FILE`[,ro|,rw][,snapshot], up to four times; snapshot throws writes away at the end"},
		&cli.StringFlag{Name: "floppy", Usage: "floppy disk in `FILE`[,ro|,rw][,snapshot]"},
		&cli.StringFlag{Name: "bios", Usage: "ROM in `FILE` instead of the built-in BIOS"},
		&cli.StringFlag{Name: "serial", Usage: "`WHERE` COM1 goes: stdio, none or file:PATH", DefaultText: "stdio, but none with --display terminal"},
		&cli.StringFlag{Name: "display", Usage: "`WHAT` shows the screen: none, or terminal, which takes keys as well", Value: "none"},
		&cli.StringFlag{Name: "escape", Usage: "`CHAR` before a key for the emulator: a letter for Ctrl and that letter, ^] for Ctrl-], a sign for itself, or none", DefaultText: "Ctrl-A where standard input is a terminal, else none"},
		&cli.StringFlag{Name: "pace", Usage: "`HOW` time passes: real, as on the host, or fast, skipping what the guest idles", DefaultText: "real where standard input or the display is a terminal, else fast"},
		&cli.StringFlag{Name: "rtc", Usage: "`DATE` that the clock shows at the start, or now; without a zone it is UTC, as 2024-02-29T12:30:00", Value: "now"},
		&cli.StringFlag{Name: "seed", Usage: "`N` to start every randomness from", Value: "0"},
		&cli.StringFlag{Name: "max-instructions", Usage: "end after `N` instructions, such as 1000000 or 1e6, with status 4"},
		&cli.StringFlag{Name: "until-serial", Usage: "end at the instruction that sends the last byte of `TEXT` to COM1"},
		&cli.StringFlag{Name: "timeout", Usage: "end after `TIME` on the host, such as 90s or 5m, with status 4"},
		&cli.BoolFlag{Name: "no-reboot", Usage: "end where the guest resets the machine, with status 12"},
		&cli.BoolFlag{Name: "report", Usage: "say at any end, on standard error, what a triple fault says: faults, registers, the last instructions"},
		&cli.StringFlag{Name: "explain", Usage: "`HOW` a bad end is explained on standard error: text, or json, one line at any end", Value: "text"},
		&cli.StringFlag{Name: "trace", Usage: "write a line an instruction to `FILE`, - for standard error; slow"},
		&cli.BoolFlag{Name: "stats", Usage: "say at the end, on standard error, what the run cost"},
		&cli.BoolFlag{Name: "state-hash", Usage: "print \"state-hash\" and SHA-256 of the machine's state at the end, on standard error; it is repeatable at pace fast with --rtc DATE"},
		&cli.StringFlag{Name: "profile", Usage: "profile the program itself, `WHAT` is cpu, mem or trace, into a file in this directory"},
	}
}

// session is a run on its way from flags to exit status.
type session struct {
	in, out, errs *os.File
	conf          ringzero.Config
	drives        drives
	notes         notes
	signals       chan os.Signal

	kernelFile, initrdFile string

	ownBIOS bool // what may be booted is its business
	display string
	serial  serial.Spec
	escape  terminal.Escape
	until   string
	timeout time.Duration
	late    <-chan time.Time // --timeout has run out
	trace   string
	stats   bool
	hash    bool
	report  bool
	explain string // text or json

	debugging debugging
}

// run is the run command, and with a prompt the debug command.
func run(c *cli.Context, in, out, errs *os.File, prompt bool) (err error) {
	s := &session{in: in, out: out, errs: errs, notes: notes{w: errs}, signals: make(chan os.Signal, 1)}
	s.drives.tell = s.notes.tell
	// From here on a signal finds an order to end in, the terminal first.
	signal.Notify(s.signals, endSignals...)
	defer func() {
		if closing := s.drives.close(); closing != nil && (err == nil || silent(err)) {
			err = closing
		}
	}()
	if err := s.flags(c); err != nil {
		return err
	}
	if err := s.debuggerFlags(c, prompt); err != nil {
		return err
	}
	if s.timeout > 0 {
		s.late = time.After(s.timeout)
	}
	if err := s.files(c); err != nil {
		return err
	}
	if err := validate(c, s.conf); err != nil {
		return err
	}
	stop, err := startProfile(c.String("profile"))
	if err != nil {
		return err
	}
	defer stop()
	return s.play()
}

// silent tells whether err is but a status that the guest or a limit gave.
func silent(err error) bool {
	var s *statusError
	return errors.As(err, &s) && s.err == nil
}

// flags reads everything that needs no file, so that mistakes show before a
// file is touched.
func (s *session) flags(c *cli.Context) error {
	memory, err := parseSize(c.String("memory"))
	if err != nil {
		return usagef("--memory: %w", err)
	}
	now, err := parseRTC(c.String("rtc"), time.Now())
	if err != nil {
		return usagef("--rtc: %w", err)
	}
	seed, err := count(c, "seed")
	if err != nil {
		return err
	}
	limit, err := count(c, "max-instructions")
	if err != nil {
		return err
	}
	if c.IsSet("max-instructions") && limit == 0 {
		return usagef("--max-instructions: at least 1")
	}
	// What is nothing would be a default of the machine's.
	s.conf = ringzero.Config{
		Memory: max(memory, 1), CPU: cmp.Or(c.String("cpu"), "none"), Time: now, Seed: seed, MaxInstructions: limit, NoReboot: c.Bool("no-reboot"),
	}
	if c.IsSet("timeout") {
		if s.timeout, err = parseTimeout(c.String("timeout")); err != nil {
			return usagef("--timeout: %w", err)
		}
	}
	if c.IsSet("until-serial") && c.String("until-serial") == "" {
		return usagef("--until-serial: the text is empty")
	}
	s.until, s.trace = c.String("until-serial"), c.String("trace")
	if s.explain = c.String("explain"); s.explain != "text" && s.explain != "json" {
		return usagef("--explain %q: it is text or json", s.explain)
	}
	s.stats, s.hash, s.report = c.Bool("stats"), c.Bool("state-hash"), c.Bool("report")
	if err := s.console(c); err != nil {
		return err
	}
	if err := checkFlags(c); err != nil {
		return err
	}
	planned := s.conf
	planned.Disks = make([]ringzero.Disk, len(c.StringSlice("disk")))
	if c.IsSet("kernel") {
		planned.Kernel = &ringzero.Kernel{}
	}
	if c.IsSet("bios") {
		planned.BIOS = []byte{}
	}
	return validate(c, planned)
}

// validate tells what is wrong with a configuration by the flag that sets it.
func validate(c *cli.Context, conf ringzero.Config) error {
	var bad *ringzero.ConfigError
	if !errors.As(conf.Validate(), &bad) {
		return nil
	}
	name := map[string]string{"Memory": "memory", "CPU": "cpu", "Disks": "disk", "BIOS": "bios"}[bad.Field]
	if value, ok := c.Value(name).(string); ok {
		name += ": " + cmp.Or(value, `""`)
	}
	return usagef("--%s: %w", name, bad.Err)
}

// count reads a flag that counts; it is 0 where the flag is not given.
func count(c *cli.Context, name string) (uint64, error) {
	if !c.IsSet(name) {
		return 0, nil
	}
	v, err := parseCount(c.String(name))
	if err != nil {
		return 0, usagef("--%s: %w", name, err)
	}
	return v, nil
}

// console decides who gets the terminal, and the pace.
func (s *session) console(c *cli.Context) error {
	s.display = c.String("display")
	if s.display != "none" && s.display != "terminal" {
		return usagef("--display %q: it is none or terminal", s.display)
	}
	text := c.String("serial")
	if !c.IsSet("serial") {
		text = "stdio"
		if s.display == "terminal" {
			text = "none"
		}
	}
	var err error
	if s.serial, err = serial.Parse(text); err != nil {
		return usagef("--serial: %w", err)
	}
	if s.serial.Kind == serial.Stdio && s.display == "terminal" {
		return usagef("--serial stdio and --display terminal both want the terminal; take --serial none or --serial file:PATH")
	}
	s.escape = terminal.NoEscape
	switch {
	case c.IsSet("escape"):
		if s.escape, err = terminal.ParseEscape(c.String("escape")); err != nil {
			return usagef("--escape: %w", err)
		}
	case terminal.IsTerminal(s.in):
		s.escape = terminal.CtrlA
	}
	switch pace := c.String("pace"); pace {
	case "real", "fast":
		s.conf.Real = pace == "real"
	case "":
		if c.IsSet("pace") {
			return usagef("--pace is real or fast")
		}
		s.conf.Real = terminal.IsTerminal(s.in) || s.display == "terminal"
	default:
		return usagef("--pace %q: it is real or fast", pace)
	}
	return nil
}

// checkFlags finds flags that don't go together.
func checkFlags(c *cli.Context) error {
	for _, name := range []string{"kernel", "initrd", "floppy", "bios", "trace"} {
		if c.IsSet(name) && c.String(name) == "" {
			return usagef("--%s needs the name of a file", name)
		}
	}
	if c.NArg() > 1 {
		return usagef("one IMAGE at most; further disks are --disk %s", c.Args().Get(1))
	}
	switch c.String("profile") {
	case "cpu", "mem", "trace":
	default:
		if c.IsSet("profile") {
			return usagef("--profile %q: it is cpu, mem or trace", c.String("profile"))
		}
	}
	return nil
}

// files opens the images and reads the kernel.
func (s *session) files(c *cli.Context) error {
	kernel := c.String("kernel")
	s.ownBIOS = c.IsSet("bios")
	if c.Args().Present() {
		path, opts := parseDisk(c.Args().First())
		isKernel, err := s.image(path, opts)
		if err != nil {
			return err
		}
		if isKernel {
			if kernel != "" {
				return usagef("%s and %s are both kernels; give one", kernel, path)
			}
			kernel = path
		}
	}
	for _, spec := range c.StringSlice("disk") {
		d, err := s.drives.open(spec)
		if err != nil {
			return err
		}
		s.conf.Disks = append(s.conf.Disks, d)
	}
	if err := s.floppy(c); err != nil {
		return err
	}
	if c.IsSet("bios") {
		rom, err := s.read(c.String("bios"), "BIOS", maxROM)
		if err != nil {
			return err
		}
		if len(rom)%4096 != 0 {
			return fmt.Errorf("%s: has %d bytes; a ROM is a multiple of 4096, at most 256 KiB", c.String("bios"), len(rom))
		}
		s.conf.BIOS = rom
	}
	if kernel != "" {
		return s.kernel(c, kernel)
	}
	if c.IsSet("initrd") || c.IsSet("append") {
		return usagef("--initrd and --append are for a kernel; there is none")
	}
	if s.conf.BIOS == nil && s.conf.Floppy == nil && len(s.conf.Disks) == 0 {
		s.conf.Floppy = image.Memory(guest.Image())
	}
	return nil
}

// image puts the IMAGE where its content belongs.
func (s *session) image(path string, opts image.Options) (isKernel bool, err error) {
	kind, err := detect(path, s.ownBIOS)
	if err != nil {
		return false, err
	}
	if kind.Kernel() {
		return true, nil
	}
	d, err := s.drives.add(path, opts)
	if err != nil {
		return false, err
	}
	if kind == bios.KindFloppy {
		s.conf.Floppy = d
	} else {
		s.conf.Disks = append(s.conf.Disks, d)
	}
	return false, nil
}

func (s *session) floppy(c *cli.Context) error {
	if !c.IsSet("floppy") {
		return nil
	}
	if s.conf.Floppy != nil {
		return usagef("%s is a floppy image; there is one drive, so --floppy is too many", c.Args().First())
	}
	d, err := s.drives.open(c.String("floppy"))
	if err != nil {
		return err
	}
	if _, ok := bios.FloppyGeometry(d.Size()); !ok {
		return fmt.Errorf("%s: no floppy has %d bytes; a 1.44 MB one has 1474560; a hard disk goes to --disk", d.Name(), d.Size())
	}
	s.conf.Floppy = d
	return nil
}

func (s *session) kernel(c *cli.Context, path string) error {
	k := &bios.Kernel{Cmdline: c.String("append"), Name: path, InitrdName: c.String("initrd")}
	var err error
	room := int64(min(s.conf.Memory, maxLoaded))
	if k.Image, err = s.read(path, "kernel", room); err != nil {
		return err
	}
	if c.IsSet("initrd") {
		if k.Initrd, err = s.read(c.String("initrd"), "initrd", room); err != nil {
			return err
		}
	}
	s.conf.Kernel, s.kernelFile, s.initrdFile = k, path, c.String("initrd")
	return nil
}

// startProfile starts pkg/profile; the result ends it.
func startProfile(kind string) (stop func(), err error) {
	var mode func(*profile.Profile)
	switch kind {
	case "":
		return func() {}, nil
	case "cpu":
		mode = profile.CPUProfile
	case "mem":
		mode = profile.MemProfile
	case "trace":
		mode = profile.TraceProfile
	}
	// pkg/profile ends the process where it can't make its file.
	probe, err := os.CreateTemp(".", ".ringzero-profile-*")
	if err != nil {
		return nil, fmt.Errorf("--profile: this directory can't be written: %w", err)
	}
	probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return nil, fmt.Errorf("--profile: %w", err)
	}
	return profile.Start(mode, profile.ProfilePath("."), profile.NoShutdownHook, profile.Quiet).Stop, nil
}

// notes are lines to the user during a run. While the terminal shows the guest's
// screen they wait for its end.
type notes struct {
	w     io.Writer
	held  bool
	lines []string
}

func (n *notes) tell(line string) {
	if n.held {
		n.lines = append(n.lines, line)
		return
	}
	fmt.Fprintf(n.w, "ringzero: %s\n", line)
}

func (n *notes) release() {
	n.held = false
	for _, line := range n.lines {
		n.tell(line)
	}
	n.lines = nil
}
