#!/bin/busybox sh
# PID 1 of the test guests: mounts the kernel's file systems, loads the modules
# that the test chose, runs its script and gives a shell with job control.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
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

# busybox's poweroff, reboot and halt ask PID 1 by a signal.
trap 'sync; poweroff -f' USR2
trap 'sync; reboot -f' TERM
trap 'sync; halt -f' USR1

if [ -e /etc/ringzero/run ]; then
	setsid sh /etc/ringzero/run </dev/console >/dev/console 2>&1 &
	wait $!
	echo "@@RINGZERO RAN $?"
fi
if [ ! -e /etc/ringzero/noshell ]; then
	cd /root
	setsid cttyhack sh </dev/console >/dev/console 2>&1 &
	wait $!
fi
sync
poweroff -f
