"""Where processor time goes, by program and by what it is spent on: samples of perf, each told by the functions in its
call chain. Needs linux-perf, and a kernel that shows its symbols."""

import collections
import os
import re
import select
import shutil
import subprocess

from machine import Failed, run

FREQUENCY = 1999  # a second, of each processor
# The first that matches any function of the chain.
KERNEL = [
    (r"^idr_for_each$", "find out whose event it is (walks the listener's nsids)"),
    (r"__mutex_lock|mutex_spin_on_owner|osq_lock|rwsem_down", "wait for a kernel lock (RTNL and the like)"),
    (r"^cleanup_net$|^unregister_netdevice_many|^default_device_exit|^free_netdev|^net_free",
     "free namespaces and links"),
    (r"^copy_net_ns$", "make a namespace"),
    (r"^path_mount$|^do_mount|^__x64_sys_mount|^attach_recursive_mnt", "mount a name"),
    (r"^path_umount$|^ksys_umount|_sys_umount|^do_unlinkat", "unmount a name"),
    (r"^rtnl_dellink$|^rtnl_delete_link", "delete links"),
    (r"^do_setlink|^rtnl_setlink|^rtnl_changelink", "change links"),
    (r"^veth_newlink|^__?rtnl_newlink|^rtnl_newlink", "make links"),
    (r"^inet6?_rtm_(new|del)addr|^inet6?_rtm_(new|del)route", "addresses and routes"),
    (r"^netlink_dump$|^rtnl_getlink|^rtnl_net_getid|^rtnl_dump|^inet6?_dump|^rtnl_net_",
     "look at links, addresses, routes, ids"),
    (r"^rtnetlink_rcv|^netlink_sendmsg|^netlink_recvmsg|^netlink_", "netlink, the rest"),
    (r"fsync|fdatasync|^jbd2|^blk_|^ext4_sync|^submit_bio|virtblk|_sys_sync", "sync to disk"),
    (r"^vfs_write|^vfs_read|^ksys_p?(read|write)|_sys_p?(read|write)64", "read and write files and pipes"),
    (r"^unix_|^tcp_|^sock_|^__sys_(send|recv)|^____sys_|_sys_(send|recv)", "sockets"),
    (r"epoll|^do_poll|_sys_poll", "wait for sockets"),
    (r"futex", "hand over between threads"),
    (r"exc_page_fault|handle_mm_fault|_sys_(mmap|munmap|madvise|brk)", "memory"),
    (r"_sys_(setns|unshare)$|^ksys_unshare", "switch namespaces"),
    (r"_sys_(open|close|new.*stat|stat|getdents|readlink|fcntl|dup)|path_openat|^do_sys_open|^task_work_run",
     "open and close files"),
    (r"^schedule$|^__schedule|finish_task_switch|^ret_from_fork|^kthread", "schedule"),
]
IDLE = r"\bdo_idle\b|\bcpu_startup_entry\b"
KERNEL_THREAD = r"\bkthread\b|\bret_from_fork"
USER = [
    (r"sqlite", "SQLite"),
    (r"libnl", "libnl"),
    (r"protobuf|libabsl|libgrpc|libgpr|libupb|libaddress_sorting", "gRPC and protobuf"),
    (r"jemalloc|malloc|^cfree|^_int_free|^unlink_chunk|^operator (new|delete)", "allocate memory"),
]


Sample = collections.namedtuple("Sample", "time program thread activity")


class Recording:
    """Samples the whole machine from its making until end()."""

    def __init__(self, path):
        if shutil.which("perf") is None:
            raise Failed("perf is not installed (linux-perf)")
        self.path = path
        control, acknowledge = path.with_suffix(".control"), path.with_suffix(".ack")
        for fifo in (control, acknowledge):
            fifo.unlink(missing_ok=True)
            os.mkfifo(fifo)
        # Both ways at once, so that opening waits for nobody.
        with open(control, "r+b", buffering=0) as asks, open(acknowledge, "r+b", buffering=0) as answers:
            self.perf = subprocess.Popen(
                ["perf", "record", "-q", "-a", "-g", "-e", "cpu-clock", "-F", str(FREQUENCY), "-D", "-1",
                 "--control", f"fifo:{control},{acknowledge}", "-o", path],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            asks.write(b"enable\n")
            if not select.select([answers], [], [], 30)[0]:
                self.perf.kill()
                raise Failed(f"perf record does not begin: {self.perf.communicate()[1].decode()}")

    def end(self, programs):
        """What the processors did at each sample, in order; programs: pid to name."""
        self.perf.terminate()
        self.perf.communicate(timeout=60)
        text = run(["perf", "script", "-i", self.path, "-F", "comm,pid,time,ip,sym,dso"], 300).stdout
        self.path.unlink()
        samples = []
        for entry in text.split("\n\n"):
            head, _, chain = entry.strip().partition("\n")
            found = re.match(r"(.*?)\s+(-?\d+)\s+([0-9.]+):\s*$", head)
            if not found or re.search(IDLE, chain):
                continue
            thread, pid, when = found.group(1), int(found.group(2)), float(found.group(3))
            # Seen from a PID namespace, the kernel's own threads have no pid, and are called as the idle one is.
            program = programs.get(pid, "kernel" if pid <= 0 and re.search(KERNEL_THREAD, chain) else "others")
            what = "" if program == "others" else activity(chain)
            samples.append(Sample(when, program, thread if pid > 0 else "", what))
        return samples


def activity(chain):
    functions, libraries = [], []
    for line in chain.splitlines():
        found = re.match(r"\s*[0-9a-f]+ (.*) \((.*)\)$", line)
        if found:
            functions.append(re.sub(r"\+0x[0-9a-f]+$", "", found.group(1)))
            libraries.append(found.group(2))
    in_kernel = [function for function, library in zip(functions, libraries)
                 if library.startswith("[") and library != "[unknown]"]
    for pattern, name in KERNEL if in_kernel else []:
        if any(re.search(pattern, function) for function in in_kernel):
            return name
    if in_kernel:
        return "kernel, the rest"
    for pattern, name in USER:
        if libraries and (re.search(pattern, libraries[0]) or re.search(pattern, functions[0])):
            return name
    return "its own code, libc"
