"""kill -9 of a command's caller, of the server, of the agent, or of its helper warren-nsexec, in each phase of a
session (exec_phases.py): nothing of the command stays on the host, nothing of the session with those that live on, and
the fleet works again.

Each victim has a fleet of its own, once on a host with cgroups (v2), where there are any, and once without. The host is
a machine of its own to its agent (tests/e2e/fleet.py); /proc there is the witness. The counts:

  processes    the command, what it started, whatever became of its parents; warren-nsexec; zombies of the agent
  mounts       on the host
  cgroups      of the agent's sessions
  namespaces   that were deleted, and are kept alive
  descriptors  of the agent and the server, where they live on, and sessions that they count

Usage: exec_kill_test.py [KILLS] [SEED] [PHASE...]; KILLS of each victim in each phase, or in those named as they are
printed. The counts are on the last line.
"""

import base64
import collections
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from exec_phases import GRACE, PHASES, Captured, Session, captured, ending, in_grace, opening, silent  # noqa: E402
from fleet import Fleet, wait_until  # noqa: E402
from processes import children, descriptors, family, mounts, processes  # noqa: E402

VICTIMS = ("client", "server", "agent", "helper")
LEFT = ("processes", "mounts", "cgroups", "namespaces", "descriptors")
PATIENCE = 20  # for something to go that should
FLAGS = ("--enable-exec", "--exec-grace", f"{GRACE * 1000:.0f}ms", "--warm-namespaces", "0")

# /sys as on a host: cgroups there, or none, whatever the sandbox has covered.
SYS = "while umount -R /sys 2> /dev/null; do :; done; mount -t sysfs sysfs /sys || exit 1"
CGROUPS = "mount -t cgroup2 cgroup2 /sys/fs/cgroup"


def gone(look):
    """What it finds until it finds nothing, or what was still there in the end."""
    end = time.monotonic() + PATIENCE
    while found := look():
        if time.monotonic() > end:
            break
        time.sleep(0.01)
    return found


class Arena(threading.Thread):
    """One victim, killed again and again on a fleet of its own."""

    def __init__(self, victim, with_cgroups, kills, seed, phases):
        super().__init__(name=f"{victim}{'' if with_cgroups else ', no cgroups'}")
        self.victim, self.with_cgroups, self.kills = victim, with_cgroups, kills
        self.chance = random.Random(f"{seed} {self.name}")
        self.key = f"WARREN_FAULT_{victim}{int(with_cgroups)}"
        self.counts = {phase: collections.Counter() for phase in phases}
        self.serial = 0
        self.error = None

    def run(self):
        try:
            with Fleet(["--http-listen", "127.0.0.1:0"]) as self.fleet:
                self.host = self.fleet.bare_host("h1")
                self.host.run("sh", "-c", SYS)
                if self.with_cgroups:
                    self.with_cgroups = self.host.run("sh", "-c", CGROUPS, check=False).returncode == 0
                self.start_agent()
                self.host.wait_connected()
                self.netns = self.new_netns()
                self.work()  # all connections are there
                self.open_before = self.open_at_rest()
                for phase in self.counts:
                    for _ in range(self.kills):
                        self.kill_in(phase)
        except BaseException as error:  # noqa: B902  reported by the main thread
            self.error = error
            traceback.print_exc()

    def start_agent(self):
        self.host.start_agent(*FLAGS, connected=False)

    def new_netns(self):
        """A namespace, made by an intent, with a leg into the host, which goes when the kernel has let go of it."""
        self.serial += 1
        name, leg = f"n{self.serial}", f"t{self.serial}"
        self.fleet.warren("netns", "add", f"h1/{name}")
        self.host.run("ip", "link", "add", leg, "type", "veth", "peer", "name", f"e{self.serial}", "netns", name)
        return name

    def run_command(self, netns):
        """What a command prints there; None while the host is away."""
        command = {"command": {"argv": ["sh", "-c", "echo $WARREN_NAMESPACE; ls /sys/class/net"]}}
        request = urllib.request.Request(f"http://{self.fleet.listening['http']}/v1/hosts/h1/namespaces/{netns}:run",
                                         json.dumps(command).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            if error.code == 503:
                return None
            raise AssertionError(f"a command in {netns}: {error.code} {text}")

    def work(self):
        """The fleet works: a command in a namespace, and intents that make and delete one."""
        answer = wait_until(lambda: self.run_command(self.netns), "a command to run")
        expected = [self.netns, f"e{self.serial}", "lo"]
        if base64.b64decode(answer["stdout"]).decode().split() != expected:
            raise AssertionError(f"a command in {self.netns} printed {answer}, not {expected}")

    def open_now(self):
        """What those have open that live on, and the sessions that they count."""
        daemons = {"server": self.fleet.server, "agent": self.host.agent}
        found = collections.Counter()
        for name, daemon in daemons.items():
            if name != self.victim:
                for kind, count in descriptors(daemon.process.pid).items():
                    found[f"{name}: {kind}"] = count
        if self.victim != "server":
            url = f"http://{self.fleet.metrics_address()}/metrics"
            with urllib.request.urlopen(url, timeout=60) as page:
                text = page.read().decode()
            found["server: sessions"] = int(re.search(r"^warren_exec_sessions (\d+)$", text, re.M).group(1))
        if self.victim != "agent":
            text = self.host.run("curl", "-sS", f"http://{self.agent_metrics()}/metrics").stdout
            found["agent: sessions"] = int(re.search(r"^warren_agent_exec_sessions (\d+)$", text, re.M).group(1))
        return found

    def open_at_rest(self):
        """The least of many looks: what was open for a request that has just ended is gone in one of them."""
        least = self.open_now()
        for _ in range(20):
            time.sleep(0.02)
            least &= self.open_now()
        return least

    def agent_metrics(self):
        return self.host.agent.wait_for_log("listening")["metrics"]

    def on_host(self):
        """Whoever is on the host, or in a namespace of it, or was started by the agent, but for those that belong."""
        belong = {self.host.holder.pid, self.host.agent.process.pid}
        holder = next(process for process in processes() if process.pid == self.host.holder.pid)
        network = {holder.namespace("net"), *self.named_namespaces()}
        return [process for process in processes() if process.pid not in belong and (
            process.namespace("net") in network or process.namespace("mnt") == holder.namespace("mnt")
            or process.parent == self.host.agent.process.pid or self.key in process.command
            or any(entry.startswith(self.key.encode()) for entry in process.environment))]

    def named_namespaces(self):
        names = pathlib.Path(f"/proc/{self.host.holder.pid}/root/run/netns")
        return [f"net:[{entry.stat().st_ino}]" for entry in names.iterdir()]

    def cgroups(self):
        if not self.with_cgroups:
            return []
        own = next(line[3:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines() if line[:3] == "0::")
        names = os.listdir(f"/proc/{self.host.holder.pid}/root/sys/fs/cgroup{own}")
        # As agent/session/instance_id.cc has it: a hash (FNV-1a) of what the state directory is.
        state = (self.fleet.directory / "agent-h1").stat()
        mark = 2166136261
        for byte in f"{state.st_dev}:{state.st_ino}".encode():
            mark = (mark ^ byte) * 16777619 % 2**32
        mark = f"{mark:08x}"
        return sorted(name for name in names if name.startswith(f"warren-exec-{mark}-"))

    def mounts(self):
        return mounts(self.host.holder.pid) + mounts("self")

    def kill_in(self, phase):
        counts = self.counts[phase]
        mounted = self.mounts()
        mark = f"{self.key}={self.serial}"
        kind = Captured if PHASES[phase] is captured else Session
        session = kind(self.fleet, self.host, self.netns, mark, self.chance)
        begin = PHASES[phase]
        if begin is in_grace:
            begin(session, caller_may_go=self.victim != "client")
        else:
            begin(session)
        # Where there is no telling beforehand, right after it: to look takes longer than a command to end.
        steady = begin not in (opening, ending)
        running = steady and bool(family(mark))
        if begin is silent and self.with_cgroups and not self.cgroups():
            raise AssertionError(f"{self.name}, {phase}: a command that runs in no cgroup")
        self.kill(session)
        counts["running"] += running or bool(family(mark))
        counts["kills"] += 1
        if self.victim == "server" and begin is opening:
            session.kill()  # one that has not reached the server yet would wait for it
        begun = time.monotonic()
        code, said = session.end()
        if self.victim == "server":
            self.fleet.start_server()
        elif self.victim == "agent":
            self.start_agent()
        if code == 0 and steady:
            raise AssertionError(f"{self.name}, {phase}: the client takes it for a success: {said}")
        self.all_gone(phase)
        counts["longest"] = max(counts["longest"], time.monotonic() - begun)
        self.works_again(phase, mounted)
        self.all_gone(phase)  # nor has anything come since, of a request that was still under way

    def all_gone(self, phase):
        left = gone(self.on_host)
        self.note(phase, "processes", left)
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def kill(self, session):
        if self.victim == "client":
            session.kill()
        elif self.victim == "server":
            self.fleet.server.kill()
        elif self.victim == "agent":
            self.host.agent.kill()
        else:
            helpers = children(self.host.agent.process.pid)
            for pid in helpers:
                with contextlib.suppress(ProcessLookupError):  # ended meanwhile
                    os.kill(pid, signal.SIGKILL)
            if not helpers:  # it has not begun, or is over
                session.kill()

    def note(self, phase, what, left):
        for one in left:
            print(f"{self.name}, {phase}: {what} left: {one}", flush=True)
        self.counts[phase][what] += len(left)

    def works_again(self, phase, mounted):
        before, leg = self.netns, f"t{self.serial}"
        there = before in self.host.netns_names()
        self.netns = self.new_netns()
        self.work()
        if there:
            self.fleet.warren("netns", "del", f"h1/{before}", "--force")
        self.note(phase, "namespaces", gone(lambda: [leg] if leg in self.host.link_names() else []))
        self.note(phase, "cgroups", gone(self.cgroups))
        mounted[f"/run/netns/{self.netns} (nsfs)"] += 1
        self.note(phase, "mounts", gone(lambda: sorted((self.mounts() - mounted).elements())))
        kept = gone(lambda: sorted((self.open_now() - self.open_before).elements()))
        self.note(phase, "descriptors", kept)
        self.open_before += collections.Counter(kept)  # each is counted once


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("WARREN_EXEC_KILLS", "3"))
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    phases = sys.argv[3:] or list(PHASES)
    # Of each victim's kills, half happen where there are no cgroups.
    arenas = [Arena(victim, cgroups, (kills + cgroups) // 2, seed, phases)
              for victim in VICTIMS for cgroups in (True, False)]
    for arena in arenas:
        arena.start()
    for arena in arenas:
        arena.join()

    total = collections.Counter()
    for victim in VICTIMS:
        for phase in phases:
            of_both = [arena.counts[phase] for arena in arenas if arena.victim == victim]
            counts = sum(of_both, collections.Counter())
            total += counts
            print(f"{victim} killed, {phase}: {counts['kills']} times, {counts['running']} while the command ran;",
                  ", ".join(f"{counts[what]} {what}" for what in LEFT),
                  f"left; gone within {max(c['longest'] for c in of_both):.1f} s", flush=True)
    if not all(arena.with_cgroups for arena in arenas[::2]):
        print("no cgroups (v2) here: without them only")
    if any(arena.error for arena in arenas):
        return 1
    print(f"{'/'.join(VICTIMS)} killed {kills} times in each of {len(phases)} phases:",
          ", ".join(f"{total[what]} {what}" for what in LEFT), "left", flush=True)
    return 1 if any(total[what] for what in LEFT) or total["kills"] != kills * len(phases) * len(VICTIMS) else 0


if __name__ == "__main__":
    sys.exit(main())
