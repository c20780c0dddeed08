package decoder

import "ringzero/x86"

// Flags of the bit-manipulation instructions, each by its section in SDM 2.
var (
	fAndn  = fl{w: arith &^ (x86.AF | x86.PF), u: x86.AF | x86.PF} // also BLSI, BLSR, BLSMSK, BZHI
	fBextr = fl{w: x86.ZF | x86.CF | x86.OF, u: x86.AF | x86.SF | x86.PF}
)

// formsVEX is the VEX-encoded general-register instructions, BMI1 and BMI2. AVX
// is left out: its encodings are Invalid. VEX does not exist in real-address and
// virtual-8086 mode (SDM 2A 2.3.2).
var formsVEX = []form{
	{ANDN, "VEX NP 0F 38 F2 /r", "Gy,By,Ey", pm, BMI1, fAndn, 0},
	{BLSR, "VEX NP 0F 38 F3 /1", "By,Ey", pm, BMI1, fAndn, 0},
	{BLSMSK, "VEX NP 0F 38 F3 /2", "By,Ey", pm, BMI1, fAndn, 0},
	{BLSI, "VEX NP 0F 38 F3 /3", "By,Ey", pm, BMI1, fAndn, 0},
	{BZHI, "VEX NP 0F 38 F5 /r", "Gy,Ey,By", pm, BMI2, fAndn, 0},
	{PEXT, "VEX F3 0F 38 F5 /r", "Gy,By,Ey", pm, BMI2, fNone, 0},
	{PDEP, "VEX F2 0F 38 F5 /r", "Gy,By,Ey", pm, BMI2, fNone, 0},
	{MULX, "VEX F2 0F 38 F6 /r", "Gy,By,Ey", pm, BMI2, fNone, 0},
	{BEXTR, "VEX NP 0F 38 F7 /r", "Gy,Ey,By", pm, BMI1, fBextr, 0},
	{SHLX, "VEX 66 0F 38 F7 /r", "Gy,Ey,By", pm, BMI2, fNone, 0},
	{SARX, "VEX F3 0F 38 F7 /r", "Gy,Ey,By", pm, BMI2, fNone, 0},
	{SHRX, "VEX F2 0F 38 F7 /r", "Gy,Ey,By", pm, BMI2, fNone, 0},
	{RORX, "VEX F2 0F 3A F0 /r", "Gy,Ey,Ib", pm, BMI2, fNone, 0},
}
