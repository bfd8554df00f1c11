"""A server and any number of hosts on one machine, for tests that drive the real binaries.

A host is a network and mount namespace with a /run of its own, held open by a sleeping process, so that it outlives
its agent as a machine outlives a daemon. Agents reach the server over a unix socket, since a host's loopback is its
own. Everything lives under one temporary directory and ends with the `with` block; a process that has to be killed
there, or that a sanitizer complained about, fails the test.
"""

import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ["WARREN_BIN"]).resolve()
DEADLINE = float(os.environ.get("WARREN_TEST_DEADLINE", "60"))
SLOWNESS = float(os.environ.get("WARREN_TEST_SLOWNESS", "1"))  # of a build with a sanitizer

HOST_SETUP = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir /run/netns
mount -t sysfs sysfs /sys
ip link set lo up
echo ready
exec sleep infinity
"""


def wait_until(condition, what, deadline=DEADLINE, pause=0.01):
    """Polls a condition that only the outside can see (a file, a kernel table) and returns its first true value."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"still not so after {deadline} s: {what}")
        time.sleep(pause)


@functools.cache
def python_with_grpc():
    """A Python to run a gRPC client with: the one that runs the tests may be without."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import grpc, google.protobuf"], capture_output=True).returncode == 0:
            return python
    raise AssertionError("no Python has grpcio: deploy/install-deps.sh installs python3-grpcio")


class Daemon:
    """One process of ours, its log in a file, stopped by pid."""

    def __init__(self, name, command, log_path):
        self.name = name
        self.log_path = log_path
        self.log = open(log_path, "ab")
        self.start_offset = self.log.tell()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def alive(self):
        return self.process.poll() is None

    def log_text(self):
        with open(self.log_path, "rb") as f:
            f.seek(self.start_offset)
            return f.read().decode(errors="replace")

    def log_lines(self):
        lines = []
        for line in self.log_text().splitlines():
            if line.startswith("{"):
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    pass  # the last line may be half written
        return lines

    def wait_for_log(self, message):
        def find():
            for line in self.log_lines():
                if line.get("msg") == message:
                    return line
            if not self.alive():
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.log_text()}")
            return None

        return wait_until(find, f"{self.name} to log {message!r}; it logged:\n{self.log_text()[-3000:]}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def terminate(self, within=5.0):
        """SIGTERM; returns the exit code. The contract is 5 s; a sanitizer build may take longer."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=within * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} was still running {within} s after SIGTERM:\n{self.log_text()[-3000:]}")
        self.log.close()
        return code


class Host:
    """A pretend machine: namespaces of its own, and perhaps an agent."""

    def __init__(self, fleet, name):
        self.fleet = fleet
        self.name = name
        self.agent = None
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", HOST_SETUP], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        if self.holder.stdout.readline().strip() != b"ready":
            raise AssertionError(f"host {name} could not be set up")

    def command(self, *args):
        return ["nsenter", "-t", str(self.holder.pid), "--net", "--mount", "--", *map(str, args)]

    def run(self, *args, check=True):
        """Runs a command on the host: the independent witness."""
        done = subprocess.run(self.command(*args), capture_output=True, text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"{args} on {self.name}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ip(self, *args, netns=None):
        """`ip -j ...` parsed, inside a named namespace if one is given."""
        where = ["-n", netns] if netns else []
        out = self.run("ip", "-j", *where, *args).stdout
        return json.loads(out) if out.strip() else []

    def netns_names(self):
        return sorted(entry["name"] for entry in self.ip("netns", "list"))

    def link_names(self, netns=None):
        return sorted(link["ifname"] for link in self.ip("link", "show", netns=netns))

    def start_agent(self, *flags, connected=True):
        state = self.fleet.directory / f"agent-{self.name}"
        self.agent = Daemon(
            f"agent {self.name}",
            self.command(
                BIN / "warren-agent", "--server", self.fleet.target, "--host", self.name, "--state-dir", state,
                "--run-dir", "/run/warren", "--metrics-listen", "127.0.0.1:0", "--log-format", "json",
                "--log-level", "debug", *flags,
            ),
            self.fleet.directory / f"agent-{self.name}.log",
        )
        if connected:
            self.wait_connected()
        return self.agent

    def wait_connected(self):
        self.agent.wait_for_log("connected")

    def stop(self):
        code = 0
        if self.agent and self.agent.alive():
            code = self.agent.terminate()
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        return code


class Fleet:
    """See the head of this file."""

    def __init__(self, server_flags=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="warren-e2e-"))
        self.socket = self.directory / "server.sock"
        self.target = f"unix:{self.socket}"
        self.server_flags = list(server_flags)
        self.server = None
        self.hosts = {}

    def __enter__(self):
        try:
            self.start_server()
        except BaseException:
            self.__exit__(AssertionError, None, None)
            raise
        return self

    def __exit__(self, kind, value, traceback):
        problems = []
        for host in self.hosts.values():
            try:
                if host.stop() != 0:
                    problems.append(f"agent {host.name} ended badly:\n{host.agent.log_text()[-4000:]}")
            except AssertionError as error:
                problems.append(str(error))
        if self.server and self.server.alive():
            try:
                code = self.server.terminate()
                if code != 0:
                    problems.append(f"the server ended with {code}:\n{self.server.log_text()[-4000:]}")
            except AssertionError as error:
                problems.append(str(error))
        for log in self.directory.glob("*.log"):
            text = log.read_text(errors="replace")
            if re.search(r"ERROR: (Address|Leak)Sanitizer|runtime error:", text):
                problems.append(f"a sanitizer complained in {log.name}:\n{text[-8000:]}")
        if kind is not None or problems:
            for log in sorted(self.directory.glob("*.log")):
                print(f"---- {log.name} (end)\n{log.read_text(errors='replace')[-3000:]}", flush=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        if kind is None and problems:
            raise AssertionError("\n".join(problems))

    def start_server(self, *flags):
        self.server = Daemon(
            "server",
            [
                str(BIN / "warren-server"), "--grpc-listen", self.target, "--grpc-listen", "127.0.0.1:0",
                "--metrics-listen", "127.0.0.1:0", "--state-dir", str(self.directory / "server"),
                "--run-dir", str(self.directory), "--log-format", "json", "--log-level", "debug",
                *self.server_flags, *flags,
            ],
            self.directory / "server.log",
        )
        self.listening = self.server.wait_for_log("listening")
        return self.server

    def tcp_address(self):
        """The server's gRPC address on loopback."""
        for line in self.server.log_lines():
            if line.get("msg") == "listening":
                found = re.search(r"127\.0\.0\.1:\d+", line.get("grpc", ""))
                if found:
                    return found.group(0)
        raise AssertionError(f"no TCP address in {self.server.log_text()}")

    def metrics_address(self):
        for line in self.server.log_lines():
            if line.get("msg") == "listening" and line.get("metrics"):
                return line["metrics"]
        raise AssertionError(f"no metrics address in {self.server.log_text()}")

    def host(self, name, *agent_flags, connected=True):
        """A new host with a connected agent."""
        self.hosts[name] = Host(self, name)
        self.hosts[name].start_agent(*agent_flags, connected=connected)
        return self.hosts[name]

    def bare_host(self, name):
        """A new host whose agent has not been started."""
        self.hosts[name] = Host(self, name)
        return self.hosts[name]

    def run(self, *args, server=None, stdin=None):
        """The real `warren`; returns the finished process whatever its exit code."""
        return subprocess.run(
            [str(BIN / "warren"), "--server", server or self.target, *map(str, args)],
            capture_output=True, text=True, input=stdin,
        )

    def warren(self, *args, stdin=None):
        """The real `warren`, which must succeed; returns what it printed."""
        done = self.run(*args, stdin=stdin)
        if done.returncode != 0:
            raise AssertionError(f"warren {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def refused(self, *args, stdin=None, code=1):
        """The real `warren`, which must end with this code; returns its standard error."""
        done = self.run(*args, stdin=stdin)
        if done.returncode != code:
            raise AssertionError(
                f"warren {' '.join(map(str, args))}: exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
            )
        return done.stderr

    def drained(self, *host):
        """No intent of the host (of all hosts) is unfinished, as the server has it; False too while it is away."""
        done = self.run("intents", "list", *host, "--state", "QUEUED", "--state", "RUNNING", "-o", "json")
        return done.returncode == 0 and json.loads(done.stdout) == []

    def json(self, *args):
        return json.loads(self.warren(*args, "-o", "json"))
