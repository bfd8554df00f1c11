"""A disk as a machine's root (boot --root): its own /sbin/init is run, with what it writes kept and its exit status told.
debugfs reads the disk afterwards."""

import pathlib
import shutil
import subprocess
import unittest

import machine

INIT = """#!/bin/busybox sh
/bin/busybox uname -r > /kernel
/bin/busybox readlink /proc/1/exe > /first
/bin/busybox grep ' / ' /proc/mounts > /mounted
echo %d > /dev/virtio-ports/status
/bin/busybox poweroff -f
"""
STATUS = 7


def make_root(tree):
    """The smallest root there is: a shell, and what init.sh moves its file systems to."""
    for folder in ("bin", "sbin", "proc", "sys", "dev"):
        (tree / folder).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), tree / "bin/busybox")
    (tree / "sbin/init").write_text(INIT % STATUS)
    (tree / "sbin/init").chmod(0o755)


def read(image, path):
    return subprocess.run(["debugfs", "-R", f"cat {path}", image], check=True, capture_output=True, text=True).stdout


class RootTest(unittest.TestCase):
    def test_a_disk_is_the_root_and_its_init_is_run(self):
        with machine.folder() as directory:
            tree, image = pathlib.Path(directory, "tree"), pathlib.Path(directory, "image")
            make_root(tree)
            machine.make_disk(image, 64, tree)
            ended = subprocess.run([machine.HERE / "boot", "-t", "300", "--root", image], capture_output=True, text=True)
            self.assertEqual(ended.returncode, STATUS, ended.stdout + ended.stderr)
            self.assertRegex(read(image, "/kernel"), r"^6\.1\.")
            self.assertEqual(read(image, "/first").strip(), "/bin/busybox")
            self.assertRegex(read(image, "/mounted"), r"(?m)^/dev/vda / ext4 rw")


if __name__ == "__main__":
    machine.skip_without_boot()
    unittest.main()
