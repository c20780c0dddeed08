package moo

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// AllFlags is the mask of a form that leaves no flag undefined.
const AllFlags uint16 = 0xffff

// Metadata is a suite's metadata.json: which opcode forms it has and which
// flags each leaves undefined.
type Metadata struct {
	CPU     string            `json:"cpu"`
	Opcodes map[string]Opcode `json:"opcodes"`
}

// Opcode is one entry of Metadata: of an opcode, or in Reg of one of a group's
// members, keyed by ModRM's reg field in decimal.
type Opcode struct {
	Status    string            `json:"status"`
	FlagsMask *uint16           `json:"flags-mask"`
	Reg       map[string]Opcode `json:"reg"`
}

// ReadMetadata reads a metadata.json.
func ReadMetadata(path string) (*Metadata, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("moo: %w", err)
	}
	m := new(Metadata)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("moo: %s: %w", path, err)
	}
	if len(m.Opcodes) == 0 {
		return nil, fmt.Errorf("moo: %s lists no opcodes", path)
	}
	return m, nil
}

// FlagsMask has a one for each bit of FLAGS that a form such as "08" or "F6.4"
// defines. ok is false where the metadata does not know the form.
func (m *Metadata) FlagsMask(form string) (mask uint16, ok bool) {
	code, reg, grouped := strings.Cut(form, ".")
	op, ok := m.Opcodes[code]
	if !ok {
		return 0, false
	}
	if grouped {
		if op, ok = op.Reg[reg]; !ok {
			return 0, false
		}
	}
	if op.FlagsMask == nil {
		return AllFlags, true
	}
	return *op.FlagsMask, true
}
