"""Commands in namespaces: how soon the first byte is there, how fast output and input pass, and what sessions do to the
latency of intents; `ip netns exec` and a pipe on the same machine beside them.

Usage: tests/bench/exec.py [NAMESPACES...]       (root; default 100; WARREN_BIN names the folder of the binaries)
"""

import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("WARREN_BIN", str(HERE.parent.parent / "build" / "bin"))
from machine import BENCH, BIN, Warren, run  # noqa: E402

ROUNDS = 3
STARTS = 300
MBYTES = 2000
NAME = "hosts/h1/namespaces/n0"


def session(warren, *arguments):
    return run([BENCH / "exec_session", warren.address, *arguments], 300).stdout


def by_hand(warren, count):
    """`ip netns exec` of the same command on the host: milliseconds each, started from a shell there."""
    script = f"i=0; while [ $i -lt {count} ]; do ip netns exec n0 /bin/echo hello; i=$((i+1)); done"
    begun = time.monotonic()
    run([*warren._inside(), "sh", "-c", script], 300)
    return (time.monotonic() - begun) * 1000 / count


def pipe_rate(warren):
    """MB/s of the same command on the host into a reader through one pipe."""
    script = f"ip netns exec n0 head -c {MBYTES * 1000000} /dev/zero | cat > /dev/null"
    begun = time.monotonic()
    run([*warren._inside(), "sh", "-c", script], 300)
    return MBYTES / (time.monotonic() - begun)


def line_rate(warren):
    """MB/s of `warren exec` into /dev/null."""
    begun = time.monotonic()
    with open(os.devnull, "wb") as null:
        subprocess.run([BIN / "warren", "--server", warren.address, "exec", "h1/n0", "--", "head", "-c",
                        str(MBYTES * 1000000), "/dev/zero"], stdout=null, check=True, timeout=300)
    return MBYTES / (time.monotonic() - begun)


def intents(warren):
    out = run([BENCH / "intent_latency", warren.address, "h1", 400], 300).stdout
    return out.splitlines()[0].partition(": ")[2].partition(";")[0]


def held(warren, what, count, *command):
    """Intents while so many sessions are open."""
    process = subprocess.Popen([BENCH / "exec_session", warren.address, "hold", NAME, str(count), *command],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the sessions did not begin")
        print(f"  with {what}: {intents(warren)}", flush=True)
        out, _ = process.communicate("", timeout=60)
        print(f"    {out.strip()}", flush=True)
    finally:
        process.kill()
        process.wait()


def measure(namespaces):
    print(f"== {namespaces} namespaces on the host", flush=True)
    flags = ["--enable-exec"]
    with Warren(server_flags=["--exec-max-sessions-per-host", "256"], agent_flags=flags) as warren:
        warren.load("create", 0, namespaces, 50, 64)
        run([*warren._inside(), "ip", "netns", "add", "n0"], 10)
        end = time.monotonic() + 60
        while run([BIN / "warren", "--server", warren.address, "netns", "show", "h1/n0"], 60, (0, 1)).returncode != 0:
            if time.monotonic() > end:
                raise RuntimeError("the namespace is not in the inventory")
        for _ in range(ROUNDS):
            began = re.findall(r"(first byte|end) (p50.*)", session(warren, "start", NAME, STARTS))
            hand = by_hand(warren, STARTS)
            print("  " + "; ".join(f"{what} {took}" for what, took in began) + f"; ip netns exec {hand:.2f} ms",
                  flush=True)
        if namespaces > 1000:
            return
        for _ in range(ROUNDS):
            out = session(warren, "stdout", NAME, MBYTES).strip()
            into = re.search(r"stdin (\d+) MB/s", session(warren, "stdin", NAME, MBYTES // 4)).group(1)
            print(f"  {out}; `warren exec`: {line_rate(warren):.0f} MB/s; stdin {into} MB/s; "
                  f"a pipe on the host {pipe_rate(warren):.0f} MB/s", flush=True)
        for _ in range(ROUNDS):
            print(f"  no session: {intents(warren)}", flush=True)
            held(warren, "100 sessions that say a line a second", 100, "sh", "-c",
                 "while :; do echo tick; sleep 1; done")
            held(warren, "1 session that floods", 1, "head", "-c", "1000000000000", "/dev/zero")


if __name__ == "__main__":
    for count in [int(word) for word in sys.argv[1:]] or [100]:
        measure(count)
