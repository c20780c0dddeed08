package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Bounds of what is read into memory whole, in bytes.
const (
	// maxROM is what fits below 1 MiB as a ROM.
	maxROM = 256 << 10
	// maxLoaded is the room for a kernel and its initrd below the PCI hole.
	maxLoaded = 3 << 30
	// maxPipe is for what has no size that could be asked for.
	maxPipe = 1 << 30
	// maxCode is for a listing, which has a line for each instruction.
	maxCode, maxCodePipe = 1 << 30, 64 << 20
)

// read is readFile for a run: a pipe may give nothing for ever, so a signal and
// --timeout end the wait.
func (s *session) read(path, what string, limit int64) ([]byte, error) {
	type answer struct {
		data []byte
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		data, err := readFile(path, what, limit)
		done <- answer{data, err}
	}()
	select {
	case a := <-done:
		return a.data, a.err
	case sig := <-s.signals:
		return nil, &statusError{signalled(sig).status, fmt.Errorf("%s: %v while the %s was read", path, sig, what)}
	case <-s.late:
		return nil, &statusError{exitLimit, fmt.Errorf("%s: --timeout ran out while the %s was read", path, what)}
	}
}

// readFile reads a kernel, an initrd or a BIOS whole, of at most limit bytes.
// Where the file is a pipe it waits for the other end; see session.read.
func readFile(path, what string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, pathError(path, err)
	case info.IsDir():
		return nil, fmt.Errorf("%s: is a directory; give a file with the %s", path, what)
	case info.Mode()&fs.ModeCharDevice != 0:
		return nil, fmt.Errorf("%s: is a device and no file; give a file with the %s", path, what)
	case info.Mode().IsRegular() && info.Size() > limit:
		return nil, fmt.Errorf("%s: has %s; %s", path, inUnits(info.Size()), tooLarge(what, limit))
	case !info.Mode().IsRegular():
		limit = min(limit, maxPipe)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, pathError(path, err)
	case len(data) == 0:
		return nil, fmt.Errorf("%s: is empty; give a file with the %s", path, what)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%s: does not end within %s; %s", path, inUnits(limit), tooLarge(what, limit))
	}
	return data, nil
}

func tooLarge(what string, limit int64) string {
	if limit == maxROM {
		return "a ROM has 256 KiB at most"
	}
	return fmt.Sprintf("no %s for this machine has more than %s", what, inUnits(limit))
}

// inUnits is a size for the user.
func inUnits(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// readCode reads a part of a file, a device or standard input for a listing:
// count bytes behind the first skip, or all where count is negative.
func readCode(path string, in *os.File, skip, count int64) ([]byte, error) {
	f, name := in, "standard input"
	if path != "-" {
		name = path
		info, err := os.Stat(path)
		if err == nil && info.IsDir() {
			return nil, fmt.Errorf("%s: is a directory; give a file with the code", path)
		}
		if err == nil {
			f, err = os.Open(path)
		}
		if err != nil {
			return nil, pathError(path, err)
		}
		defer f.Close()
	}
	limit := int64(maxCodePipe)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		limit = maxCode
	}
	skipped, err := skipOver(f, skip)
	if err != nil {
		return nil, pathError(name, err)
	}
	wanted := limit + 1
	if count >= 0 {
		wanted = min(count, wanted)
	}
	code, err := io.ReadAll(io.LimitReader(f, wanted))
	switch {
	case err != nil:
		return nil, pathError(name, err)
	case int64(len(code)) > limit:
		return nil, fmt.Errorf("%s: has more than %s of code; list a part of it with --skip and --count", name, inUnits(limit))
	case len(code) == 0 && wanted > 0 && skip > 0:
		return nil, fmt.Errorf("%s: nothing to list: it has %d bytes, of which --skip leaves out %d", name, skipped, skip)
	case len(code) == 0 && wanted > 0:
		return nil, fmt.Errorf("%s: is empty; give a file with the code", name)
	}
	return code, nil
}

// skipOver leaves out n bytes, by a seek where the file has a size. It answers
// how many there were.
func skipOver(f *os.File, n int64) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		skipped, err := io.CopyN(io.Discard, f, n)
		if err == io.EOF {
			err = nil
		}
		return skipped, err
	}
	if n >= info.Size() {
		_, err := f.Seek(0, io.SeekEnd)
		return info.Size(), err
	}
	return f.Seek(n, io.SeekCurrent)
}
