"""What a controller can ask of one server: durable intents a second, watches, a long history, memory.

Usage: WARREN_BIN=build/bin tests/bench/controller.py [HISTORY]     HISTORY: finished intents kept (default 1,000,000)

Server and load share the machine. Each part has a server of its own, with nothing in its store; the last one fills it.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("WARREN_BIN", str(HERE.parent.parent / "build" / "bin"))
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))
from fleet import BIN, Daemon  # noqa: E402
from disk import fdatasync_ms  # noqa: E402

LOAD = BIN.parent / "bench" / "controller_load"


class Server:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.address = f"unix:{self.directory}/server.sock"
        self.log = self.directory / "server.log"
        self.start()

    def start(self):
        begun = time.monotonic()
        self.daemon = Daemon(
            "server",
            [BIN / "warren-server", "--grpc-listen", self.address, "--metrics-listen", "off",
             "--state-dir", self.directory / "state", "--run-dir", self.directory, "--log-format", "json",
             "--log-level", "info", "--max-queued-per-host", "10000000"],
            self.log,
        )
        self.daemon.wait_for_log("listening")
        return time.monotonic() - begun

    def restart(self):
        self.daemon.terminate(60)
        return self.start()

    def load(self, *arguments):
        done = subprocess.run([LOAD, self.address, *map(str, arguments)], capture_output=True, text=True)
        print("  " + (done.stdout + done.stderr).strip().replace("\n", "\n  "), flush=True)

    def resident_kib(self):
        with open(f"/proc/{self.daemon.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@contextlib.contextmanager
def server(what):
    print(what, flush=True)
    with tempfile.TemporaryDirectory(prefix="warren-bench-", dir=os.environ.get("WARREN_BENCH_DIR")) as directory:
        one = Server(directory)
        try:
            yield one
        finally:
            one.daemon.terminate(60)


def main():
    history = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print("fdatasync of 4 KiB: p50 %.2f ms, p99 %.2f ms" % fdatasync_ms())
    for what, arguments in (
        ("one intent a call, 256 calls at a time, 50 hosts", ("submit", 50, 256, 0, 8)),
        ("500 intents a batch, 8 calls at a time, 50 hosts", ("submit", 50, 8, 500, 8)),
    ):
        with server(what) as one:
            one.load(*arguments)
    with server("memory of queued intents of two operations") as one:
        one.load("queue", 50, 200_000)  # fills the buffers and caches that have a size of their own
        before = one.resident_kib()
        one.load("queue", 50, 400_000)
        print(f"  {(one.resident_kib() - before) * 1024 / 400_000:.0f} bytes an intent", flush=True)
    with server("1,000 watches of one host") as one:
        for in_flight in (4, 64):
            one.load("watch", 1000, in_flight, 8)
    with server("history") as one:
        one.load("fill", 20, 5000)
        one.load("read", 1000)
        one.load("fill", 20, history)
        one.load("read", 1000)
        print(f"  opened again in {one.restart():.2f} s, {one.resident_kib() / 1024:.0f} MiB", flush=True)
        one.load("read", 1000)


if __name__ == "__main__":
    main()
