#!/bin/bash
# boot.sh SCRATCH UNITS FILES: boots Debian's systemd as PID 1 over an overlay of this machine's root, with the units of
# the folder UNITS in /etc/systemd/system, the tree FILES laid over the root, and the target berth-test.target. Nothing
# outside SCRATCH changes. Run as root, in namespaces of its own:
#   unshare -pfmnu --cgroup --kill-child bash boot.sh SCRATCH UNITS FILES
set -e
scratch=$1 units=$2 files=$3
mount -t tmpfs none "$scratch"
mkdir -p "$scratch"/{up,work,root}
root=$scratch/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/up,workdir=$scratch/work" "$root"
cp -r "$files"/. "$root/"
mount -t proc proc "$root/proc"
for each in run tmp dev; do mount -t tmpfs tmpfs "$root/$each"; done
for each in null zero full random urandom tty; do
  touch "$root/dev/$each"
  mount --bind "/dev/$each" "$root/dev/$each"
done
mkdir -p "$root/dev/pts" "$root/dev/shm"
mount -t sysfs -o ro sysfs "$root/sys" 2>/dev/null || mount --bind /sys "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
mkdir -p "$root/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd systemd "$root/sys/fs/cgroup/systemd"
rm -f "$root"/etc/systemd/system/*.wants/*
cp "$units"/* "$root/etc/systemd/system/"
ip link set lo up
cd "$root"
exec chroot "$root" /usr/bin/env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
  /lib/systemd/systemd --system --unit=berth-test.target --log-target=console --log-level=info --show-status=no
