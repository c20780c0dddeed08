package serial

// Watch passes everything on and looks for a text in it.
type Watch struct {
	Sink
	text    []byte
	back    []int // Knuth-Morris-Pratt: how much still matches after a mismatch
	matched int
	found   bool
	report  func()
}

// NewWatch makes a sink in front of next that calls report, once, while the
// byte that completes text is sent, after it was passed on. The bytes are
// compared as the guest sent them: a line's end is usually "\r\n". An empty
// text is never found. report may be nil.
func NewWatch(next Sink, text string, report func()) *Watch {
	w := &Watch{Sink: next, text: []byte(text), report: report}
	w.back = make([]int, len(text))
	for i, n := 1, 0; i < len(text); i++ {
		for n > 0 && text[i] != text[n] {
			n = w.back[n-1]
		}
		if text[i] == text[n] {
			n++
		}
		w.back[i] = n
	}
	return w
}

// Found tells whether the text has been sent.
func (w *Watch) Found() bool { return w.found }

// Send passes b on and compares it.
func (w *Watch) Send(b byte) {
	w.Sink.Send(b)
	if w.found || len(w.text) == 0 {
		return
	}
	for w.matched > 0 && b != w.text[w.matched] {
		w.matched = w.back[w.matched-1]
	}
	if b == w.text[w.matched] {
		w.matched++
	}
	if w.matched < len(w.text) {
		return
	}
	w.found = true
	if w.report != nil {
		w.report()
	}
}
