"""How soon a client sees what somebody changes by hand in a namespace, while nothing happens and under load.

    sudo WARREN_BIN=build/bin tests/bench/seen.py [--changes N] [--seconds N] [--routers N] [--made-by warren|hand]

A change is a new alias of lo, made by `ip` in a namespace called elsewhere. It is there when `ip monitor`, which listens in
that namespace, prints it; until then it waits for the kernel's lock of all links (RTNL), which the load has. It is seen
when `warren link show --watch` prints it. First with nothing else, then while routers are made with 1,000 intents in
flight, then while routers are made and deleted with 64 in flight for so many seconds. Of each: how many, median, 99th
percentile and worst in milliseconds, and how many times the idle median the 99th percentile is: a line for the time from
the change to its sight, and one for what `ip` itself waits. Prints no verdict: the machine may be shared.
"""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("WARREN_BIN", str(HERE.parent.parent / "build" / "bin"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from fleet import BIN, Fleet  # noqa: E402

ROUTER_LOAD = BIN.parent / "bench" / "router_load"
LOST = 60.0  # seconds after which a change counts as not seen


class Marks:
    """When a process printed each mark; it is read until it ends."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.condition = threading.Condition()
        self.seen = {}
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            if "seen-" not in line:
                continue
            now = time.monotonic()
            with self.condition:
                for word in line.replace('"', " ").replace(",", " ").split():
                    if word.startswith("seen-"):
                        self.seen.setdefault(word, now)
                self.condition.notify_all()

    def wait(self, mark):
        """When, or None: it was not within LOST."""
        with self.condition:
            self.condition.wait_for(lambda: mark in self.seen, LOST)
            return self.seen.get(mark)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Hand:
    """Somebody at the host's shell."""

    def __init__(self, host):
        self.ip = subprocess.Popen(host.command("ip", "-n", "elsewhere", "-batch", "-"), stdin=subprocess.PIPE, text=True)
        self.count = 0

    def change(self):
        self.count += 1
        mark = f"seen-{self.count}."
        begin = time.monotonic()
        self.ip.stdin.write(f"link set lo alias {mark}\n")
        self.ip.stdin.flush()
        return mark, begin

    def stop(self):
        self.ip.stdin.close()
        self.ip.wait()


def measure(hand, monitor, watch, more):
    """Milliseconds that each change took to be made, and from then until it was seen, as long as more() is true; one
    that is lost counts as LOST."""
    made, took = [], []
    while more(len(took)):
        time.sleep(random.uniform(0.01, 0.06))
        mark, begin = hand.change()
        seen = watch.wait(mark)
        there = monitor.wait(mark) or begin
        made.append((there - begin) * 1000)
        took.append(LOST * 1000 if seen is None else max(0, seen - there) * 1000)
    return sorted(made), sorted(took)


def quantile(took, q):
    return took[min(len(took) - 1, int(q * len(took)))]


def show(what, measured, idle=None):
    made, took = measured
    p50, p99 = quantile(took, 0.50), quantile(took, 0.99)
    ratio = "" if idle is None else f"   p99 = {p99 / idle:.1f} x the idle median"
    print(f"{what:40} n {len(took):5}   p50 {p50:8.2f} ms   p99 {p99:8.2f} ms   worst {took[-1]:8.2f} ms{ratio}", flush=True)
    print(f"{'  ip itself':40} n {len(made):5}   p50 {quantile(made, 0.50):8.2f} ms   p99 {quantile(made, 0.99):8.2f} ms   "
          f"worst {made[-1]:8.2f} ms", flush=True)
    return p50


class Load:
    """router_load, some beside each other so that there is no pause, each one run after the other, until all are over."""

    def __init__(self, *all_runs):
        self.rates = []
        self.threads = [threading.Thread(target=self.run, args=(runs,)) for runs in all_runs]
        for thread in self.threads:
            thread.start()

    def is_over(self):
        return not any(thread.is_alive() for thread in self.threads)

    def run(self, runs):
        for command in runs:
            out = subprocess.run([ROUTER_LOAD, *map(str, command)], capture_output=True, text=True)
            if out.returncode != 0:
                print(out.stderr, file=sys.stderr)
                break
            self.rates.append(out.stdout.split("\n")[0])

    def end(self):
        for thread in self.threads:
            thread.join()
        for rate in self.rates[:1] + self.rates[-1:]:
            print(f"    {rate}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=200, help="while nothing happens")
    parser.add_argument("--seconds", type=float, default=60, help="with 64 in flight")
    parser.add_argument("--routers", type=int, default=10000, help="with 1,000 in flight")
    parser.add_argument("--made-by", choices=("hand", "warren"), default="hand", help="the namespace elsewhere")
    options = parser.parse_args()
    with Fleet() as fleet:
        host = fleet.host("h1")
        if options.made_by == "hand":
            host.run("ip", "netns", "add", "elsewhere")
        else:
            subprocess.run([BIN / "warren", "--server", fleet.target, "netns", "add", "h1/elsewhere"], check=True)
        host.run("ip", "-n", "elsewhere", "link", "set", "lo", "up")
        hand = Hand(host)
        monitor = Marks(host.command("ip", "-d", "-n", "elsewhere", "monitor", "link"))
        watch = Marks([BIN / "warren", "--server", fleet.target, "link", "show", "h1/elsewhere:lo", "--watch", "-o",
                       "json"])
        try:
            measure(hand, monitor, watch, lambda n: n < 5)
            idle = show("nothing else", measure(hand, monitor, watch, lambda n: n < options.changes))
            create = [fleet.target, "h1", "create", 0, options.routers, 0, 1000]
            load = Load([create])
            show("1,000 in flight", measure(hand, monitor, watch, lambda n: not load.is_over()), idle)
            load.end()
            end = time.monotonic() + options.seconds

            def churn(first):
                while time.monotonic() < end:
                    for what in ("create", "delete"):
                        yield [fleet.target, "h1", what, first, 1000, 0, 32]

            load = Load(churn(1000000), churn(2000000))
            show(f"64 in flight, {options.seconds:.0f} s", measure(hand, monitor, watch, lambda n: not load.is_over()), idle)
            load.end()
        finally:
            hand.stop()
            watch.stop()
            monitor.stop()


if __name__ == "__main__":
    main()
