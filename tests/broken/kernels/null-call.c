// broken: null-call
// boot: kernel
// ends: halted
// cause: start_driver calls the function pointer open of a driver that never set it, and page 0 is not mapped
// at: 0x00000000
// culprit: start_driver
// vector: 14
#include "kernel.h"

struct driver {
	const char *name;
	int (*open)(int unit);
	int (*close)(int unit);
};

static int disk_close(int unit) { return unit; }

struct driver disk = {"disk", 0, disk_close};

int start_driver(struct driver *d)
{
	say(d->name);
	return d->open(0) + 1;
}

void kmain(void)
{
	setup();
	setup_paging();
	page_table[0] = 0;
	__asm__ volatile("invlpg 0");
	say("starting the driver");
	start_driver(&disk);
	say("the driver is started");
}
