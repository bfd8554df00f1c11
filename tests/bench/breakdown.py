"""Where processor time goes, by program and by what it is spent on: samples of perf, each told by the functions in its
call chain. Needs linux-perf, and a kernel that shows its symbols."""

import collections
import re
import shutil
import subprocess
import time

from machine import Failed, run

FREQUENCY = 997  # a second, of each processor
# The first that matches any function of the chain.
KERNEL = [
    (r"__mutex_lock|mutex_spin_on_owner|osq_lock|rwsem_down", "wait for a kernel lock (RTNL and the like)"),
    (r"^cleanup_net$|^unregister_netdevice_many|^default_device_exit|^free_netdev|^net_free", "free namespaces and links"),
    (r"^copy_net_ns$", "make a namespace"),
    (r"^path_mount$|^do_mount|^__x64_sys_mount|^attach_recursive_mnt", "mount a name"),
    (r"^path_umount$|^ksys_umount|_sys_umount|^do_unlinkat", "unmount a name"),
    (r"^rtnl_dellink$|^rtnl_delete_link", "delete links"),
    (r"^do_setlink|^rtnl_setlink|^rtnl_changelink", "change links"),
    (r"^veth_newlink|^__?rtnl_newlink|^rtnl_newlink", "make links"),
    (r"^inet6?_rtm_(new|del)addr|^inet6?_rtm_(new|del)route", "addresses and routes"),
    (r"^netlink_dump$|^rtnl_getlink|^rtnl_net_getid|^rtnl_dump|^inet6?_dump|^rtnl_net_", "look at links, addresses, routes, ids"),
    (r"^rtnetlink_rcv|^netlink_sendmsg|^netlink_recvmsg|^netlink_", "netlink, the rest"),
    (r"fsync|fdatasync|^jbd2|^blk_|^ext4_sync|^submit_bio|virtblk|_sys_sync", "sync to disk"),
    (r"^vfs_write|^vfs_read|^ksys_p?(read|write)|_sys_p?(read|write)64", "read and write files and pipes"),
    (r"^unix_|^tcp_|^sock_|^__sys_(send|recv)|^____sys_|_sys_(send|recv)", "sockets"),
    (r"epoll|^do_poll|_sys_poll", "wait for sockets"),
    (r"futex", "hand over between threads"),
    (r"exc_page_fault|handle_mm_fault|_sys_(mmap|munmap|madvise|brk)", "memory"),
    (r"_sys_(setns|unshare)$|^ksys_unshare", "switch namespaces"),
    (r"_sys_(open|close|new.*stat|stat|getdents|readlink|fcntl|dup)|path_openat|^do_sys_open|^task_work_run", "open and close files"),
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


class Recording:
    """Samples the whole machine from its making until end()."""

    def __init__(self, path):
        if shutil.which("perf") is None:
            raise Failed("perf is not installed (linux-perf)")
        self.path = path
        self.perf = subprocess.Popen(
            ["perf", "record", "-q", "-a", "-g", "-e", "cpu-clock", "-F", str(FREQUENCY), "-o", path],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end = time.monotonic() + 10
        while not path.exists() or path.stat().st_size == 0:
            if self.perf.poll() is not None or time.monotonic() > end:
                raise Failed(f"perf record does not run: {self.perf.stderr.read().decode()}")
            time.sleep(0.01)

    def end(self, programs):
        """{(program, activity): seconds}; programs: pid to name."""
        self.perf.terminate()
        self.perf.communicate(timeout=60)
        text = run(["perf", "script", "-i", self.path, "-F", "comm,pid,ip,sym,dso"], 300).stdout
        self.path.unlink()
        seconds = collections.Counter()
        for sample in text.split("\n\n"):
            head, _, chain = sample.strip().partition("\n")
            found = re.match(r".*?\s+(-?\d+)\s*$", head)
            if not found or re.search(IDLE, chain):
                continue
            pid = int(found.group(1))
            # Seen from a PID namespace, the kernel's own threads have no pid, and are called as the idle one is.
            program = programs.get(pid, "kernel" if pid <= 0 and re.search(KERNEL_THREAD, chain) else "others")
            seconds[(program, "" if program == "others" else activity(chain))] += 1 / FREQUENCY
        return seconds


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
