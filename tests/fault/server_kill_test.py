"""kill -9 of the server at random instants, with many agents and a steady load: nothing acknowledged is lost, nothing is
done twice, and the server is ready again soon.

Each host is a machine of its own to its agent (tests/e2e/fleet.py). fleet_load submits at a fixed rate whatever happens
and knows what must exist in the end; the kernel is the witness. The counts:

  lost      an acknowledged intent that the server does not know or never finished
  doubled   an intent that ended otherwise than it must, as a creation would that ran twice
  wrong     a namespace that is there and should not be, or should and is not

Usage: server_kill_test.py [KILLS] [HOSTS] [RATE] [SEED]; the counts and the time until ready are on the last lines.
"""

import os
import pathlib
import random
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from fleet import BIN, Fleet, wait_until  # noqa: E402


def ready(address):
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def restart(fleet):
    """kill -9, and again; returns the seconds from the start of the new process until it is ready."""
    fleet.server.kill()
    begun = time.monotonic()
    fleet.start_server()
    address = fleet.metrics_address()
    wait_until(lambda: ready(address), "the server to be ready")
    return time.monotonic() - begun


def check(fleet, lines):
    counts = {"accepted": 0, "lost": 0, "doubled": 0, "wrong": 0}
    intents = {intent["name"]: intent for intent in fleet.json("intents", "list")}
    expected = {name: set() for name in fleet.hosts}
    for line in lines:
        kind, first, second = line.split()
        if kind == "netns":
            expected[first].add(second)
            continue
        counts["accepted"] += 1
        state = intents.get(first, {}).get("state", "missing")
        if state == second:
            continue
        print(f"{first}: {state}, not {second}: {intents.get(first, {}).get('error')}")
        counts["lost" if state in ("missing", "QUEUED", "RUNNING") else "doubled"] += 1
    for name, host in fleet.hosts.items():
        for netns in sorted(expected[name] ^ set(host.netns_names())):
            print(f"host {name}: namespace {netns} {'is missing' if netns in expected[name] else 'should not be there'}")
            counts["wrong"] += 1
    return counts


def main():
    arguments = [int(argument) for argument in sys.argv[1:]]
    defaults = [int(os.environ.get("WARREN_SERVER_KILLS", "20")), int(os.environ.get("WARREN_KILL_HOSTS", "10")), 100,
                random.SystemRandom().randrange(10**6)]
    kills, count, rate, seed = arguments + defaults[len(arguments):]
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    took = []
    with Fleet() as fleet:
        for i in range(count):
            fleet.host(f"h{i}", connected=False)
        for host in fleet.hosts.values():
            host.wait_connected()
        begun = time.monotonic()
        load = subprocess.Popen(
            [BIN.parent / "tests" / "fleet_load", fleet.target, str(count), str(rate), *fleet.hosts],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0.2, 1.0))  # the random instant
                took.append(restart(fleet))
                if load.poll() is not None:
                    raise AssertionError("the load ended by itself")
        finally:
            lines = load.communicate()[0].splitlines()
        seconds = time.monotonic() - begun
        if load.returncode != 0:
            raise AssertionError("the load failed")
        wait_until(fleet.drained, "the queues to drain", deadline=180)
        counts = check(fleet, lines)
    print(f"server killed {kills} times, {count} agents, {counts['accepted'] / seconds:.0f} intents a second:",
          ", ".join(f"{v} {k}" for k, v in counts.items()))
    print(f"ready again: p50 {statistics.median(took):.2f} s, p99 {sorted(took)[int(len(took) * 0.99)]:.2f} s, "
          f"longest {max(took):.2f} s", flush=True)
    bad = any(counts[k] for k in ("lost", "doubled", "wrong")) or counts["accepted"] < kills  # too little proves nothing
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
