/* Made with Debian 12's gcc 12.2 and binutils 2.40:
   F="-g -fno-pic -nostdlib -static -Wl,--build-id=none -Wl,-N -Wl,-Ttext=0x100000 -fno-stack-protector -fcf-protection=none args.c"
   gcc -m32 -gdwarf-4 -O0 -o args32 $F
   gcc -m64 -gdwarf-5 -O1 -o args64 $F
   objcopy --remove-section=.comment --remove-section=.note.gnu.property each of them */
struct point { int x, y; };
typedef unsigned short port;

int counter;

__attribute__((noinline)) int add(int a, unsigned char b, struct point *p)
{
	counter += b;

	return a + p->x;
}

__attribute__((noinline)) long long wide(long long v, const port n)
{
	return v << n;
}

__attribute__((noinline)) int kept(int a)
{
	a += add(a, 3, &(struct point){ 1, 2 });
	return a + (int)wide(counter, 1);
}

void _start(void)
{
	for (;;)
		counter = kept(counter);
}
