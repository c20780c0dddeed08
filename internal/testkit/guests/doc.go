// Package guests gives whole-machine tests real guests: Debian 12's own i386
// kernels, modules and programs, unmodified, and initial RAM disks made of them.
//
// Packages are fetched without root: apt-get runs on directories, sources and an
// architecture of its own below the user's cache folder, from the mirror that the
// host is configured for, and checks Debian's signatures. Only the plain bookworm
// suite is used, since the host's security mirror may be in the middle of a sync.
// What a package held is kept with checksums that are compared at every later
// use; a package that does not match is fetched again.
//
// Where the host has no apt-get or no network the tests skip with a plain
// sentence, or fail where RINGZERO_REQUIRE asks for guests (package require).
package guests
