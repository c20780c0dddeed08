package terminal

import "golang.org/x/sys/windows"

func keepOutputProcessing(int) error { return nil }

// enableEscapes makes the output console understand ANSI sequences. Failure is
// no error: standard output may be a file.
func enableEscapes() (undo func()) {
	out, err := windows.GetStdHandle(windows.STD_OUTPUT_HANDLE)
	if err != nil {
		return func() {}
	}
	var mode uint32
	if windows.GetConsoleMode(out, &mode) != nil {
		return func() {}
	}
	if windows.SetConsoleMode(out, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil {
		return func() {}
	}
	return func() { _ = windows.SetConsoleMode(out, mode) }
}
