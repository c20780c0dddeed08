// Package tests tests whole machines: Debian's own kernels and programs, and the
// embedded guest, from power-on to power-off. Tests with real guests skip, and say
// so, where the host can't fetch Debian's packages (package guests).
//
// The environment variable RINGZERO_FULL=1 asks for the long variants of tests
// that otherwise run a shorter one; so does RINGZERO_REQUIRE with guests, as in CI.
package tests
