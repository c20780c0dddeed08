package gdb

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// architecture is gdb's name of a mode.
func architecture(bits int) string {
	switch bits {
	case 16:
		return "i8086"
	case 64:
		return "i386:x86-64"
	}
	return "i386"
}

// types go before the registers of a feature.
var types = map[string]string{
	coreFeature: flags("i386_eflags", 4, "CF 0 PF 2 AF 4 ZF 6 SF 7 TF 8 IF 9 DF 10 OF 11"),
	sseFeature: `<vector id="v4f" type="ieee_single" count="4"/>` +
		`<vector id="v2d" type="ieee_double" count="2"/>` +
		`<vector id="v16i8" type="int8" count="16"/>` +
		`<vector id="v8i16" type="int16" count="8"/>` +
		`<vector id="v4i32" type="int32" count="4"/>` +
		`<vector id="v2i64" type="int64" count="2"/>` +
		`<union id="vec128"><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>` +
		`<field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/>` +
		`<field name="v4_int32" type="v4i32"/><field name="v2_int64" type="v2i64"/>` +
		`<field name="uint128" type="uint128"/></union>` +
		flags("i386_mxcsr", 4, "IE 0 DE 1 ZE 2 OE 3 UE 4 PE 5 DAZ 6 IM 7 DM 8 ZM 9 OM 10 UM 11 PM 12 FZ 15"),
	systemFeature: flags("x86_cr0", 4, "PE 0 MP 1 EM 2 TS 3 ET 4 NE 5 WP 16 AM 18 NW 29 CD 30 PG 31") +
		flags("x86_cr4", 4, "VME 0 PVI 1 TSD 2 DE 3 PSE 4 PAE 5 MCE 6 PGE 7 PCE 8 OSFXSR 9 OSXMMEXCPT 10 "+
			"UMIP 11 FSGSBASE 16 PCIDE 17 OSXSAVE 18 SMEP 20 SMAP 21") +
		flags("x86_efer", 8, "SCE 0 LME 8 LMA 10 NXE 11"),
}

// flags makes a type of names and bit numbers.
func flags(id string, size int, fields string) string {
	var out strings.Builder
	fmt.Fprintf(&out, `<flags id="%s" size="%d">`, id, size)
	word := strings.Fields(fields)
	for i := 0; i < len(word); i += 2 {
		fmt.Fprintf(&out, `<field name="%s" start="%s" end="%s"/>`, word[i], word[i+1], word[i+1])
	}
	out.WriteString("</flags>")
	return out.String()
}

// describe is target.xml ("Target Description Format").
func (f *registerFile) describe() string {
	var out strings.Builder
	out.WriteString(`<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">`)
	fmt.Fprintf(&out, "<architecture>%s</architecture><osabi>none</osabi>", architecture(f.bits))
	feature := ""
	for n, r := range f.all {
		if r.feature != feature {
			if feature != "" {
				out.WriteString("</feature>\n")
			}
			feature = r.feature
			fmt.Fprintf(&out, `<feature name="%s">%s`, feature, types[feature])
		}
		group := ""
		if r.group != "" {
			group = fmt.Sprintf(` group="%s"`, r.group)
		}
		fmt.Fprintf(&out, "\n"+`<reg name="%s" bitsize="%d" type="%s"%s regnum="%d"/>`, r.name, r.bits, r.kind, group, n)
	}
	out.WriteString("</feature></target>\n")
	return out.String()
}

// expedited is what a stop tells at once, since every client asks for it.
func (s *session) expedited(m Machine) string {
	f := s.registers(m)
	var out strings.Builder
	for _, n := range []int{f.fp, f.sp, f.pc} {
		fmt.Fprintf(&out, "%02x:%s;", n, s.hexValue(m, f.all[n]))
	}
	return out.String()
}

// tellMode says once for each mode that the client's registers are of another.
// It is for a client that waits, before its answer.
func (s *session) tellMode(m Machine) {
	bits := m.Bits()
	f := s.registers(m)
	if s.told[bits] {
		return
	}
	s.told[bits] = true
	if f.bits != 64 && bits != 64 {
		s.note = fmt.Sprintf("gdb: the code is %d-bit now; \"set architecture %s\" shows it so\n", bits, architecture(bits))
		return
	}
	s.note = fmt.Sprintf("gdb: the code is %d-bit now and the registers are those of %d; to have others "+
		"\"disconnect\" and connect again\n", bits, f.bits)
}

// hostInfo and processInfo are lldb's, which knows an x86 from gdb's description
// in 64-bit mode only.
func (s *session) hostInfo(string) reply    { return s.hostWith("") }
func (s *session) processInfo(string) reply { return s.hostWith("pid:1;") }

func (s *session) hostWith(more string) reply {
	return s.standing(func() reply {
		return s.do(func(m Machine) reply {
			bits := s.registers(m).bits
			name := hex.EncodeToString([]byte(triple(bits)))
			return reply(fmt.Sprintf("%striple:%s;ptrsize:%d;endian:little;", more, name, max(bits, 32)/8))
		})
	})
}

// triple is LLVM's name of a mode.
func triple(bits int) string {
	switch bits {
	case 16:
		return "i386-unknown-unknown-code16"
	case 64:
		return "x86_64-unknown-unknown"
	}
	return "i386-unknown-unknown"
}
