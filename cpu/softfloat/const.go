package softfloat

// The constants that the x87 loads, rounded by RC as it does (SDM vol. 1,
// 8.3.4). They raise nothing.

// ConstL2T is log2(10) (FLDL2T).
func (e *Env) ConstL2T() F80 { return e.constant(wideLog2of10) }

// ConstL2E is log2(e) (FLDL2E).
func (e *Env) ConstL2E() F80 { return e.constant(wideLog2e) }

// ConstPI is pi (FLDPI).
func (e *Env) ConstPI() F80 { return e.constant(widePi) }

// ConstLG2 is log10(2) (FLDLG2).
func (e *Env) ConstLG2() F80 { return e.constant(wideLog10of2) }

// ConstLN2 is ln(2) (FLDLN2).
func (e *Env) ConstLN2() F80 { return e.constant(wideLn2) }

// constant rounds w by RC and raises nothing.
func (e *Env) constant(w wide) F80 {
	e.C1 = false
	sig := w.m.hi
	if roundsUp(e.RC, w.neg, sig&1 != 0, w.m.lo) {
		sig++
	}
	return F80{sig, signOf(w.neg) | uint16(w.exp+expBias)}
}
