package symbols

import "maps"

// rule tells where a caller's register is.
type rule struct {
	kind   byte
	reg    int
	offset int64
}

// Kinds of rules; the zero one is "as it is".
const (
	ruleSame = iota
	ruleOffset
	ruleRegister
	ruleUnknown
)

// frameMachine runs the programs of call frame information (DWARF 5, 6.4.2).
type frameMachine struct {
	f          fde
	loc        uint64
	word       int
	cfaReg     int
	cfaOffset  int64
	noCFA      bool
	rules      [mostRules]rule
	initial    [mostRules]rule
	remembered []frameState
}

type frameState struct {
	rules     [mostRules]rule
	cfaReg    int
	cfaOffset int64
	noCFA     bool
}

// run executes a program up to an address; false where it has what isn't known.
func (m *frameMachine) run(program []byte, until uint64) bool {
	c := &cursor{p: program}
	for len(c.p) > 0 && !c.bad {
		op := byte(c.word(1))
		low := uint64(op & 0x3f)
		switch op & 0xc0 {
		case 0x40:
			m.loc += low * m.f.common.codeAlign
		case 0x80:
			m.set(low, rule{ruleOffset, 0, int64(c.uleb()) * m.f.common.dataAlign})
		case 0xc0:
			m.restore(low)
		default:
			if !m.extended(op, c) {
				return false
			}
		}
		if m.loc > until {
			return true
		}
	}
	return !c.bad
}

func (m *frameMachine) set(reg uint64, r rule) {
	if reg < mostRules {
		m.rules[reg] = r
	}
}

func (m *frameMachine) restore(reg uint64) {
	if reg < mostRules {
		m.rules[reg] = m.initial[reg]
	}
}

// extended executes the operations that have a byte of their own.
func (m *frameMachine) extended(op byte, c *cursor) bool {
	data := m.f.common.dataAlign
	switch op {
	case 0x00: // DW_CFA_nop
	case 0x01: // DW_CFA_set_loc
		m.loc = c.word(m.word)
	case 0x02, 0x03, 0x04: // DW_CFA_advance_loc1, 2, 4
		m.loc += c.word(1<<(op-2)) * m.f.common.codeAlign
	case 0x05: // DW_CFA_offset_extended
		m.set(c.uleb(), rule{ruleOffset, 0, int64(c.uleb()) * data})
	case 0x06: // DW_CFA_restore_extended
		m.restore(c.uleb())
	case 0x07: // DW_CFA_undefined
		m.set(c.uleb(), rule{kind: ruleUnknown})
	case 0x08: // DW_CFA_same_value
		m.set(c.uleb(), rule{})
	case 0x09: // DW_CFA_register
		m.set(c.uleb(), rule{ruleRegister, int(c.uleb() & 0xff), 0})
	case 0x0a: // DW_CFA_remember_state
		if len(m.remembered) == mostRemembered {
			return false
		}
		m.remembered = append(m.remembered, frameState{m.rules, m.cfaReg, m.cfaOffset, m.noCFA})
	case 0x0b: // DW_CFA_restore_state
		n := len(m.remembered)
		if n == 0 {
			return false
		}
		s := m.remembered[n-1]
		m.remembered = m.remembered[:n-1]
		m.rules, m.cfaReg, m.cfaOffset, m.noCFA = s.rules, s.cfaReg, s.cfaOffset, s.noCFA
	case 0x0c: // DW_CFA_def_cfa
		m.cfaReg, m.cfaOffset, m.noCFA = int(c.uleb()&0xff), int64(c.uleb()), false
	case 0x0d: // DW_CFA_def_cfa_register
		m.cfaReg, m.noCFA = int(c.uleb()&0xff), false
	case 0x0e: // DW_CFA_def_cfa_offset
		m.cfaOffset = int64(c.uleb())
	case 0x0f: // DW_CFA_def_cfa_expression
		c.bytes(c.uleb())
		m.noCFA = true
	case 0x10, 0x16: // DW_CFA_expression, val_expression
		m.set(c.uleb(), rule{kind: ruleUnknown})
		c.bytes(c.uleb())
	case 0x11: // DW_CFA_offset_extended_sf
		m.set(c.uleb(), rule{ruleOffset, 0, c.sleb() * data})
	case 0x12: // DW_CFA_def_cfa_sf
		m.cfaReg, m.cfaOffset, m.noCFA = int(c.uleb()&0xff), c.sleb()*data, false
	case 0x13: // DW_CFA_def_cfa_offset_sf
		m.cfaOffset = c.sleb() * data
	case 0x2e: // DW_CFA_GNU_args_size
		c.uleb()
	default:
		return false
	}
	return true
}

// apply makes the caller's registers of those of now.
func (m *frameMachine) apply(s *Source, regs map[int]uint64, w words) (pc uint64, caller map[int]uint64, ok bool) {
	base, ok := regs[m.cfaReg]
	if !ok || m.noCFA {
		return 0, nil, false
	}
	cfa := s.wrap(base + uint64(m.cfaOffset))
	caller = maps.Clone(regs)
	for reg, r := range m.rules {
		switch r.kind {
		case ruleOffset:
			if v, ok := w.word(s.wrap(cfa + uint64(r.offset))); ok {
				caller[reg] = v
			} else {
				delete(caller, reg)
			}
		case ruleRegister:
			if v, ok := regs[r.reg]; ok {
				caller[reg] = v
			} else {
				delete(caller, reg)
			}
		case ruleUnknown:
			delete(caller, reg)
		}
	}
	if m.f.common.returns >= mostRules || m.rules[m.f.common.returns].kind == ruleSame {
		return 0, nil, false
	}
	pc, ok = caller[m.f.common.returns]
	caller[StackRegister(w.bits)] = cfa
	return pc, caller, ok
}
