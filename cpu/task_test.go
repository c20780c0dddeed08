package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/x86"
)

// TestTaskIsSavedBeforeTheNewOneIsRead switches between two descriptors of one
// task state: the program goes on behind the instruction with what it had (SDM
// 3A 7.3, the order of the steps).
func TestTaskIsSavedBeforeTheNewOneIsRead(t *testing.T) {
	for _, tt := range []struct {
		name     string
		code     []byte
		busy     [2]bool // behind it: the old descriptor, the new one
		nt, link bool
	}{
		{"jump", []byte{0xea, 0, 0, 0, 0, tssB, 0}, [2]bool{false, true}, false, false},
		{"call", []byte{0x9a, 0, 0, 0, 0, tssB, 0}, [2]bool{true, true}, true, true},
		{"iret", []byte{0xcf}, [2]bool{false, true}, false, false},
	} {
		for _, wide := range []bool{true, false} {
			name, old, other := tt.name+" 32", uint16(attrP|x86.TypeTSS32Busy), uint16(attrP|x86.TypeTSS32)
			if !wide {
				name, old, other = tt.name+" 16", attrP|x86.TypeTSS16Busy, attrP|x86.TypeTSS16
			}
			t.Run(name, func(t *testing.T) {
				s := newScene(t, "max")
				s.desc(tssMain, sceneTSS, 0x67, old)
				s.desc(tssB, sceneTSS, 0x67, other)
				s.Seg[x86.TR].load(tssMain, x86.Descriptor(s.get(sceneGDT+tssMain, 8)))
				if tt.name == "iret" {
					s.Flags |= x86.NT
					s.put(sceneTSS, 2, tssB)
					s.put(sceneGDT+tssB+5, 1, uint64(other|2)&0xff)
				}
				s.EIP, s.R[x86.SP] = 0x9000, 0x9800 // within 16 bits
				for i := range 8 {
					if i != x86.SP {
						s.R[i] = 0xffff1230 + uint64(i)
					}
				}
				if !wide {
					s.R[x86.SP] |= 0xffff0000
				}
				regs := s.R
				s.step(tt.code...)
				require.Zero(t, s.Faults.N, "%v", s.Faults.Last[0].Exc)
				require.Equal(t, regs, s.R)
				require.Equal(t, uint64(0x9000+len(tt.code)), s.EIP)
				require.Equal(t, uint16(tssB), s.Seg[x86.TR].Sel)
				require.Equal(t, uint16(code0), s.Seg[x86.CS].Sel)
				require.Equal(t, tt.nt, s.Flags&x86.NT != 0)
				for i, sel := range []uint64{tssMain, tssB} {
					require.Equal(t, tt.busy[i], s.get(sceneGDT+sel+5, 1)&2 != 0, "descriptor %x", sel)
				}
				if tt.link {
					require.Equal(t, uint64(tssMain), s.get(sceneTSS, 2))
				}
			})
		}
	}
}
