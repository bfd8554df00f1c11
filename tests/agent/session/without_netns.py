"""Runs a program as on a kernel without CONFIG_NET_NS: unshare(CLONE_NEWNET) is EINVAL, by a seccomp filter.

Usage: without_netns.py PROGRAM [ARG...]
"""

import ctypes
import errno
import os
import platform
import struct
import sys

UNSHARE = {"x86_64": 272, "aarch64": 97}[platform.machine()]
CLONE_NEWNET = 0x40000000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
LOAD, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000

program = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in [
        (LOAD, 0, 0, 0),  # the system call's number
        (JUMP_EQUAL, 0, 3, UNSHARE),
        (LOAD, 0, 0, 16),  # the low half of its first argument
        (JUMP_SET, 0, 1, CLONE_NEWNET),
        (RETURN, 0, 0, ERRNO | errno.EINVAL),
        (RETURN, 0, 0, ALLOW),
    ]
)
buffer = ctypes.create_string_buffer(program)


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)
rules = Filter(len(program) // 8, ctypes.addressof(buffer))
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(rules), 0, 0) != 0:
    raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")
os.execv(sys.argv[1], sys.argv[1:])
