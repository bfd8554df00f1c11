"""Who runs on this machine and what is open, as /proc has it: a witness that asks none of our programs."""

import collections
import os
import re


class Process:
    """One entry of /proc, as it was when it was looked at; what could not be read any more is empty."""

    def __init__(self, pid):
        self.pid = pid
        self.state, self.parent = _state_and_parent(pid)
        self.command = _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
        self.environment = _read(pid, "environ").split(b"\0")

    def namespace(self, kind):
        """As its link has it, "net:[4026531840]"."""
        try:
            return os.readlink(f"/proc/{self.pid}/ns/{kind}")
        except OSError:
            return ""

    def __str__(self):
        return f"process {self.pid} of {self.parent}, {self.state}: {self.command or '(no command line)'}"


def _read(pid, what):
    try:
        with open(f"/proc/{pid}/{what}", "rb") as f:
            return f.read()
    except OSError:
        return b""


def _state_and_parent(pid):
    stat = _read(pid, "stat").decode(errors="replace")
    # "PID (NAME) STATE PARENT ...": the name may hold anything.
    words = stat[stat.rfind(")") + 1:].split()
    return (words[0], int(words[1])) if words else ("", 0)


def _pids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def processes():
    """All that there are, but for those that ended meanwhile."""
    return [process for process in map(Process, _pids()) if process.state]


def children(pid):
    return [each for each in _pids() if _state_and_parent(each)[1] == pid]


def family(mark):
    """Those that have this "KEY=VALUE" in their environment: whom they are started by hands it on."""
    return [process for process in processes() if mark.encode() in process.environment]


def descriptors(pid):
    """How many of each kind a process has open: {"socket:": 12, "/var/lib/file": 1, ...}."""
    kinds = collections.Counter()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            link = os.readlink(f"/proc/{pid}/fd/{number}")
        except FileNotFoundError:
            continue  # closed meanwhile
        kinds[re.sub(r"\[\d+\]$", "", link)] += 1
    return kinds


def written(pid):
    """Bytes that a process has written so far."""
    found = re.search(rb"^wchar: (\d+)$", _read(pid, "io"), re.M)
    return int(found.group(1)) if found else 0


def mounts(pid):
    """What is mounted where, as this process sees it, whatever the order."""
    lines = [line.split(" - ") for line in _read(pid, "mountinfo").decode(errors="replace").splitlines()]
    return collections.Counter(f"{how.split()[4]} ({kind.split()[0]})" for how, kind in lines)
