// broken: stack-smash-paging
// boot: kernel
// ends: halted
// cause: copy_name copies a name of 64 letters into a local array of 16 bytes and overwrites its return address, so that its RET goes to 41414141h, which is not mapped
// at: 0x41414141
// culprit: copy_name
// vector: 14
#include "kernel.h"

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
	setup();
	setup_paging();
	say("copying a name");
	copy_name("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	say("back from copy_name");
}
