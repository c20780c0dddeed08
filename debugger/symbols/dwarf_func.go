package symbols

import (
	"cmp"
	"debug/dwarf"
	"slices"
)

// Function is what DWARF says of one. Low is its first address, High the one
// behind its last; of a function in several parts these are of the part that was
// asked for.
type Function struct {
	Name      string
	Low, High uint64
	Params    []Param
}

// Param is an argument. Size is in bytes, 0 where it is unknown; Pointer, Signed
// and Float tell how to print it. Type is its name in the source, without the
// details of what is pointed to: "int", "struct task_struct *".
type Param struct {
	Name                   string
	Type                   string
	Size                   int
	Signed, Pointer, Float bool
	Where                  Location
}

// Bounds of what is read of one function.
const (
	mostParams   = 64
	mostChildren = 1 << 16
	mostHops     = 16 // from one entry to the next: a type's type, a name's origin
)

// Function describes the function that covers an address of the file, with its
// arguments as they are at that address: ask with the function's first address
// for where they are when it is called. The source's Slide is not applied: see
// Table.Function.
func (s *Source) Function(addr uint64) (f Function, ok bool) {
	if s.dwarf == nil || s.dwarf.load() != nil {
		return f, false
	}
	var err error
	defer func() { ok = ok && err == nil }()
	defer guard(&err, "DWARF")
	u := s.dwarf.unitOf(addr)
	if u == nil {
		return f, false
	}
	r, found := rangeOf(s.dwarf.functions(u), addr)
	if !found {
		return f, false
	}
	return s.dwarf.function(u, r, addr)
}

// functions reads which functions a unit has, once.
func (d *dwarfInfo) functions(u *unit) []pcRange {
	if u.hasFunc {
		return u.funcs
	}
	u.hasFunc = true
	r := d.data.Reader()
	r.Seek(u.entry.Offset)
	for depth := 0; len(u.funcs) < mostRanges; {
		e, err := r.Next()
		if err != nil || e == nil {
			break
		}
		switch {
		case e.Tag == 0:
			depth--
		case e.Tag == dwarf.TagSubprogram:
			d.addFunction(u, e)
			r.SkipChildren()
		case skipped[e.Tag]:
			r.SkipChildren()
		case e.Children:
			depth++
		}
		if depth <= 0 {
			break
		}
	}
	slices.SortFunc(u.funcs, func(a, b pcRange) int { return cmp.Compare(a.low, b.low) })
	return u.funcs
}

// skipped has entries in which no code is.
var skipped = map[dwarf.Tag]bool{
	dwarf.TagArrayType: true, dwarf.TagEnumerationType: true, dwarf.TagSubroutineType: true, dwarf.TagUnionType: true,
}

func (d *dwarfInfo) addFunction(u *unit, e *dwarf.Entry) {
	ranges, err := d.data.Ranges(e)
	if err != nil {
		return
	}
	for _, p := range ranges {
		if p[1] > p[0] && d.isCode(p[0]) {
			u.funcs = append(u.funcs, pcRange{p[0], p[1], int(e.Offset)})
		}
	}
}

// function reads one function's name and arguments.
func (d *dwarfInfo) function(u *unit, at pcRange, pc uint64) (f Function, ok bool) {
	r := d.data.Reader()
	r.Seek(dwarf.Offset(at.id))
	e, err := r.Next()
	if err != nil || e == nil {
		return f, false
	}
	f = Function{Name: d.nameOf(e), Low: at.low, High: at.high}
	base := d.location(u, e.Val(dwarf.AttrFrameBase), nil, pc)
	if !e.Children {
		return f, true
	}
	for n := 0; n < mostChildren && len(f.Params) < mostParams; n++ {
		c, err := r.Next()
		if err != nil || c == nil || c.Tag == 0 {
			break
		}
		if c.Tag == dwarf.TagFormalParameter {
			f.Params = append(f.Params, d.param(u, c, &base, pc))
		}
		if c.Children {
			r.SkipChildren()
		}
	}
	return f, true
}

func (d *dwarfInfo) param(u *unit, e *dwarf.Entry, base *Location, pc uint64) Param {
	p := Param{Name: d.nameOf(e), Where: d.location(u, e.Val(dwarf.AttrLocation), base, pc)}
	for hop := 0; e != nil && hop < mostHops; hop++ {
		if at, ok := e.Val(dwarf.AttrType).(dwarf.Offset); ok {
			d.describe(&p, at)
			break
		}
		e = d.follow(e, dwarf.AttrAbstractOrigin)
	}
	return p
}

// nameOf is an entry's name, or that of what it is made from.
func (d *dwarfInfo) nameOf(e *dwarf.Entry) string {
	for hop := 0; e != nil && hop < mostHops; hop++ {
		if name, ok := e.Val(dwarf.AttrName).(string); ok {
			return name
		}
		next := d.follow(e, dwarf.AttrAbstractOrigin)
		if next == nil {
			next = d.follow(e, dwarf.AttrSpecification)
		}
		e = next
	}
	return ""
}

// follow reads the entry that an attribute of e points to, nil where it has none.
func (d *dwarfInfo) follow(e *dwarf.Entry, attr dwarf.Attr) *dwarf.Entry {
	at, ok := e.Val(attr).(dwarf.Offset)
	if !ok {
		return nil
	}
	r := d.data.Reader()
	r.Seek(at)
	next, err := r.Next()
	if err != nil {
		return nil
	}
	return next
}

// What DW_AT_encoding says, see DWARF 5, 7.8.
const (
	encFloat      = 4
	encSigned     = 5
	encSignedChar = 6
)

// describe fills in what the type at an offset says of an argument.
func (d *dwarfInfo) describe(p *Param, at dwarf.Offset) {
	r := d.data.Reader()
	stars := ""
	for range mostHops {
		r.Seek(at)
		e, err := r.Next()
		if err != nil || e == nil {
			return
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		switch e.Tag {
		case dwarf.TagPointerType, dwarf.TagReferenceType, dwarf.TagRvalueReferenceType:
			p.settle(d.bits/8, false)
			p.Pointer = p.Pointer || stars == "" && !p.Signed && !p.Float
			stars += "*"
		case dwarf.TagStructType, dwarf.TagClassType, dwarf.TagUnionType, dwarf.TagEnumerationType:
			name = map[dwarf.Tag]string{dwarf.TagUnionType: "union ", dwarf.TagEnumerationType: "enum "}[e.Tag] + name
			if e.Tag == dwarf.TagStructType || e.Tag == dwarf.TagClassType {
				name = "struct " + name
			}
		}
		if p.Type == "" && name != "" {
			p.Type = name
		}
		if size, ok := e.Val(dwarf.AttrByteSize).(int64); ok {
			enc, _ := e.Val(dwarf.AttrEncoding).(int64)
			if stars == "" {
				p.Float = enc == encFloat
			}
			p.settle(int(max(0, min(size, 1<<30))), enc == encSigned || enc == encSignedChar)
		}
		next, more := e.Val(dwarf.AttrType).(dwarf.Offset)
		if !more {
			break
		}
		at = next
	}
	if stars != "" {
		if p.Type == "" {
			p.Type = "void"
		}
		p.Type += " " + stars
	}
}

// settle takes the size of the outermost type that has one.
func (p *Param) settle(size int, signed bool) {
	if p.Size == 0 {
		p.Size, p.Signed = size, signed
	}
}
