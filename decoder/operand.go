package decoder

import (
	"strings"

	"ringzero/x86"
)

// class says how Decode finds an operand (SDM 2D A.2.1, addressing codes).
type class uint8

const (
	cNone  class = iota
	cE           // ModRM.rm: general register or memory
	cG           // ModRM.reg: general register
	cM           // ModRM.rm: memory only
	cR           // ModRM.rm: general register only
	cImm         // immediate of Size bytes, zero-extended
	cImmB        // byte immediate, sign-extended to the operand size
	cImmZ        // 2 or 4 bytes, sign-extended to the operand size
	cImm2        // second immediate
	cJ           // relative branch
	cO           // moffs
	cA           // far pointer
	cX           // string source
	cY           // string destination
	cZ           // general register in the low opcode bits
	cFixed       // the general register in reg
	cOne         // the constant 1
	cS           // ModRM.reg: segment register
	cSLoad       // the same as a destination: not CS
	cSeg         // the segment register in reg
	cC           // ModRM.reg: control register
	cD           // ModRM.reg: debug register
	cT           // ModRM.reg: test register
	cP           // ModRM.reg: MMX
	cQ           // ModRM.rm: MMX or memory
	cN           // ModRM.rm: MMX only
	cV           // ModRM.reg: XMM
	cW           // ModRM.rm: XMM or memory
	cU           // ModRM.rm: XMM only
	cXMM         // the XMM register in reg
	cB           // VEX.vvvv: general register
	cST0         // ST(0)
	cSTi         // ST(ModRM.rm)
)

// width says how an operand's size in bytes follows from the operand size.
type width uint8

const (
	w0 width = iota // none
	w1
	w2
	w4
	w8
	w16
	w10
	wV // 2, 4, 8
	wZ // 2, 4, 4
	wY // 4, 4, 8
	wP // far pointer: 4, 6, 10
	wA // BOUND's pair: 4, 8
	wS // descriptor table: 6, 6, 10
)

// widths is indexed by width and by OpSize>>2 (2, 4, 8 give 0, 1, 2).
var widths = [16][4]uint8{
	w1: {1, 1, 1}, w2: {2, 2, 2}, w4: {4, 4, 4}, w8: {8, 8, 8}, w16: {16, 16, 16}, w10: {10, 10, 10},
	wV: {2, 4, 8}, wZ: {2, 4, 4}, wY: {4, 4, 8}, wP: {4, 6, 10}, wA: {4, 8, 16}, wS: {6, 6, 10},
}

// argSpec is a parsed operand code.
type argSpec struct {
	class class
	width width // of a register operand, or of both
	mem   width // of a memory operand
	reg   uint8
}

func same(c class, w width) argSpec { return argSpec{class: c, width: w, mem: w} }

// argSpecs maps the operand codes of the tables.
var argSpecs = map[string]argSpec{
	"Eb": same(cE, w1), "Ew": same(cE, w2), "Ed": same(cE, w4), "Eq": same(cE, w8),
	"Ev": same(cE, wV), "Ey": same(cE, wY), "Ez": same(cE, wZ),
	"Mw/Rv": {class: cE, width: wV, mem: w2}, "Mb/Rd": {class: cE, width: w4, mem: w1},
	"Mw/Rd": {class: cE, width: w4, mem: w2}, "Md/Ry": {class: cE, width: wY, mem: w4},
	"Gb": same(cG, w1), "Gw": same(cG, w2), "Gd": same(cG, w4), "Gv": same(cG, wV),
	"Gq": same(cG, w8), "Gy": same(cG, wY), "Gz": same(cG, wZ),
	"M": same(cM, w0), "Mb": same(cM, w1), "Mw": same(cM, w2), "Md": same(cM, w4), "Mq": same(cM, w8),
	"Mdq": same(cM, w16), "Mt": same(cM, w10), "Mv": same(cM, wV), "My": same(cM, wY),
	"Ms": same(cM, wS), "Mp": same(cM, wP), "Ma": same(cM, wA),
	"Rd": same(cR, wY), "Rv": same(cR, wV), "Rw": same(cR, w2), "Ry": same(cR, wY), "Rq": same(cR, w8),
	"By": same(cB, wY),
	"Ib": same(cImm, w1), "Iw": same(cImm, w2), "Ibs": same(cImmB, wV), "Iz": same(cImmZ, wV), "Iv": same(cImm, wV),
	"Jb": same(cJ, w1), "Jz": same(cJ, wZ), "Ap": same(cA, wP),
	"Ob": same(cO, w1), "Ov": same(cO, wV),
	"Xb": same(cX, w1), "Xv": same(cX, wV), "Xz": same(cX, wZ),
	"Yb": same(cY, w1), "Yv": same(cY, wV), "Yz": same(cY, wZ),
	"Zb": same(cZ, w1), "Zv": same(cZ, wV), "1": same(cOne, w1),
	"AL": {class: cFixed, width: w1}, "AX": {class: cFixed, width: w2},
	"eAX": {class: cFixed, width: wZ}, "rAX": {class: cFixed, width: wV},
	"CL": {class: cFixed, width: w1, reg: x86.CX}, "DX": {class: cFixed, width: w2, reg: x86.DX},
	"Sw": same(cS, w2), "Cd": same(cC, wY), "Dd": same(cD, wY), "Td": same(cT, w4),
	"ES": {class: cSeg, width: w2, reg: x86.ES}, "CS": {class: cSeg, width: w2, reg: x86.CS},
	"SS": {class: cSeg, width: w2, reg: x86.SS}, "DS": {class: cSeg, width: w2, reg: x86.DS},
	"FS": {class: cSeg, width: w2, reg: x86.FS}, "GS": {class: cSeg, width: w2, reg: x86.GS},
	"ST0": same(cST0, w10), "STi": same(cSTi, w10),
	"Pq": same(cP, w8), "Py": same(cP, wY), "Qq": same(cQ, w8), "Qd": {class: cQ, width: w8, mem: w4}, "Nq": same(cN, w8),
	"Vx": same(cV, w16), "Vdq": same(cV, w16), "Vps": same(cV, w16), "Vpd": same(cV, w16),
	"Vss": same(cV, w4), "Vsd": same(cV, w8), "Vq": same(cV, w8), "Vd": same(cV, w4), "Vy": same(cV, wY),
	"Wx": same(cW, w16), "Wdq": same(cW, w16), "Wps": same(cW, w16), "Wpd": same(cW, w16),
	"Wss": same(cW, w4), "Wsd": same(cW, w8), "Wq": same(cW, w8), "Wd": same(cW, w4), "Ww": same(cW, w2), "Wb": same(cW, w1),
	"Ux": same(cU, w16), "Udq": same(cU, w16), "Ups": same(cU, w16), "Upd": same(cU, w16), "Uq": same(cU, w8),
	"XMM0": same(cXMM, w16),
}

// parseArgs fills the entry's operands from the row's codes.
func (e *entry) parseArgs() {
	if e.row.Args == "" {
		return
	}
	imm := false
	for _, code := range strings.Split(e.row.Args, ",") {
		a, ok := argSpecs[code]
		if !ok {
			panic("BUG: operand code " + code + " of " + e.row.Op.String())
		}
		if a.class == cImm && imm {
			a.class = cImm2
		}
		if a.class == cS && e.n == 0 {
			a.class = cSLoad
		}
		imm = imm || a.class == cImm
		if a.class >= cE && a.class <= cR || a.class >= cS && a.class <= cU && a.class != cSeg || a.class == cSTi {
			e.modrm = true
		}
		e.args[e.n] = a
		e.n++
	}
}
