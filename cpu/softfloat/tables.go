package softfloat

// Constants of the transcendental functions, to 128 bits, and coefficients of
// their power series, in units of 2^-128. A series ends where its next term is
// below 2^-88 over the range it is used on.

var (
	widePi       = wide{u128{0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}, 1, false}
	wideHalfPi   = wide{u128{0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}, 0, false}
	wideLn2      = wide{u128{0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af}, -1, false}
	wideLog2e2   = wide{u128{0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89}, 1, false} // 2 * log2(e)
	wideLog2e    = wide{u128{0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89}, 0, false}
	wideLog2of10 = wide{u128{0xd49a784bcd1b8afe, 0x492bf6ff4dafdb4d}, 1, false}
	wideLog10of2 = wide{u128{0x9a209a84fbcff798, 0x8f8959ac0b7c9178}, -2, false}
)

// sinTerms are 1/3!, 1/5!, ... of sin(r)/r in r^2, for r up to pi/4.
var sinTerms = [...]u128{
	{0x2aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab},
	{0x0222222222222222, 0x2222222222222222},
	{0x000d00d00d00d00d, 0x00d00d00d00d00d0},
	{0x00002e3bc74aad8e, 0x671f5583911ca003},
	{0x0000006b99159fd5, 0x138e3f9d1f92e0df},
	{0x00000000b092309d, 0x43684be51c198e92},
	{0x0000000000d73f9f, 0x399dc0f88ec32b58},
	{0x000000000000ca96, 0x3b81856a53593029},
	{0x0000000000000097, 0xa4da340a0ab92651},
	{0x0000000000000000, 0x5c6e3bdb73d5c630},
	{0x0000000000000000, 0x002ec368262c7034},
	{0x0000000000000000, 0x000013f3ccdd1660},
}

// cosTerms are 1/2!, 1/4!, ... of cos(r) in r^2, for r up to pi/4.
var cosTerms = [...]u128{
	{0x8000000000000000, 0x0000000000000000},
	{0x0aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab},
	{0x005b05b05b05b05b, 0x05b05b05b05b05b0},
	{0x0001a01a01a01a01, 0xa01a01a01a01a01a},
	{0x0000049f93edde27, 0xd71cbbc05b4fa99a},
	{0x00000008f76c77fc, 0x6c4bdaa26d4c3d68},
	{0x000000000c9cba54, 0x603e4e905d6f8a2f},
	{0x00000000000d73f9, 0xf399dc0f88ec32b6},
	{0x0000000000000b41, 0x3c31dcbecbbdd802},
	{0x0000000000000007, 0x950ae900808941ea},
	{0x0000000000000000, 0x04338e5b6dfe14a5},
	{0x0000000000000000, 0x0001f2cf01972f57},
}

// expTerms are 1/2!, 1/3!, ... of (exp(u)-1)/u in u, for u up to ln 2.
var expTerms = [...]u128{
	{0x8000000000000000, 0x0000000000000000},
	{0x2aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab},
	{0x0aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab},
	{0x0222222222222222, 0x2222222222222222},
	{0x005b05b05b05b05b, 0x05b05b05b05b05b0},
	{0x000d00d00d00d00d, 0x00d00d00d00d00d0},
	{0x0001a01a01a01a01, 0xa01a01a01a01a01a},
	{0x00002e3bc74aad8e, 0x671f5583911ca003},
	{0x0000049f93edde27, 0xd71cbbc05b4fa99a},
	{0x0000006b99159fd5, 0x138e3f9d1f92e0df},
	{0x00000008f76c77fc, 0x6c4bdaa26d4c3d68},
	{0x00000000b092309d, 0x43684be51c198e92},
	{0x000000000c9cba54, 0x603e4e905d6f8a2f},
	{0x0000000000d73f9f, 0x399dc0f88ec32b58},
	{0x00000000000d73f9, 0xf399dc0f88ec32b6},
	{0x000000000000ca96, 0x3b81856a53593029},
	{0x0000000000000b41, 0x3c31dcbecbbdd802},
	{0x0000000000000097, 0xa4da340a0ab92651},
	{0x0000000000000007, 0x950ae900808941ea},
	{0x0000000000000000, 0x5c6e3bdb73d5c630},
	{0x0000000000000000, 0x04338e5b6dfe14a5},
	{0x0000000000000000, 0x002ec368262c7034},
}

// oddTerms are 1/3, 1/5, ... of atan(z)/z and atanh(z)/z in z^2; the former, for
// z up to 1/16, takes atanTerms of them, the latter, for z up to 3-sqrt(8), all.
var oddTerms = [...]u128{
	{0x5555555555555555, 0x5555555555555555},
	{0x3333333333333333, 0x3333333333333333},
	{0x2492492492492492, 0x4924924924924925},
	{0x1c71c71c71c71c71, 0xc71c71c71c71c71c},
	{0x1745d1745d1745d1, 0x745d1745d1745d17},
	{0x13b13b13b13b13b1, 0x3b13b13b13b13b14},
	{0x1111111111111111, 0x1111111111111111},
	{0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f},
	{0x0d79435e50d79435, 0xe50d79435e50d794},
	{0x0c30c30c30c30c30, 0xc30c30c30c30c30c},
	{0x0b21642c8590b216, 0x42c8590b21642c86},
	{0x0a3d70a3d70a3d70, 0xa3d70a3d70a3d70a},
	{0x097b425ed097b425, 0xed097b425ed097b4},
	{0x08d3dcb08d3dcb08, 0xd3dcb08d3dcb08d4},
	{0x0842108421084210, 0x8421084210842108},
	{0x07c1f07c1f07c1f0, 0x7c1f07c1f07c1f08},
	{0x0750750750750750, 0x7507507507507507},
}

// atanTerms is how many of oddTerms the arc tangent takes.
const atanTerms = 11

// atanEighths are the arc tangents of 0/8 to 8/8.
var atanEighths = [9]wide{
	{exp: wideZero},
	{u128{0xfeadd4d5617b6e32, 0xc897989f3e888ef8}, -4, false},
	{u128{0xfadbafc96406eb15, 0x6dc79ef5f7a217e6}, -3, false},
	{u128{0xb7b0ca0f26f78473, 0x8aa32122dcfe4483}, -2, false},
	{u128{0xed63382b0dda7b45, 0x6fe445ecbc3a8d03}, -2, false},
	{u128{0x8f005d5ef7f59f9b, 0x5c835e1665c43748}, -1, false},
	{u128{0xa4bc7d1934f70924, 0x19a87f2a457dac9f}, -1, false},
	{u128{0xb8053e2bc2319e73, 0xcb2da55210a4443d}, -1, false},
	{u128{0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}, -1, false},
}
