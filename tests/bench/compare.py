"""See compare.sh, which runs this.

In each round every part is run once, so that what disturbs the machine disturbs all of them. The floor of a round is
the better of one thread and two. A ratio is the median over the rounds of the ratios within a round, and the last line
has the better of the two ways to submit.
"""

import argparse
import collections
import os
import pathlib
import re
import statistics
import sys
import tempfile

from breakdown import FREQUENCY, Recording
from disk import fdatasync_ms
from machine import BENCH, LIMIT, MISSING, PEERS, Failed, Warren, drain, in_sandbox, rates

PEER_NAMES = {
    "ip_batch.sh": "ip -batch",
    "cni_ptp.sh": "CNI ptp",
    "pyroute2_loop.py": "pyroute2",
    "seed_recipe.sh": "wiki recipe",
    "neutron_ip_lib.py": "Neutron ip_lib",
}
# How a controller submits: name, (intents a call, calls in flight) of creates, and of deletes, which have 1,000 intents
# in flight.
WAYS = {
    "one intent a call": ((0, 256), (0, 1000)),
    "100 intents a call": ((100, 4), (100, 10)),
}
PROGRAMS = ("floor", "agent", "server", "client", "kernel", "others")
SLICE_MS = 10  # of a burst's timeline
PAUSE_MS = 3  # about as long as an intent takes that is alone
# Before a deletion that is to be alone: what closes a socket in a namespace, or frees one, is not over when it returns.
DELETE_PAUSE_MS = 150
PARTS = ("throughput", "peers", "growth", "single", "profile")


def say(text=""):
    print(text, flush=True)


def floor(count, threads, existing=0, flags=()):
    drain()
    out = in_sandbox([BENCH / "netlink_floor", count, threads, existing, *flags], LIMIT).stdout
    each = re.search(r"^each \d+ p50 ([0-9.]+) p99 ([0-9.]+)$", out, re.M)
    return rates(out), each and (float(each.group(1)), float(each.group(2)))


def median(values):
    return statistics.median(values) if values else float("nan")


def spread(values):
    return f"{median(values):7.0f} ({min(values):.0f}-{max(values):.0f})" if values else "-"


class Throughput:
    def __init__(self, options):
        self.options = options
        self.rates = collections.defaultdict(lambda: collections.defaultdict(list))  # [row][create|delete|burst]
        self.ratios = collections.defaultdict(lambda: collections.defaultdict(list))  # [way][...]
        self.taken = collections.defaultdict(list)  # [(way, create|delete)]

    def round(self):
        best = collections.Counter()
        for threads in (1, 2):
            got, _ = floor(self.options.n, threads)
            ahead = [floor(self.options.warm, threads, flags=["--ahead"])[0]["create"]
                     for _ in range(self.options.bursts)]
            if ahead:
                got["burst"] = median(ahead)
            for what, rate in got.items():
                self.rates[f"floor, {threads} thread{'s' * (threads > 1)}"][what].append(rate)
                best[what] = max(best[what], rate)
        for way in WAYS:
            drain()
            with Warren(self.options.warm, self.options.server_flag, self.options.agent_flag) as warren:
                got = self.warren(warren, way)
            for what, rate in got.items():
                self.rates["Warren, " + way][what].append(rate)
                self.ratios[way][what].append(rate / best["delete" if what == "delete" else "create"])
        if best["burst"]:
            self.ratios["the kernel alone, namespaces made ahead"]["burst"].append(best["burst"] / best["create"])

    def warren(self, warren, way):
        got = {}
        for what, (batch, in_flight) in zip(("create", "delete"), WAYS[way]):
            got[what], taken = warren.rate(what, 0, self.options.n, batch, in_flight)
            self.taken[(way, what)].append(taken)
        bursts = []
        batch, in_flight = WAYS[way][0]
        for _ in range(self.options.bursts):
            warren.settle()
            rate, taken = warren.rate("create", 0, self.options.warm, batch, in_flight)
            bursts.append(rate)
            self.taken[(way, "burst")].append(taken)
            warren.rate("delete", 0, self.options.warm, 0, 1000)
        if bursts:
            got["burst"] = median(bursts)
        return got

    def print_processor(self):
        say("Processor time of Warren, ms a router (median round): what each program, and each of its threads by name, "
            "took; the machine's is all of it, the kernel's own threads included")
        for (way, what), rounds in self.taken.items():
            count = self.options.warm if what == "burst" else self.options.n
            each = {key: median([taken[key] for taken in rounds]) * 1e3 / count
                    for key in set().union(*rounds) if key[0] != "machine"}
            machine = {what: median([taken[("machine", what)] for taken in rounds]) * 1e3 / count
                       for what in ("all", "wall")}
            programs = []
            for program in ("server", "agent", "client"):
                total = sum(value for key, value in each.items() if key[0] == program)
                threads = sorted(((value, key[1]) for key, value in each.items() if key[0] == program), reverse=True)
                shown = ", ".join(f"{name} {value:.3f}" for value, name in threads[:6] if value >= 0.002)
                programs.append(f"    {program:6} {total:.3f}   {shown}")
            say(f"  {what}, {way}: machine {machine['all']:.3f} of {machine['wall'] * os.cpu_count():.3f}")
            say("\n".join(programs))


def peers(options, table):
    for script, name in PEER_NAMES.items():
        for _ in range(options.peer_rounds):
            drain()
            try:
                done = in_sandbox([PEERS / script, options.peer_n or options.n], LIMIT, (0, MISSING))
            except Failed as error:
                table[name] = str(error).splitlines()[0]
                break
            if done.returncode == MISSING:
                table[name] = "SKIPPED: " + done.stdout.strip()
                break
            for what, rate in rates(done.stdout).items():
                table.setdefault(name, collections.defaultdict(list))[what].append(rate)


def print_table(rows):
    say(f"{'routers a second, median (least-most)':38} {'created':>22} {'deleted':>22} {'created, burst':>22}")
    for name, row in rows.items():
        if isinstance(row, str):
            say(f"{name:38} {row}")
        else:
            say(f"{name:38} " + " ".join(f"{spread(row.get(what)):>22}" for what in ("create", "delete", "burst")))


def print_ratios(ratios):
    best = {}
    for way, row in ratios.items():
        say(f"{way}: " + " ".join(f"{what} {median(row[what]):.2f}" for what in ("create", "delete", "burst") if row[what]))
        for what in ("create", "delete", "burst") if way in WAYS else ():
            best[what] = max(best.get(what, 0), median(row[what]))
    return "warren/floor " + " ".join(f"{what} {best[what]:.2f}" for what in ("create", "delete", "burst"))


def growth(options):
    """What a router costs beside so many that exist."""
    say("Growth: ms to create and to delete a router beside EXISTING others (median of "
        f"{options.growth_repeats} x {options.growth_n})")
    say(f"{'existing':>9} {'floor create':>13} {'Warren create':>14} {'Warren delete':>14} {'agent MiB':>10} "
        f"{'descriptors':>12}")
    floors = {}
    for existing in options.growth:
        floors[existing] = median([1e3 / floor(options.growth_n, 1, existing)[0]["create"]
                                   for _ in range(options.growth_repeats)])
    cost = {}
    drain()
    with Warren(options.warm, options.server_flag, options.agent_flag) as warren:
        there = 0
        say(f"{0:9} {'':13} {'':14} {'':14} {warren.agent_memory_mib():10.1f} {warren.agent_descriptors():12}")
        for existing in options.growth:
            batch, in_flight = WAYS["100 intents a call"][0]
            if existing > there:
                warren.rate("create", there, existing - there, batch, in_flight)
                there = existing
            created, deleted = [], []
            for _ in range(options.growth_repeats):
                warren.settle()
                created.append(1e3 / warren.rate("create", existing, options.growth_n, 0, 256)[0])
                deleted.append(1e3 / warren.rate("delete", existing, options.growth_n, 0, 1000)[0])
            warren.settle()
            cost[existing] = median(created)
            say(f"{existing:9} {floors[existing]:13.3f} {cost[existing]:14.3f} {median(deleted):14.3f} "
                f"{warren.agent_memory_mib():10.1f} {warren.agent_descriptors():12}")
        rate, _ = warren.rate("delete", 0, there, *WAYS["100 intents a call"][1])
        say(f"all {there} deleted at {rate:.0f}/s")
    first, last = options.growth[0], options.growth[-1]
    say(f"cost at {last} / cost at {first}: Warren {cost[last] / cost[first]:.2f}, "
        f"floor {floors[last] / floors[first]:.2f}")


def profile(options):
    """Where processor time goes while routers are made and deleted, and what happens when in a burst."""
    for threads in (1, 2):
        drain()
        recording = Recording(pathlib.Path(tempfile.gettempdir()) / "perf.data")
        done = in_sandbox([BENCH / "netlink_floor", options.n, threads], LIMIT)
        say(f"floor, {threads} thread{'s' * (threads > 1)}, create and delete: "
            f"{rates(done.stdout)['create']:.0f}/s created while sampled; ms of processor of each")
        print_activities(recording.end({done.pid: "floor"}), 1e3 / FREQUENCY / options.n)
    for way in WAYS:
        drain()
        with Warren(options.warm, options.server_flag, options.agent_flag) as warren:
            for what, (batch, in_flight) in zip(("create", "delete"), WAYS[way]):
                rate, samples = sampled(warren, what, options.n, batch, in_flight)
                say(f"{what}, {way}: {rate:.0f}/s while sampled, {1e3 / rate:.3f} ms a router; ms of processor of each")
                print_activities(samples, 1e3 / FREQUENCY / options.n)
            rate, samples = sampled(warren, "create", options.warm, *WAYS[way][0])
            say(f"burst, {way}: {rate:.0f}/s while sampled; ms of processor in each {SLICE_MS} ms, of all processors")
            print_slices(samples)


def sampled(warren, what, count, batch, in_flight):
    warren.settle()
    recording = Recording(pathlib.Path(tempfile.gettempdir()) / "perf.data")
    rate, _ = warren.rate(what, 0, count, batch, in_flight)
    return rate, recording.end({warren.client: "client"} | {pid: name for name, pid in warren.pids().items()})


def print_activities(samples, each):
    taken = collections.Counter((sample.program, sample.thread, sample.activity) for sample in samples)
    for program in [name for name in PROGRAMS if any(of == name for of, _, _ in taken)]:
        threads = collections.Counter()
        for (of, thread, _), count in taken.items():
            if of == program:
                threads[thread] += count
        say(f"  {program:7} {threads.total() * each:.3f}")
        for thread, total in threads.most_common() if program != "others" else []:
            shares = sorted(((count, name) for (of, who, name), count in taken.items()
                             if (of, who) == (program, thread)), reverse=True)
            shown = ", ".join(f"{name} {count * each:.3f}" for count, name in shares if count * each >= 0.008)
            if total * each >= 0.008:
                say(f"    {total * each:.3f}  {thread or 'threads'}: {shown}")


def print_slices(samples):
    """From the client's first sample to its last."""
    begun = min((sample.time for sample in samples if sample.program == "client"), default=0)
    ended = max((sample.time for sample in samples if sample.program == "client"), default=0)
    slices = collections.defaultdict(collections.Counter)
    for sample in samples:
        if begun <= sample.time <= ended:
            activity = f"({sample.activity})" if sample.activity else ""
            who = " ".join(part for part in (sample.program, sample.thread, activity) if part)
            slices[int((sample.time - begun) * 1e3 / SLICE_MS)][who] += 1
    for number, taken in sorted(slices.items()):
        say(f"  {number * SLICE_MS:4} ms  " + ", ".join(
            f"{who} {count * 1e3 / FREQUENCY:.0f}" for who, count in taken.most_common(6)))


SINGLE = {"create": "create", "delete": "delete", "nothing": "changing nothing"}


def single(options):
    """One intent at a time on an idle system."""
    lines = collections.defaultdict(list)
    for _ in range(options.rounds):
        lines["floor create, one after the other"].append(floor(options.single, 1)[1])
        lines[f"floor create, one each {PAUSE_MS} ms"].append(
            floor(options.single, 1, flags=["--pause", PAUSE_MS])[1])
        freed = [1e3 / floor(1, 1, flags=["--pause", DELETE_PAUSE_MS])[0]["delete"] for _ in range(5)]
        lines["floor delete"].append((median(freed), max(freed)))
        drain()
        with Warren(options.warm, options.server_flag, options.agent_flag) as warren:
            out, _ = warren.load("single", options.single, DELETE_PAUSE_MS)
        for what, *values in re.findall(
                r"^(create|delete|nothing) \d+ p50 ([0-9.]+) p99 ([0-9.]+) host ([0-9.]+) ([0-9.]+)$", out, re.M):
            p50, p99, host_p50, host_p99 = map(float, values)
            lines[f"Warren {SINGLE[what]}, submit to result"].append((p50, p99))
            lines[f"Warren {SINGLE[what]}, of it on the host"].append((host_p50, host_p99))
        lines["fdatasync of 4 KiB"].append(fdatasync_ms())
    say(f"One intent at a time, {options.single} routers; ms, median of {options.rounds} rounds "
        "(the floor's deletes: one alone, 5 times)")
    say(f"{'':42} {'p50':>9} {'p99':>9}")
    for what, values in lines.items():
        say(f"{what:42} {median([p50 for p50, _ in values]):9.3f} {median([p99 for _, p99 in values]):9.3f}")


def parse():
    parser = argparse.ArgumentParser(prog="compare.sh", description=__doc__.split("\n\n", 1)[1],
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("-n", type=int, default=1000, help="routers")
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", 5)))
    parser.add_argument("--parts", default=",".join(PARTS[:-1]), help="which of " + ", ".join(PARTS))
    parser.add_argument("--warm", type=int, default=64, help="warm namespaces of the agent, and routers of a burst")
    parser.add_argument("--bursts", type=int, default=5, help="a round")
    parser.add_argument("--peer-rounds", type=int, default=1)
    parser.add_argument("--peer-n", type=int, default=0, help="routers of a peer; 0: as many as the others")
    parser.add_argument("--growth", default="100,1000,10000", help="routers that exist")
    parser.add_argument("--growth-n", type=int, default=200)
    parser.add_argument("--growth-repeats", type=int, default=3)
    parser.add_argument("--single", type=int, default=200, help="routers made one at a time")
    parser.add_argument("--server-flag", action="append", default=[], help="of warren-server; may be repeated")
    parser.add_argument("--agent-flag", action="append", default=[], help="of warren-agent; may be repeated")
    options = parser.parse_args()
    options.parts = options.parts.split(",")
    options.growth = [int(number) for number in options.growth.split(",")]
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(unknown)}")
    return options


def main():
    options = parse()
    last = None
    if "growth" in options.parts:
        growth(options)
        say()
    if "single" in options.parts:
        single(options)
        say()
    if "profile" in options.parts:
        profile(options)
        say()
    rows = {}
    if "throughput" in options.parts:
        throughput = Throughput(options)
        for _ in range(options.rounds):
            throughput.round()
        throughput.print_processor()
        say()
        rows |= throughput.rates
    if "peers" in options.parts:
        peers(options, rows)
    if rows:
        print_table(rows)
    if "throughput" in options.parts:
        last = print_ratios(throughput.ratios)
        say(last)


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        print(f"compare: {error}", file=sys.stderr)
        sys.exit(1)
