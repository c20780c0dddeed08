package debugger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Expr is an expression over numbers, registers, symbols and memory.
//
//	numbers    10, 0x1f, 1fh, 0b101; a SEG:OFF address is a linear one
//	registers  $eax, $ax, $eip, $cr3, $cs, ...; $step, $ns
//	symbols    start_kernel
//	memory     byte[E], word[E], dword[E], qword[E]; *E is as wide as the code
//	operators  as in C, from || down to ~ and !
type Expr struct {
	text string
	eval func(d *Debugger) (uint64, error)
}

// Eval computes it for the machine as it stands; the error is one line.
func (e *Expr) Eval(d *Debugger) (uint64, error) { return e.eval(d) }

// mostDepth bounds how deep an expression nests.
const mostDepth = 100

// Parse reads an expression. The error says where it is wrong.
func Parse(text string) (*Expr, error) {
	p := &parser{text: text}
	f, err := p.binary(0)
	if err == nil {
		if p.space(); p.at < len(p.text) {
			err = p.wrong("the expression ends before %q", p.text[p.at:])
		}
	}
	if err != nil {
		return nil, err
	}
	return &Expr{text, f}, nil
}

type value func(d *Debugger) (uint64, error)

type parser struct {
	text  string
	at    int
	depth int
}

func (p *parser) wrong(format string, args ...any) error {
	return fmt.Errorf("in %q: %s", p.text, fmt.Sprintf(format, args...))
}

func (p *parser) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

// take goes behind a sign that comes next.
func (p *parser) take(sign string) bool {
	p.space()
	if strings.HasPrefix(p.text[p.at:], sign) {
		p.at += len(sign)
		return true
	}
	return false
}

// levels are the operators with two operands, those that bind least first; a longer one
// comes before its beginning.
var levels = [][]string{{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<=", ">=", "<", ">"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}}

func (p *parser) binary(level int) (value, error) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil {
		op := p.operator(level)
		if op == "" {
			break
		}
		var right value
		if right, err = p.binary(level + 1); err == nil {
			left = combine(op, left, right)
		}
	}
	return left, err
}

// operator takes one of a level that comes next.
func (p *parser) operator(level int) string {
	p.space()
	rest := p.text[p.at:]
	for _, op := range levels[level] {
		if !strings.HasPrefix(rest, op) {
			continue
		}
		if len(rest) > 1 && len(op) == 1 && (rest[1] == rest[0] && strings.Contains("|&<>", op) || rest[1] == '=' && strings.Contains("<>", op)) {
			continue // the beginning of a longer one
		}
		p.at += len(op)
		return op
	}
	return ""
}

func combine(op string, left, right value) value {
	return func(d *Debugger) (uint64, error) {
		a, err := left(d)
		if err != nil {
			return 0, err
		}
		if op == "&&" && a == 0 || op == "||" && a != 0 {
			return truth(a != 0), nil
		}
		b, err := right(d)
		if err != nil {
			return 0, err
		}
		return apply(op, a, b)
	}
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func apply(op string, a, b uint64) (uint64, error) {
	switch op {
	case "||", "&&":
		return truth(b != 0), nil
	case "|":
		return a | b, nil
	case "^":
		return a ^ b, nil
	case "&":
		return a & b, nil
	case "==":
		return truth(a == b), nil
	case "!=":
		return truth(a != b), nil
	case "<=":
		return truth(a <= b), nil
	case ">=":
		return truth(a >= b), nil
	case "<":
		return truth(a < b), nil
	case ">":
		return truth(a > b), nil
	case "<<":
		return a << min(b, 64), nil
	case ">>":
		return a >> min(b, 64), nil
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	}
	if b == 0 {
		return 0, errors.New("division by zero")
	}
	if op == "/" {
		return a / b, nil
	}
	return a % b, nil
}

func (p *parser) unary() (value, error) {
	if p.depth++; p.depth > mostDepth {
		return nil, p.wrong("it is nested too deeply")
	}
	defer func() { p.depth-- }()
	for _, op := range []string{"-", "~", "!", "*", "+"} {
		if !p.take(op) {
			continue
		}
		of, err := p.unary()
		if err != nil {
			return nil, err
		}
		return func(d *Debugger) (uint64, error) {
			v, err := of(d)
			switch op {
			case "-":
				v = -v
			case "~":
				v = ^v
			case "!":
				v = truth(v == 0)
			case "*":
				if err == nil {
					return d.load(v, d.word(), false)
				}
			}
			return v, err
		}, nil
	}
	return p.primary()
}

// sizes are the accesses to memory.
var sizes = map[string]int{"byte": 1, "word": 2, "dword": 4, "qword": 8}

func (p *parser) primary() (value, error) {
	switch {
	case p.take("("):
		v, err := p.binary(0)
		if err == nil && !p.take(")") {
			err = p.wrong("a ) is missing")
		}
		return v, err
	case p.take("$"):
		name := p.word()
		if name == "" {
			return nil, p.wrong("the name of a register is missing behind $")
		}
		return func(d *Debugger) (uint64, error) { return d.register(name) }, nil
	}
	word := p.word()
	switch {
	case word == "":
		return nil, p.wrong("a number, a $register, a symbol or ( is missing at %q", p.text[p.at:])
	case sizes[word] != 0 && p.take("["):
		physical := p.take("p:")
		at, err := p.binary(0)
		if err == nil && !p.take("]") {
			err = p.wrong("a ] is missing")
		}
		if err != nil {
			return nil, err
		}
		return func(d *Debugger) (uint64, error) {
			v, err := at(d)
			if err != nil {
				return 0, err
			}
			return d.load(v, sizes[word], physical)
		}, nil
	}
	if v, ok, err := number(word); ok || err != nil {
		if err == nil && strings.HasPrefix(p.text[p.at:], ":") {
			p.at++
			return p.far(v)
		}
		return func(*Debugger) (uint64, error) { return v, nil }, err
	}
	return func(d *Debugger) (uint64, error) { return d.symbolOrRegister(word) }, nil
}

// far is the linear address of SEG:OFF.
func (p *parser) far(seg uint64) (value, error) {
	off, err := p.unary()
	if err != nil {
		return nil, err
	}
	return func(d *Debugger) (uint64, error) {
		o, err := off(d)
		if err != nil {
			return 0, err
		}
		return d.far(uint16(seg), o)
	}, nil
}

// word takes letters, digits and what stands in names.
func (p *parser) word() string {
	p.space()
	begin := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c != '_' && c != '.' && c != '@' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c < 0x80 {
			break
		}
		p.at++
	}
	return p.text[begin:p.at]
}

// number reads a number; ok tells that the word is meant to be one.
func number(word string) (v uint64, ok bool, err error) {
	if word[0] < '0' || word[0] > '9' {
		return 0, false, nil
	}
	lower := strings.ToLower(word)
	if hex, is := strings.CutSuffix(lower, "h"); is && !strings.HasPrefix(lower, "0x") {
		v, err = strconv.ParseUint(hex, 16, 64)
	} else if exp, is := strings.CutPrefix(lower, "0x"); is {
		v, err = strconv.ParseUint(exp, 16, 64)
	} else {
		v, err = strconv.ParseUint(lower, 0, 64)
		if strings.HasPrefix(lower, "0") && len(lower) > 1 && lower[1] >= '0' && lower[1] <= '9' {
			v, err = strconv.ParseUint(lower, 10, 64) // no octal
		}
	}
	if err != nil {
		return 0, true, fmt.Errorf("%s is no number; write 10, 0x1f, 1fh or 0b101", word)
	}
	return v, true, nil
}
