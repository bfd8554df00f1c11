"""A machine to measure on: programs in a sandbox of their own, and Warren with one host.

Nothing here outlives its `with` block, and nothing waits longer than it says.
"""

import collections
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ["WARREN_BIN"])
BENCH = BIN.parent / "bench"
PEERS = pathlib.Path(__file__).resolve().parent / "peers"

SANDBOX = "mount -t tmpfs tmpfs /run && mkdir /run/netns && mount -t sysfs sysfs /sys && ip link set lo up && "
HOST = "unshare --net --mount --propagation private".split()
MISSING = 77  # a peer's exit code: not installed

LIMIT = 600  # seconds for one part of a round
RATE = re.compile(r"^(create|delete) (\d+) ([0-9.]+)/s$", re.M)


class Failed(Exception):
    """Something could not be measured; says what and why."""


class Done:
    def __init__(self, process, out):
        self.pid, self.returncode, self.stdout = process.pid, process.returncode, out


def run(command, limit, accept=(0,)):
    command = [str(part) for part in command]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            out, errors = process.communicate(timeout=limit)
        except BaseException as error:
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Failed(f"{command[0]} was not done after {limit} s: {' '.join(command)}") from error
            raise
    if process.returncode not in accept:
        raise Failed(f"{' '.join(command)}: exit {process.returncode}\n{out}{errors}".strip())
    return Done(process, out)


def in_sandbox(command, limit, accept=(0,)):
    """Runs a command in namespaces that end with it."""
    return run([*HOST, "sh", "-c", SANDBOX + 'exec "$@"', "-", *command], limit, accept)


def rates(output):
    """{"create": per second, "delete": per second}"""
    return {what: float(rate) for what, _, rate in RATE.findall(output)}


def drain():
    """Returns when the kernel has freed what went before: it frees namespaces one batch after the other."""
    for _ in range(2):
        in_sandbox([BENCH / "netlink_floor", "1"], 120)


class Processor:
    """Processor seconds of processes, by thread name, between begin and end; of the whole machine too."""

    def __init__(self, pids):
        self.pids = pids
        self.before = self._read()
        self.begun = time.monotonic()
        self.busy_before = self._busy()

    @staticmethod
    def _busy():
        with open("/proc/stat") as stat:
            user, nice, system, _, _, irq, softirq = map(int, stat.readline().split()[1:8])
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")

    def _read(self):
        seen = {}
        for process, pid in self.pids.items():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                try:
                    name = (task / "comm").read_text().strip()
                    seen[(process, task.name, name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
                except (FileNotFoundError, ProcessLookupError):
                    pass  # the thread has ended meanwhile
        return seen

    def end(self):
        """{(process, thread name): seconds}, and for ("machine", "all") and ("machine", "wall")."""
        taken = collections.Counter()
        for key, seconds in self._read().items():
            process, _, name = key
            taken[(process, name)] += seconds - self.before.get(key, 0)
        taken[("machine", "all")] = self._busy() - self.busy_before
        taken[("machine", "wall")] = time.monotonic() - self.begun
        return taken


class Daemon:
    def __init__(self, command, log):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out)

    def wait_for(self, message, limit=30):
        end = time.monotonic() + limit
        while f'"msg":"{message}"' not in (text := self.log.read_text(errors="replace")):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"{self.process.args[0]} did not come to log \"{message}\":\n{text[-3000:]}")
            time.sleep(0.01)
        return next(line for line in text.splitlines() if f'"msg":"{message}"' in line)

    def stop(self, limit=30):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Warren:
    """A server and one agent, h1, in namespaces of its own, with nothing in the store."""

    def __init__(self, warm=64, server_flags=(), agent_flags=()):
        self.warm = warm
        self.server_flags = list(server_flags)
        self.agent_flags = list(agent_flags)
        self.held = []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _start(self):
        self.directory = tempfile.TemporaryDirectory(prefix="warren-")
        here = pathlib.Path(self.directory.name)
        self.held.append(self.directory.cleanup)
        self.address = f"unix:{here}/server.sock"
        self.server = Daemon(
            [BIN / "warren-server", "--grpc-listen", self.address, "--metrics-listen", "off", "--state-dir",
             here / "server", "--run-dir", here, "--log-format", "json", *self.server_flags],
            here / "server.log")
        self.held.append(self.server.stop)
        self.server.wait_for("listening")

        self.holder = subprocess.Popen([*HOST, "sh", "-c", SANDBOX + "echo ready && exec sleep infinity"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.held.append(self._end_host)
        if self.holder.stdout.readline().strip() != b"ready":
            raise Failed("no namespaces for the host")
        flags = list(self.agent_flags)
        if "--warm-namespaces" in run([BIN / "warren-agent", "--help"], 10).stdout:
            flags += ["--warm-namespaces", self.warm]
        self.agent = Daemon(
            [*self._inside(), BIN / "warren-agent", "--server", self.address, "--host", "h1", "--state-dir",
             here / "agent", "--run-dir", "/run/warren", "--metrics-listen", "127.0.0.1:0", "--log-format", "json",
             *flags],
            here / "agent.log")
        self.held.append(self.agent.stop)
        self.agent.wait_for("connected")
        self.metrics_address = re.search(r'"metrics":"([^"]+)"', self.agent.wait_for("listening")).group(1)
        self.settle()

    def _inside(self):
        return ["nsenter", "-t", str(self.holder.pid), "--net", "--mount", "--"]

    def _end_host(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def __exit__(self, kind, *_):
        if kind is not None:
            for log in sorted(pathlib.Path(self.directory.name).glob("*.log")):
                print(f"---- {log.name} (end)\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        for release in reversed(self.held):
            release()
        self.held.clear()
        drain()

    # The pid of the last client is in `client`.
    def pids(self):
        return {"server": self.server.process.pid, "agent": self.agent.process.pid}

    def metric(self, name):
        """The agent's; None: it has none of that name."""
        page = run([*self._inside(), "curl", "-sf", f"http://{self.metrics_address}/metrics"], 30).stdout
        found = re.search(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", page, re.M)
        return float(found.group(1)) if found else None

    def settle(self, limit=60):
        """Returns when the pool of warm namespaces is full and neither program has anything to do."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            quiet = Processor(self.pids())
            warm = self.metric("warren_agent_warm_namespaces")
            time.sleep(0.1)
            taken = quiet.end()
            if warm in (None, self.warm) and taken.total() - sum(
                    taken[("machine", what)] for what in ("all", "wall")) < 0.02:
                return
        raise Failed(f"the agent was not at rest after {limit} s, with {warm} warm namespaces")

    def load(self, *arguments, limit=LIMIT):
        """Runs router_load; what it printed, and the processor time it took (Processor.end)."""
        processor = Processor(self.pids())
        done = run([BENCH / "router_load", self.address, "h1", *arguments], limit)
        taken = processor.end()
        taken[("client", "all")] = float(re.search(r"^client ([0-9.]+)$", done.stdout, re.M).group(1))
        self.client = done.pid
        return done.stdout, taken

    def rate(self, what, first, count, batch, in_flight):
        out, taken = self.load(what, first, count, batch, in_flight)
        return rates(out)[what], taken

    def agent_memory_mib(self):
        status = pathlib.Path(f"/proc/{self.agent.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+)", status, re.M).group(1)) / 1024

    def agent_descriptors(self):
        return len(os.listdir(f"/proc/{self.agent.process.pid}/fd"))
