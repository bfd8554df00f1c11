# The first process of an emulated machine whose root is another's: makes what systemd would have made before anybody
# comes, runs the command (boot writes it, as `run`, in front of this), and tells its exit status over a port.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb WARREN_VM=1
mount --make-rshared /
mkdir -p /dev/pts /dev/shm /run/netns
mount -t devpts -o ptmxmode=666 devpts /dev/pts
mount -t tmpfs none /dev/shm
mount -t cgroup2 none /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
for stream in 0.stdin 1.stdout 2.stderr; do ln -s "/proc/self/fd/${stream%.*}" "/dev/${stream#*.}"; done
# Its device exists before anybody asks (kmod's static nodes); here, once the module is there.
modprobe tun
hostname vm
ip link set lo up
# What is written goes out as it is.
stty -onlcr < /dev/console
(run < /dev/null)
echo $? > /dev/virtio-ports/status
sync
# While the power goes nothing more may be started from the root, and the first process may not end.
sleep infinity &
echo o > /proc/sysrq-trigger
wait
