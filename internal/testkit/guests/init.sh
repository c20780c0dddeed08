#!/bin/busybox sh
# PID 1 of the test guests: mounts the kernel's file systems, loads the modules
# that the test chose, and becomes busybox's init, which runs the session: the
# test's script and a shell with job control.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C

# The session is a child of init, not of this script: a shell without job control
# has what it puts in the background ignore SIGINT, and that lasts.
if [ "$1" = session ]; then
	if [ -e /etc/ringzero/run ]; then
		setsid sh /etc/ringzero/run </dev/console >/dev/console 2>&1
		echo "@@RINGZERO RAN $?"
	fi
	if [ ! -e /etc/ringzero/noshell ]; then
		cd /root
		setsid cttyhack sh </dev/console >/dev/console 2>&1
	fi
	sync
	exec poweroff -f
fi

/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts && mount -t devpts pts /dev/pts
echo "@@RINGZERO UP $(uname -srm)"

if [ -e /etc/ringzero/modules ]; then
	while read -r module; do
		insmod "$module" || echo "@@RINGZERO insmod $module failed"
	done </etc/ringzero/modules
	# Drivers probe disks on their own time; the test's script wants them there.
	mdev -s
fi

echo '::once:/init session' >/etc/inittab
exec init
