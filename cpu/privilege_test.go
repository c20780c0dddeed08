package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/decoder"
	"ringzero/x86"
)

// TestPrivilegeColumn: each row with a check that is not a matter of the mode has
// its #GP(0) at CPL 3, and passes the check where the column says so.
func TestPrivilegeColumn(t *testing.T) {
	n := 0
	for _, row := range decoder.Rows() {
		do := Calls[row.Op].Do
		if do == nil || row.Modes&decoder.InProtected == 0 {
			continue
		}
		refused, allowed := uint64(0), uint64(0) // CR4
		switch row.Priv {
		case decoder.PrivCPL0, decoder.PrivIO:
		case decoder.PrivTSD:
			refused = x86.CR4_TSD
		case decoder.PrivPCE:
			allowed = x86.CR4_PCE
		case decoder.PrivUMIP:
			refused = x86.CR4_UMIP
		default:
			continue
		}
		n++
		t.Run(row.Op.String()+" "+row.Encoding(), func(t *testing.T) {
			s := newScene(t, "max")
			in := decoder.Inst{Row: row, Op: row.Op, OpSize: 4, AddrSize: 4, Len: 2, N: 2, Seg: x86.DS, Base: x86.BX, Index: decoder.NoReg,
				Args: [4]decoder.Operand{{Kind: decoder.KindReg, Size: 4}, {Kind: decoder.KindReg, Size: 4}}}
			site := &Site{Inst: &in, Rem: 1}
			s.CPL, s.CR4 = 3, s.CR4|refused
			before := s.State()
			exc := do(s.CPU, site)
			require.Equal(t, &x86.Exception{Vector: x86.VecGP}, exc)
			require.Equal(t, before, s.State(), "nothing changes")
			if row.Priv != decoder.PrivCPL0 && row.Priv != decoder.PrivIO && row.Priv != decoder.PrivPCE {
				s.CR4 = s.CR4&^refused | allowed
				require.Nil(t, checks[row.Priv](s.CPU, site))
			}
		})
	}
	require.Greater(t, n, 20)
}
