#!/bin/busybox sh
# What an emulated machine starts first, from its initial memory disk: modules, the root, then what boot put into /next.
# Its ports are under /dev/virtio-ports by their names, as udev would have them.
b=/bin/busybox
share="trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose"

$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for word in $($b cat /proc/cmdline); do
  case $word in
    warren.root=*) root=${word#*=} ;;
    warren.ports=*) ports=${word#*=} ;;
  esac
done
while read -r module; do $b insmod "/modules/$module"; done < /modules/order

case $root in
  shared)
    $b mount -t 9p -o "$share" root /lower
    $b mount -t tmpfs none /upper
    $b mkdir /upper/files /upper/work
    $b mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work root /root
    $b mount -t tmpfs none /root/run ;;
  disk)
    $b mount -t ext4 /dev/vda /root ;;
esac
# The modules of the kernel that runs, whatever the root has.
$b mount -t 9p -o "$share" kernel /kernel
$b mkdir -p /root/usr/lib/modules
$b mount --bind /kernel/lib/modules /root/usr/lib/modules

# A port has its name only after a talk with the host.
named() { $b cat /sys/class/virtio-ports/*/name 2>/dev/null | $b wc -l; }
while [ "$(named)" -lt "$ports" ]; do $b usleep 10000; done
$b mkdir /dev/virtio-ports
for port in /sys/class/virtio-ports/*; do
  $b ln -s "../${port##*/}" "/dev/virtio-ports/$($b cat "$port/name")"
done

for folder in proc sys dev; do $b mount --move "/$folder" "/root/$folder"; done
if [ "$root" = disk ]; then exec $b switch_root /root /sbin/init; fi
$b cp /next /root/run/next
exec $b switch_root /root /bin/bash /run/next
