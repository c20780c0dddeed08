package guests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// suite is the Debian release that the guests come from, arch their architecture.
const (
	suite = "bookworm"
	arch  = "i386"
)

// keyrings are the places where Debian's debian-archive-keyring package puts the
// keys that sign the archive.
var keyrings = []string{
	"/usr/share/keyrings/debian-archive-keyring.gpg",
	"/usr/share/keyrings/debian-archive-keyring.pgp",
}

// tools are the programs that fetching needs.
var tools = []string{"apt-get", "apt-cache", "apt-config", "dpkg-deb"}

// commandTimeout bounds one run of apt. A download of a kernel package takes
// seconds on a good line; a mirror that hangs must not hang the tests.
const commandTimeout = 5 * time.Minute

// Available says why guests can't be fetched on this host, in words that follow
// "guests are not available: ", or nil where nothing stands in the way.
func Available() error {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("this host has no %s, with which Debian's packages are fetched", tool)
		}
	}
	if _, err := keyring(); err != nil {
		return err
	}
	if _, err := os.UserCacheDir(); err != nil {
		return fmt.Errorf("there is no cache folder: %w", err)
	}
	return nil
}

func keyring() (string, error) {
	for _, path := range keyrings {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("this host does not have Debian's archive keys (package debian-archive-keyring)")
}

// apt runs apt's programs on a configuration of our own in dir.
type apt struct{ dir string }

// newAPT prepares dir. The host's own configuration is left alone, and none of it
// is used but for where the mirror is and how to reach it (proxies, timeouts).
func newAPT(dir string) (*apt, error) {
	a := &apt{dir: dir}
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "parts", "download"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	acquire, err := hostAcquire()
	if err != nil {
		return nil, err
	}
	sources, err := sourcesList()
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"status":       "", // dpkg's database: nothing is installed
		"sources.list": sources,
		"apt.conf":     acquire + a.config(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// config is read by way of APT_CONFIG, before any of the host's files, and points
// apt away from those: they may hold hooks that act on the host.
func (a *apt) config() string {
	var b strings.Builder
	set := func(key, value string) { fmt.Fprintf(&b, "%s %q;\n", key, value) }
	set("Dir", a.dir)
	set("Dir::Etc", a.dir)
	set("Dir::Etc::main", "none.conf")
	set("Dir::Etc::parts", "parts")
	set("Dir::Etc::sourcelist", "sources.list")
	set("Dir::Etc::sourceparts", "parts")
	set("Dir::Etc::preferences", "none.pref")
	set("Dir::Etc::preferencesparts", "parts")
	set("Dir::Etc::trusted", "none.gpg")
	set("Dir::Etc::trustedparts", "parts")
	set("Dir::State", filepath.Join(a.dir, "state"))
	set("Dir::State::status", filepath.Join(a.dir, "status"))
	set("Dir::Cache", filepath.Join(a.dir, "cache"))
	set("APT::Architecture", arch)
	b.WriteString("#clear APT::Architectures;\n")
	set("APT::Architectures::", arch)
	// As root apt would fetch as its own user, who can't write to the cache folder.
	set("APT::Sandbox::User", "root")
	set("Acquire::Languages", "none")
	set("Acquire::PDiffs", "false")
	set("Acquire::Retries", "3")
	return b.String()
}

// hostAcquire is what the host's configuration says on fetching.
func hostAcquire() (string, error) {
	dump, err := run("", nil, "apt-config", "dump")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for line := range strings.Lines(dump) {
		// Index targets add files that nothing here reads.
		if strings.HasPrefix(line, "Acquire::") && !strings.HasPrefix(line, "Acquire::IndexTargets") {
			b.WriteString(line)
		}
	}
	return b.String(), nil
}

// sourcesList is one line for the plain suite from the host's mirror.
func sourcesList() (string, error) {
	keys, err := keyring()
	if err != nil {
		return "", err
	}
	targets, err := run("", nil, "apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages")
	if err != nil {
		return "", err
	}
	uri := mirror(targets)
	if uri == "" {
		return "", errors.New("apt's configuration names no Debian mirror with the component main")
	}
	return fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keys, uri, suite), nil
}

// releases are the names that a Debian mirror's main archive has on a host, best
// first: a mirror of a later release carries the older one as well.
var releases = []string{suite, "oldstable", "stable", "trixie", "forky", "testing", "unstable", "sid"}

// mirror picks the address of the main archive from lines "release component address".
func mirror(targets string) string {
	best, uri := len(releases), ""
	for line := range strings.Lines(targets) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[1] != "main" {
			continue
		}
		if rank := slices.Index(releases, fields[0]); rank >= 0 && rank < best {
			best, uri = rank, fields[2]
		}
	}
	return uri
}

// update fetches the suite's lists of packages.
func (a *apt) update() error {
	_, err := a.run("", "apt-get", "-q", "update", "--error-on=any")
	return err
}

// updated tells whether the lists have been fetched before.
func (a *apt) updated() bool {
	lists, _ := filepath.Glob(filepath.Join(a.dir, "state/lists/*_Packages*"))
	return len(lists) > 0
}

// dependsOnImage finds the versioned package in a kernel metapackage's Depends.
var dependsOnImage = regexp.MustCompile(`(?m)^Depends:.*?\b(linux-image-[0-9][^ ,]*)`)

// resolve gives the package that holds what the caller asks for: a kernel's name
// without a version is a metapackage.
func (a *apt) resolve(name string) (string, error) {
	if !strings.HasPrefix(name, "linux-image-") {
		return name, nil
	}
	text, err := a.run("", "apt-cache", "show", "--no-all-versions", name)
	if err != nil {
		return "", err
	}
	match := dependsOnImage.FindStringSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("package %s depends on no kernel image", name)
	}
	return match[1], nil
}

// download fetches a package and returns the path of its .deb file, which is the
// caller's to remove. A list of packages that has gone stale is fetched anew.
func (a *apt) download(name string) (string, error) {
	if a.updated() {
		if path, err := a.tryDownload(name); err == nil {
			return path, nil
		}
	}
	if err := a.update(); err != nil {
		return "", err
	}
	return a.tryDownload(name)
}

func (a *apt) tryDownload(name string) (string, error) {
	name, err := a.resolve(name)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(a.dir, "download")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if _, err := a.run(dir, "apt-get", "-q", "download", name); err != nil {
		return "", err
	}
	debs, _ := filepath.Glob(filepath.Join(dir, "*.deb"))
	if len(debs) != 1 {
		return "", fmt.Errorf("apt-get download %s left %d files", name, len(debs))
	}
	return debs[0], nil
}

func (a *apt) run(dir, program string, args ...string) (string, error) {
	return run(dir, []string{"APT_CONFIG=" + filepath.Join(a.dir, "apt.conf")}, program, args...)
}

// run returns a program's standard output. The error holds the last line that it
// wrote to standard error.
func run(dir string, env []string, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "LC_ALL=C"), env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, lines[len(lines)-1])
	}
	return out.String(), nil
}
