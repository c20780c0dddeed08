package decoder

import "ringzero/x86"

// forms0F38 is the three-byte opcode map 0F 38 xx (SDM 2D table A-4).
var forms0F38 = []form{
	{INVEPT, "66 0F 38 80 /r m", "Gd,Mdq", prot, VMX, fVMX, cpl0},
	{INVEPT, "66 0F 38 80 /r m", "Gq,Mdq", only, VMX, fVMX, f64 | cpl0},
	{INVVPID, "66 0F 38 81 /r m", "Gd,Mdq", prot, VMX, fVMX, cpl0},
	{INVVPID, "66 0F 38 81 /r m", "Gq,Mdq", only, VMX, fVMX, f64 | cpl0},
	{INVPCID, "66 0F 38 82 /r m", "Gd,Mdq", leg, INVPCIDInst, fNone, cpl0},
	{INVPCID, "66 0F 38 82 /r m", "Gq,Mdq", only, INVPCIDInst, fNone, f64 | cpl0},
	{MOVBE, "NR 0F 38 F0 /r m", "Gv,Mv", all, MOVBEInst, fNone, 0},
	{MOVBE, "NR 0F 38 F1 /r m", "Mv,Gv", all, MOVBEInst, fNone, 0},
	{CRC32, "F2 0F 38 F0 /r", "Gy,Eb", all, SSE42, fNone, 0},
	{CRC32, "F2 0F 38 F1 /r", "Gy,Ev", all, SSE42, fNone, 0},
	{ADCX, "66 0F 38 F6 /r", "Gy,Ey", all, ADX, fl{r: x86.CF, w: x86.CF}, 0},
	{ADOX, "F3 0F 38 F6 /r", "Gy,Ey", all, ADX, fl{r: x86.OF, w: x86.OF}, 0},
}
