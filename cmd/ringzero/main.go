// Command ringzero runs x86 operating systems on a PC in software.
//
// It is flags to ringzero.Config, the joining of a machine to a terminal, and
// exit statuses; everything else is in the packages below.
package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

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
	if help := app.Writer.(*firstError).err; err == nil && help != nil {
		err = fmt.Errorf("standard output: %w", cause(help))
	}
	return status(err, errs)
}

// firstError keeps the first error of a writer whose user looks at none, as the
// help pages' is.
type firstError struct {
	w   io.Writer
	err error
}

func (f *firstError) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if f.err == nil {
		f.err = err
	}
	return n, err
}

// oneDash is how package flag names a flag that has two dashes here.
var oneDash = regexp.MustCompile(`(^| )-([a-z][a-z-]+)`)

func newApp(in, out, errs *os.File) *cli.App {
	usage := func(_ *cli.Context, err error, _ bool) error {
		return usagef("%s", oneDash.ReplaceAllString(err.Error(), "$1--$2"))
	}
	app := &cli.App{
		Name:                      "ringzero",
		Usage:                     "run x86 operating systems on a PC in software",
		Description:               appExamples,
		Writer:                    &firstError{w: out},
		ErrWriter:                 io.Discard, // errors are told by status
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usage,
		HideVersion:               true,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true, // commas belong to --disk FILE,ro
		CustomAppHelpTemplate:     appHelp,
		Flags:                     []cli.Flag{&cli.BoolFlag{Name: "version", Aliases: []string{"v"}}},
		Action: func(c *cli.Context) error {
			if c.Bool("version") {
				return printVersion(out)
			}
			if c.Args().Present() {
				return usagef("%q is no command; there are run, debug, disasm and version", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			{
				Name:        "run",
				Usage:       "start a PC",
				ArgsUsage:   "[IMAGE[,ro|,rw][,snapshot]]",
				Description: runHelp,
				Flags:       append(runFlags(), remoteFlags("")...),
				Action: func(c *cli.Context) error {
					return run(c, in, out, errs, false)
				},
			},
			{
				Name:        "debug",
				Usage:       "start a PC under the debugger",
				ArgsUsage:   "[IMAGE[,ro|,rw][,snapshot]]",
				Description: debugHelp,
				Flags:       debugFlags(),
				Action: func(c *cli.Context) error {
					return run(c, in, out, errs, true)
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
					return printVersion(out)
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

func printVersion(out io.Writer) error {
	info, _ := debug.ReadBuildInfo()
	if _, err := fmt.Fprintln(out, version(info)); err != nil {
		return fmt.Errorf("standard output: %w", cause(err))
	}
	return nil
}

// version tells what was built, from which commit, by what, for what. Of a
// build outside of a repository, or by go run, the commit is not known.
func version(info *debug.BuildInfo) string {
	v, commit := "(devel)", "commit not recorded"
	if info == nil {
		info = &debug.BuildInfo{}
	}
	if info.Main.Version != "" {
		v = info.Main.Version
	}
	vcs := map[string]string{}
	for _, s := range info.Settings {
		vcs[s.Key] = s.Value
	}
	if revision := vcs["vcs.revision"]; revision != "" {
		commit = "commit " + revision[:min(12, len(revision))]
		if day, _, ok := strings.Cut(vcs["vcs.time"], "T"); ok {
			commit += " of " + day
		}
		if vcs["vcs.modified"] == "true" {
			commit += " with changes"
		}
	}
	return fmt.Sprintf("ringzero %s, %s, %s %s/%s", v, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
