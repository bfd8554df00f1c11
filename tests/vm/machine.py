"""Emulated machines from the outside, for tests that end them or join them: see boot, and inside.py for the other side."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def skip_without_boot():
    """Ends this test as skipped, for the reason that boot gives, where there can be no machine."""
    if subprocess.run([HERE / "kernel"], stdout=subprocess.DEVNULL).returncode == SKIPPED:
        sys.exit(SKIPPED)


def folder():
    """A temporary folder on a disk: a memory file system may not write through."""
    return tempfile.TemporaryDirectory(prefix="warren-vm-", dir="/var/tmp")


def make_disk(path, megabytes=256, tree=None):
    """A sparse file with an ext4 in it, and in that, where one is given, what is in a folder."""
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", *(["-d", tree] if tree else []), path], check=True)
    return path


class Machine:
    """One that was started. What it prints is in `log`; what it writes to a port, in a file of the port's name."""

    def __init__(self, directory, name, command, disks=(), wires=(), ports=(), seconds=900):
        self.directory = pathlib.Path(directory)
        self.name = name
        self.log = self.directory / f"{name}.log"
        words = [HERE / "boot", "-t", str(seconds)]
        for disk in disks:
            words += ["-d", disk]
        for wire in wires:
            words += ["-n", wire]
        for port in ports:
            words += ["-p", f"{port}:{self.port(port)}"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*words, "--", *map(str, command)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    def port(self, name):
        return self.directory / f"{self.name}.{name}"

    def lines(self, port):
        """The whole lines that came out of a port so far; one that was cut short never left."""
        try:
            return self.port(port).read_bytes().decode().split("\n")[:-1]
        except FileNotFoundError:
            return []

    def wait_for(self, port, prefix):
        """Until a line that begins so has come; fails if the machine ended before."""
        while not any(line.startswith(prefix) for line in self.lines(port)):
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode} before it said {prefix!r}:\n"
                                     f"{self.log.read_text(errors='replace')[-6000:]}")
            time.sleep(0.02)  # a file that another process writes

    def cut_power(self):
        self.process.terminate()
        self.process.wait()

    def wait(self):
        """Until it ended by itself; its command must have succeeded."""
        code = self.process.wait()
        text = self.log.read_text(errors="replace")
        print(text, end="", flush=True)
        if code != 0:
            raise AssertionError(f"{self.name} ended with {code}")
        return text


def inside(script, *args):
    """The command that runs a script of this folder in a machine."""
    return ["env", f"WARREN_BIN={os.environ['WARREN_BIN']}", "python3", "-B", HERE / script, *args]
