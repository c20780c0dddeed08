package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"ringzero/bios"
	"ringzero/bus"
	"ringzero/host/image"
)

// drives are all open images of a run.
type drives struct {
	all  []*image.Image
	tell func(string)
}

// open opens FILE[,ro][,snapshot].
func (d *drives) open(spec string) (*image.Image, error) {
	path, opts := parseDisk(spec)
	if path == "" {
		return nil, usagef("a disk needs the name of its file: FILE[,ro][,snapshot]")
	}
	return d.add(path, opts)
}

func (d *drives) add(path string, opts image.Options) (*image.Image, error) {
	im, err := image.Open(path, opts)
	if errors.Is(err, image.ErrInUse) {
		if other := d.opened(path); other != "" {
			return nil, usagef("%s", twice(path, other))
		}
	}
	if err != nil {
		return nil, err
	}
	d.all = append(d.all, im)
	im.OnError(func(err error) { d.tell(err.Error() + "; the guest sees an I/O error") })
	return im, nil
}

// opened is the name under which this run has the file open already, "" where it
// has not.
func (d *drives) opened(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	for _, im := range d.all {
		if other, err := os.Stat(im.Name()); err == nil && os.SameFile(info, other) {
			return im.Name()
		}
	}
	return ""
}

func twice(path, other string) string {
	if path != other {
		path += " and " + other + ": are one file, which"
	} else {
		path += ":"
	}
	return path + " is given as two disks; give it once, or both times with ,ro or ,snapshot"
}

// driveNames puts the files behind the BIOS's numbers of the drives.
func (s *session) driveNames(reason string) string {
	put := func(number string, disk bus.Disk) {
		if d, ok := disk.(*image.Image); ok {
			reason = strings.ReplaceAll(reason, number, fmt.Sprintf("%s (%s)", number, d.Name()))
		}
	}
	put("floppy 00h", s.conf.Floppy)
	for i, d := range s.conf.Disks {
		put(fmt.Sprintf("disk %02xh", 0x80+i), d)
	}
	return reason
}

// close flushes and closes all images, and says what could not be kept.
func (d *drives) close() error {
	var errs []error
	for _, im := range d.all {
		if err := im.Close(); err != nil {
			errs = append(errs, err)
		}
	}
	d.all = nil
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}

// diskOptions are what may stand behind a disk's name, in the words of this
// program, of mount and of QEMU's -drive.
var diskOptions = map[string]func(*image.Options){
	"ro":           func(o *image.Options) { o.ReadOnly = true },
	"readonly":     func(o *image.Options) { o.ReadOnly = true },
	"readonly=on":  func(o *image.Options) { o.ReadOnly = true },
	"rw":           func(o *image.Options) { o.ReadOnly = false },
	"readonly=off": func(o *image.Options) { o.ReadOnly = false },
	"snapshot":     func(o *image.Options) { o.Snapshot = true },
	"snapshot=on":  func(o *image.Options) { o.Snapshot = true },
	"snapshot=off": func(o *image.Options) { o.Snapshot = false },
	"format=raw":   func(*image.Options) {}, // there is no other
}

// parseDisk takes the options off the end of a disk's name; of two that
// contradict each other the last counts. A comma that starts no option belongs
// to the name.
func parseDisk(spec string) (path string, opts image.Options) {
	var set []func(*image.Options)
	for {
		comma := strings.LastIndexByte(spec, ',')
		if comma < 0 || diskOptions[spec[comma+1:]] == nil {
			break
		}
		set = append(set, diskOptions[spec[comma+1:]])
		spec = spec[:comma]
	}
	for _, do := range slices.Backward(set) {
		do(&opts)
	}
	return spec, opts
}

// detect tells what the IMAGE on the command line is. What the built-in BIOS would
// not start is a disk where another one is given.
func detect(path string, ownBIOS bool) (bios.Kind, error) {
	info, err := os.Stat(path)
	if err != nil {
		return bios.KindUnknown, pathError(path, err)
	}
	if info.IsDir() {
		return bios.KindUnknown, fmt.Errorf("%s: is a directory; give an image file or a kernel", path)
	}
	if mode := info.Mode(); !mode.IsRegular() && mode&os.ModeDevice == 0 || mode&os.ModeCharDevice != 0 {
		return bios.KindUnknown, fmt.Errorf("%s: is neither a file nor a disk; give an image file or a kernel", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return bios.KindUnknown, pathError(path, err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd) // of a block device Stat says 0
	if err != nil {
		return bios.KindUnknown, pathError(path, err)
	}
	head := make([]byte, min(size, bios.HeadSize))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return bios.KindUnknown, pathError(path, err)
	}
	kind := bios.Detect(head, size)
	if kind.Kernel() {
		return kind, nil
	}
	format, err := image.Detect(f, size)
	switch {
	case err != nil:
		return bios.KindUnknown, pathError(path, err)
	case format != nil && format.Remedy == "":
		return bios.KindUnknown, fmt.Errorf("%s: is a %s, not a raw disk image or a kernel; %s", path, format.Name, unsignedDisk)
	case kind == bios.KindUnknown && format == nil && size > 0 && size%bus.SectorSize == 0 && !ownBIOS:
		return bios.KindUnknown, fmt.Errorf("%s: the image has no boot signature (55 AA) and is no kernel that can be started: Linux, Multiboot or ELF; %s", path, unsignedDisk)
	case kind == bios.KindUnknown: // of the rest package image tells what is wrong
		kind = bios.KindDisk
	}
	return kind, nil
}

const unsignedDisk = "a disk without a boot sector goes to --disk"
