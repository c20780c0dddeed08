package cpu

import (
	"fmt"
	"sort"
	"strings"

	"ringzero/decoder"
	"ringzero/x86"
)

// CPUID leaf 1 EDX bits (SDM 2A CPUID, table 3-11).
const (
	featFPU  = 1 << 0
	featVME  = 1 << 1
	featDE   = 1 << 2
	featPSE  = 1 << 3
	featTSC  = 1 << 4
	featMSR  = 1 << 5
	featPAE  = 1 << 6
	featCX8  = 1 << 8
	featSEP  = 1 << 11
	featPGE  = 1 << 13
	featCMOV = 1 << 15
	featPAT  = 1 << 16
	featMMX  = 1 << 23
	featFXSR = 1 << 24

	featRDRAND = 1 << 30 // in ECX
)

// Model is what a processor model shows and accepts.
type Model struct {
	Name string
	// Signature is CPUID leaf 1 EAX, and EDX after reset.
	Signature uint32
	EDX, ECX  uint32
	// CR4 has the bits that may be set, 0 where there is no CR4.
	CR4 uint64
	// P6 models have its MSRs; NX ones EFER.NXE; NoID ones no CPUID.
	P6, NX, NoID bool
	// MaxLeaf is the highest basic leaf.
	MaxLeaf uint32
	// PhysWidth is the width of a physical address that CPUID shows, 0 for 36.
	PhysWidth uint
	features  map[decoder.Feature]bool
}

func (m *Model) physWidth() uint { return max(m.PhysWidth, 36) }

func (m *Model) has(bit uint32) bool { return m.EDX&bit != 0 }

// Has tells whether rows of a feature execute on this model.
func (m *Model) Has(f decoder.Feature) bool { return m.features[f] }

const (
	cr4Pentium = x86.CR4_VME | x86.CR4_PVI | x86.CR4_TSD | x86.CR4_DE | x86.CR4_PSE
	cr4P6      = cr4Pentium | x86.CR4_PAE | x86.CR4_PGE | x86.CR4_PCE
)

// models by the names that --cpu takes.
func models() map[string]*Model {
	return map[string]*Model{
		"486": {Name: "486", Signature: 0x435, NoID: true},
		"pentium": {Name: "pentium", Signature: 0x525, MaxLeaf: 1, CR4: cr4Pentium,
			EDX: featFPU | featVME | featDE | featPSE | featTSC | featMSR | featCX8},
		"pentiumpro": {Name: "pentiumpro", Signature: 0x633, MaxLeaf: 2, CR4: cr4P6, P6: true,
			EDX: featFPU | featVME | featDE | featPSE | featTSC | featMSR | featPAE | featCX8 | featSEP | featPGE |
				featCMOV | featPAT},
		"max": {Name: "max", Signature: 0x6b4, MaxLeaf: 0x16, CR4: cr4P6 | x86.CR4_OSFXSR, P6: true, NX: true, PhysWidth: 46, ECX: featRDRAND,
			EDX: featFPU | featVME | featDE | featPSE | featTSC | featMSR | featPAE | featCX8 | featSEP | featPGE |
				featCMOV | featPAT | featMMX | featFXSR},
	}
}

// ModelNames lists what ModelByName knows, sorted.
func ModelNames() []string {
	var names []string
	for n := range models() {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// ModelByName finds a processor model; "" is max. An unknown name is an error
// that lists the known ones.
func ModelByName(name string) (*Model, error) {
	if name == "" {
		name = "max"
	}
	m := models()[name]
	if m == nil {
		return nil, fmt.Errorf("no processor model %q; there are %s", name, strings.Join(ModelNames(), ", "))
	}
	m.features = map[decoder.Feature]bool{decoder.Base: true, decoder.I486: true, decoder.X87: true,
		decoder.CPUIDInst: !m.NoID, decoder.TSC: m.has(featTSC), decoder.MSR: m.has(featMSR), decoder.CX8: m.has(featCX8),
		decoder.CMOV: m.has(featCMOV), decoder.SEP: m.has(featSEP), decoder.MMX: m.has(featMMX),
		decoder.FXSR: m.has(featFXSR), decoder.NOPL: m.P6, decoder.RDPMCInst: m.P6, decoder.PREFETCHInst: m.P6,
		decoder.RDRANDInst: m.ECX&featRDRAND != 0}
	return m, nil
}

const vendor = "GenuineIntel"

// The time stamp counter counts virtual nanoseconds; models that have the leaves
// say so in CPUID, so that no system has to measure it (SDM 2A CPUID, leaves 15h
// and 16h; SDM 3B 19.7.3).
const (
	tscHz     = 1_000_000_000
	crystalHz = 25_000_000
)

// cpuid answers by the model (SDM 2A CPUID).
func cpuid(c *CPU, s *Site) *x86.Exception {
	m := c.Model
	leaf := uint32(c.R[x86.AX])
	var a, b, cx, d uint32
	word := func(s string) uint32 {
		return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
	}
	if leaf >= 0x80000000 {
		if m.NX && leaf <= 0x80000008 {
			a, b, cx, d = m.extended(leaf, word)
		}
	} else {
		if leaf > m.MaxLeaf {
			leaf = m.MaxLeaf
		}
		switch leaf {
		case 0:
			a, b, d, cx = m.MaxLeaf, word(vendor), word(vendor[4:]), word(vendor[8:])
		case 1:
			a, cx, d = m.Signature, m.ECX, m.EDX
		case 2:
			a = 1 // no cache or TLB to describe
		case 0x15:
			a, b, cx = 1, tscHz/crystalHz, crystalHz
		case 0x16:
			a, b, cx = tscHz/1e6, tscHz/1e6, 100 // base, maximum, bus
		}
	}
	c.R[x86.AX], c.R[x86.BX], c.R[x86.CX], c.R[x86.DX] = uint64(a), uint64(b), uint64(cx), uint64(d)
	return nil
}

func (m *Model) extended(leaf uint32, word func(string) uint32) (a, b, c, d uint32) {
	const brand = "ringzero virtual CPU                            "
	switch leaf {
	case 0x80000000:
		a = 0x80000008
	case 0x80000001:
		d = 1 << 20 // NX
	case 0x80000002, 0x80000003, 0x80000004:
		t := brand[16*(leaf-0x80000002):]
		a, b, c, d = word(t), word(t[4:]), word(t[8:]), word(t[12:])
	case 0x80000008:
		a = uint32(m.physWidth()) | 32<<8
	}
	return
}
