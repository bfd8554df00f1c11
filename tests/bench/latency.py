"""Submit-to-result latency of single intents on an idle system, with the fsync of the same disk measured beside it.

Usage: WARREN_BIN=build/bin tests/bench/latency.py [COUNT]       (root; default 1,000)
"""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("WARREN_BIN", str(HERE.parent.parent / "build" / "bin"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from disk import fdatasync_ms  # noqa: E402
from fleet import BIN, Fleet  # noqa: E402


def main():
    count = sys.argv[1] if len(sys.argv) > 1 else "1000"
    with Fleet() as fleet:
        fleet.host("h1")
        subprocess.run([BIN.parent / "bench" / "intent_latency", fleet.target, "h1", count], check=True)
    print("fdatasync of 4 KiB beside it: p50 %.2f ms, p99 %.2f ms" % fdatasync_ms())


if __name__ == "__main__":
    main()
