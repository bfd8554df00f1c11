"""The HTTP gateway: GETs a second and their latency (wrk), beside the same call over gRPC, and the memory of watches.

Usage: WARREN_BIN=build/bin tests/bench/http.py        (root; apt install wrk)

Server, agent and load share the machine.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("WARREN_BIN", str(HERE.parent.parent / "build" / "bin"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from fleet import BIN, Fleet  # noqa: E402

NAME = "hosts/h1/namespaces/red"
WATCHES = 1000


def wrk(address, path, seconds=5):
    out = subprocess.run(["wrk", "-t2", "-c64", f"-d{seconds}", "--latency", f"http://{address}{path}"],
                         capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out, out
    rate = float(re.search(r"Requests/sec:\s+([0-9.]+)", out)[1])
    return "%6.0f a second, p50 %s, p99 %s" % (rate, *re.findall(r"^\s+(?:50|99)%\s+(\S+)$", out, re.M))


def resident_kib(pid):
    return int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def settled_kib(pid):
    """Once it does not grow any more."""
    seen = [-1]
    while seen[-1] != (now := resident_kib(pid)):
        seen.append(now)
        time.sleep(0.5)
    return now


def connections(address, path, count):
    host, port = address.rsplit(":", 1)
    opened = []
    for _ in range(count):
        one = socket.create_connection((host, int(port)))
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert one.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        opened.append(one)
    return opened


def main():
    with Fleet(["--http-listen", "127.0.0.1:0"]) as fleet:
        fleet.host("h1")
        fleet.warren("netns", "add", "h1/red")
        address, pid = fleet.listening["http"], fleet.server.process.pid
        if shutil.which("wrk"):
            for _ in range(3):
                print("GET of one namespace, 64 connections:", wrk(address, f"/v1/{NAME}"), flush=True)
            print("GET of /healthz, 64 connections:     ", wrk(address, "/healthz"), flush=True)
        else:
            print("SKIPPED: wrk is not on the PATH (apt install wrk)")
        subprocess.run([BIN.parent / "bench" / "get_latency", fleet.tcp_address(), address.rsplit(":", 1)[1], NAME, "20000"],
                       check=True)
        for what, path in (("connection kept alive", f"/v1/{NAME}"), ("idle watch", "/v1/hosts/h1/namespaces:watch")):
            held = connections(address, path, 50)
            before = settled_kib(pid)
            held += connections(address, path, WATCHES)
            print(f"memory of each {what}: {(settled_kib(pid) - before) / WATCHES:.1f} KiB, of {WATCHES}", flush=True)
            for one in held:
                one.close()


if __name__ == "__main__":
    main()
