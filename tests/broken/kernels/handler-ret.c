// broken: handler-ret
// boot: kernel
// ends: halted
// cause: the timer's handler is a plain C function and ends with RET where IRET belongs: CS and the flags stay on the stack, and interrupts stay off, so that HLT waits for ever
// at: wait_ticks
// culprit: timer_handler
// vector: 32
#include "kernel.h"

static volatile int ticks;

void timer_handler(void)
{
	ticks++;
	__asm__ volatile("outb %%al, $0x20" : : "a"(0x20));
}

void wait_ticks(int n)
{
	__asm__ volatile("sti");
	while (ticks < n)
		__asm__ volatile("hlt");
}

void kmain(void)
{
	setup();
	set_handler(32, timer_handler);
	setup_timer();
	say("waiting for 10 ticks of the timer");
	wait_ticks(10);
	say("10 ticks");
}
