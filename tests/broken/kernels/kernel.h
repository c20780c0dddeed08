/* What boot.asm gives to the kernels in C. */
#include <stdint.h>

void setup(void);           /* a GDT, and an IDT whose gates print and stop */
void setup_paging(void);    /* the first 4 MiB at their own addresses */
extern uint32_t page_table[1024];
extern uint32_t page_directory[1024];

static inline void putch(char c) { __asm__ volatile("outb %0, $0xe9" : : "a"(c)); }

static inline void say(const char *text)
{
	while (*text)
		putch(*text++);
	putch('\n');
}

void setup_timer(void);     /* IRQ 0, 100 times a second, at vector 32 */

/* A gate to a handler, which shall end with IRET. */
static inline void set_handler(int vector, void (*handler)(void))
{
	__asm__ volatile("call set_gate" : "+a"(handler) : "c"(vector) : "memory", "cc");
}
