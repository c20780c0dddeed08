//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd || windows)

package terminal

func keepOutputProcessing(int) error { return nil }

func enableEscapes() (undo func()) { return func() {} }
