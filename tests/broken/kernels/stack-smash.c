// broken: stack-smash
// boot: kernel
// ends: triple fault
// cause: copy_name copies a name of 64 letters into a local array of 16 bytes and overwrites its return address, so that its RET goes to 41414141h
// at: 0x41414141
// culprit: copy_name
// vector: 6
// qemu: does not end: where no RAM is it reads zeros and executes them for ever
#include "kernel.h"

void load_gdt(void);

int copy_name(const char *from)
{
	char name[16];
	int n = 0;
	while (from[n]) {
		((volatile char *)name)[n] = from[n];
		n++;
	}
	say("copied");
	return n;
}

void kmain(void)
{
	load_gdt();
	say("copying a name");
	copy_name("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	say("back from copy_name");
}
