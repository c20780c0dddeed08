// Command ringzero runs x86 operating systems on a PC in software.
//
// It is flags to ringzero.Config, the joining of a machine to a terminal, and
// exit statuses; everything else is in the packages below.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// gcPercent trades time for memory: what the program allocates is translated
// code, which lives long, so that collections are few. With 50 a Debian boot
// stays below 130 MiB beyond the guest's memory, at less than 1 % of the time.
const gcPercent = 50

func main() {
	debug.SetGCPercent(gcPercent)
	os.Exit(command(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// command runs one command line and gives its exit status.
func command(args []string, in *os.File, out, errs *os.File) int {
	app := newApp(in, out, errs)
	err := app.Run(append([]string{app.Name}, flagsFirst(app, args)...))
	return status(err, errs)
}

func newApp(in, out, errs *os.File) *cli.App {
	usage := func(_ *cli.Context, err error, _ bool) error { return usagef("%w", err) }
	app := &cli.App{
		Name:                      "ringzero",
		Usage:                     "run x86 operating systems on a PC in software",
		Description:               appExamples,
		Writer:                    out,
		ErrWriter:                 io.Discard, // errors are told by status
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usage,
		HideVersion:               true,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true, // commas belong to --disk FILE,readonly
		CustomAppHelpTemplate:     appHelp,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("%q is no command; there are run, disasm and version", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			{
				Name:        "run",
				Usage:       "start a PC",
				ArgsUsage:   "[IMAGE[,readonly][,snapshot]]",
				Description: runHelp,
				Flags:       runFlags(),
				Action: func(c *cli.Context) error {
					return run(c, in, out, errs)
				},
			},
			{
				Name:        "disasm",
				Usage:       "list the instructions of a file",
				ArgsUsage:   "FILE",
				Description: disasmHelp,
				Flags:       disasmFlags(),
				Action:      func(c *cli.Context) error { return disasm(c, in, out) },
			},
			{
				Name:        "version",
				Usage:       "print the version",
				Description: versionHelp,
				Action: func(c *cli.Context) error {
					if c.Args().Present() {
						return usagef("version takes no argument")
					}
					_, err := fmt.Fprintln(out, version())
					return err
				},
			},
		},
	}
	for _, c := range app.Commands {
		c.HideHelpCommand = true
		c.OnUsageError = usage
		c.CustomHelpTemplate = commandHelp(c)
	}
	return app
}

// version tells what was built, from what, by what, for what.
func version() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return fmt.Sprintf("ringzero %s, %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
