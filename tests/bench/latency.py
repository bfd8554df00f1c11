"""Submit-to-result latency of single intents on an idle system, with the fsync of the same disk measured beside it.

Usage: WARREN_BIN=build/bin tests/bench/latency.py [COUNT]       (root; default 1,000)
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("WARREN_BIN", str(HERE.parent.parent / "build" / "bin"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from fleet import BIN, Fleet  # noqa: E402


def fsync_ms(count=200):
    """What one durable append to a file costs here: an intent needs two."""
    took = []
    with tempfile.NamedTemporaryFile() as f:
        for _ in range(count):
            begin = time.perf_counter()
            f.write(b"x" * 4096)
            f.flush()
            os.fdatasync(f.fileno())
            took.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(took), statistics.quantiles(took, n=100)[98]


def main():
    count = sys.argv[1] if len(sys.argv) > 1 else "1000"
    with Fleet() as fleet:
        fleet.host("h1")
        subprocess.run([BIN.parent / "bench" / "intent_latency", fleet.target, "h1", count], check=True)
    print("fdatasync of 4 KiB beside it: p50 %.2f ms, p99 %.2f ms" % fsync_ms())


if __name__ == "__main__":
    main()
