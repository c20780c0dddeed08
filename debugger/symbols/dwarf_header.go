package symbols

import (
	"bytes"
	"debug/dwarf"
)

// Bounds of the names in the header of a unit's line table.
const (
	longestDir   = 4096
	mostNameText = 64 << 20 // of all names, joined with their folders
	mostDefined  = 4096     // files that the lines themselves add
)

// lineReader opens a unit's line table, nil where it has none or it is broken.
// debug/dwarf believes the numbers of folders and files in the header and makes
// room for them, so these are checked first.
func (d *dwarfInfo) lineReader(u *unit) *dwarf.LineReader {
	at, ok := u.entry.Val(dwarf.AttrStmtList).(int64)
	if !ok || at < 0 || at >= int64(len(d.loc[".debug_line"])) {
		return nil
	}
	h := lineHeader{d: d, c: cursor{p: d.loc[".debug_line"][at:]}}
	dir, _ := u.entry.Val(dwarf.AttrCompDir).(string)
	if !h.sound(uint64(len(dir))) {
		return nil
	}
	r, err := d.data.LineReader(u.entry)
	if err != nil {
		return nil
	}
	return r
}

// lineHeader checks a header (DWARF 5, 6.2.4; DWARF 2 to 4, 6.2.4).
type lineHeader struct {
	d    *dwarfInfo
	c    cursor
	word int    // bytes of an offset: 8 in 64-bit DWARF
	dir  uint64 // the longest folder's length
	text uint64 // of all names, joined
}

func (h *lineHeader) sound(compDir uint64) bool {
	h.word = 4
	size := h.c.word(4)
	if size == 0xffffffff {
		h.word, size = 8, h.c.word(8)
	}
	h.c = cursor{p: h.c.bytes(size), bad: h.c.bad}
	version := h.c.word(2)
	if version >= 5 {
		h.c.word(2)
	}
	h.c.word(h.word)
	h.c.word(4)
	if version >= 4 {
		h.c.word(1)
	}
	if opcodes := h.c.word(1); opcodes > 0 {
		h.c.bytes(opcodes - 1)
	}
	h.dir = compDir
	if version >= 5 {
		return h.names5(true) && h.names5(false)
	}
	return h.names()
}

// names checks the lists of versions 2 to 4, which end in an empty name.
func (h *lineHeader) names() bool {
	compDir := h.dir
	for {
		n := h.string()
		if n == 0 {
			break
		}
		if !h.add(compDir+n+1, true) {
			return false
		}
	}
	for {
		n := h.string()
		if n == 0 {
			return !h.c.bad
		}
		h.c.uleb()
		h.c.uleb()
		h.c.uleb()
		if !h.add(h.dir+n+1, false) {
			return false
		}
	}
}

// names5 checks a list of version 5: forms, number, entries of at least a byte.
func (h *lineHeader) names5(dirs bool) bool {
	var forms []uint64
	for range h.c.word(1) {
		h.c.uleb()
		forms = append(forms, h.c.uleb())
	}
	n := h.c.uleb()
	if h.c.bad || n > uint64(len(h.c.p)) || n > 0 && len(forms) == 0 {
		return false
	}
	compDir := h.dir
	for range n {
		text := compDir + 1
		if !dirs {
			text = h.dir + 1
		}
		for _, form := range forms {
			length, ok := h.form(form)
			if !ok {
				return false
			}
			text += length
		}
		if !h.add(text, dirs) {
			return false
		}
	}
	return !h.c.bad
}

// add counts a name; false where there is too much.
func (h *lineHeader) add(text uint64, isDir bool) bool {
	if isDir {
		h.dir = max(h.dir, text)
	}
	h.text += text
	return !h.c.bad && h.dir <= longestDir && h.text <= mostNameText
}

// string skips a string and gives its length.
func (h *lineHeader) string() uint64 {
	n := bytes.IndexByte(h.c.p, 0)
	if n < 0 {
		h.c.bad = true
		return 0
	}
	h.c.bytes(uint64(n) + 1)
	return uint64(n)
}

// form skips a value and gives the length of the string that it is; ok is false
// for one that isn't known.
func (h *lineHeader) form(form uint64) (length uint64, ok bool) {
	switch form {
	case 0x08: // DW_FORM_string
		return h.string(), true
	case 0x0e: // DW_FORM_strp
		return stringAt(h.d.loc[".debug_str"], h.c.word(h.word)), true
	case 0x1f: // DW_FORM_line_strp
		return stringAt(h.d.loc[".debug_line_str"], h.c.word(h.word)), true
	case 0x0b: // DW_FORM_data1
		h.c.word(1)
	case 0x05: // DW_FORM_data2
		h.c.word(2)
	case 0x06: // DW_FORM_data4
		h.c.word(4)
	case 0x07: // DW_FORM_data8
		h.c.word(8)
	case 0x1e: // DW_FORM_data16
		h.c.bytes(16)
	case 0x0f: // DW_FORM_udata
		h.c.uleb()
	case 0x09: // DW_FORM_block
		h.c.bytes(h.c.uleb())
	default:
		return 0, false
	}
	return 0, true
}

// stringAt is the length of a string in a section.
func stringAt(section []byte, at uint64) uint64 {
	if at >= uint64(len(section)) {
		return 0
	}
	if n := bytes.IndexByte(section[at:min(at+mostNameText, uint64(len(section)))], 0); n >= 0 {
		return uint64(n)
	}
	return mostNameText
}
