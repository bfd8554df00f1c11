"""The phases of a command's session in which exec_kill_test.py kills somebody: each is a function that begins a session
and returns at the instant for it.
"""

import fcntl
import os
import pathlib
import pty
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE.parent / "support"))
from fleet import BIN, wait_until  # noqa: E402
from processes import children, family, written  # noqa: E402

# What a command leaves behind: a child, one that left its session, and two whose parent is gone.
FAMILY = "sleep 1000 & setsid sleep 1000 & (setsid sh -c 'sleep 1000 & exec sleep 1000' &)\n"
SIZE = 5  # with the shell itself
GRACE = 0.3  # --exec-grace of the agents
PATIENCE = 30  # for a client to end that has nobody to talk to


OPENING = 0.06  # within so many seconds of its start `warren exec` has sent its request


class Session:
    """One command and its caller, a process of its own. `mark` is in the environment of all that the command starts."""

    def __init__(self, fleet, host, netns, mark, chance):
        self.fleet, self.host, self.netns, self.mark, self.chance = fleet, host, netns, mark, chance
        self.process = None
        self.terminal = None  # the end that somebody would sit at
        self.scratch = fleet.directory / mark.replace("=", "-")

    def start(self, script, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, terminal=False):
        streams = {"stdin": stdin, "stdout": stdout, "stderr": subprocess.PIPE}
        flags = ["--terminal"] * terminal + ["--stdin"] * (stdin is not subprocess.DEVNULL)
        command = ["env", self.mark, "sh", *(["-c", script] if script else ["-i"])]
        slave = None
        if terminal:
            self.terminal, slave = pty.openpty()
            streams |= {"stdin": slave, "stdout": slave}
        self.process = subprocess.Popen(
            [str(BIN / "warren"), "--server", self.fleet.target, "exec", f"{self.host.name}/{self.netns}", *flags, "--",
             *command], **streams)
        if slave is not None:
            os.close(slave)

    def wait_running(self, size=SIZE):
        wait_until(lambda: len(family(self.mark)) >= size or self.process.poll() is not None, "the command to run")
        if self.process.poll() is not None:
            raise AssertionError(f"the client ended with {self.process.returncode}: {self.process.stderr.read()}")

    def run(self, script, **streams):
        self.start(script, **streams)
        self.wait_running()

    def wait(self, longest):
        """The random instant."""
        time.sleep(self.chance.uniform(0.0, longest))

    def kill(self):
        self.process.kill()

    def end(self):
        """The client, which nobody has killed or somebody has; its exit code, and what it said."""
        try:
            said = self.process.communicate(timeout=PATIENCE)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise AssertionError("the client did not end by itself")
        finally:
            if self.terminal is not None:
                os.close(self.terminal)
        return self.process.returncode, said.decode(errors="replace").removeprefix("sent\n").strip()


class Captured(Session):
    """The same over Exec.Run, which is asked for over HTTP."""

    def start(self, script, **streams):
        url = f"http://{self.fleet.listening['http']}/v1/hosts/{self.host.name}/namespaces/{self.netns}:run"
        body = '{"command": {"argv": ["env", "%s", "sh", "-c", "%s"]}}' % (self.mark, script.replace("\n", "\\n"))
        self.process = subprocess.Popen(["curl", "-sSf", "-H", "Content-Type: application/json", "-d", body, url],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def opening(session):
    session.start(FAMILY + "wait")
    if session.chance.random() < 0.5:
        return session.wait(OPENING)
    agent = session.host.agent.process.pid
    wait_until(lambda: children(agent), "the helper to be started", pause=0)
    session.wait(0.005)


def silent(session):
    session.run(FAMILY + "wait")


def flooding(session):
    session.run(FAMILY + "exec yes")
    session.wait(0.05)


def not_read(session):
    session.run(FAMILY + "exec yes", stdout=subprocess.PIPE)

    def held():
        before = [written(process.pid) for process in family(session.mark)]
        time.sleep(0.05)
        return any(before) and before == [written(process.pid) for process in family(session.mark)]

    wait_until(held, "the command to be held at a write")


def feeding(session):
    with open("/dev/zero", "rb") as zero:
        session.run(FAMILY + "exec cat > /dev/null", stdin=zero)
    session.wait(0.05)


def feeding_who_does_not_read(session):
    with open("/dev/zero", "rb") as zero:
        session.run(FAMILY + "wait", stdin=zero)
    # As long as the agent asks the stream whether it is still there, and longer.
    session.wait(0.8)


def terminal(session):
    session.start("", terminal=True)
    session.wait_running(1)
    os.write(session.terminal, FAMILY.encode() + b"nohup sleep 1000 > /dev/null 2>&1 &\n")
    session.wait_running(SIZE + 1)


def stubborn(session):
    session.run("trap '' HUP TERM INT\n" + FAMILY + "wait")


def in_grace(session, caller_may_go=True):
    """All of the family stay, and the shell says that it has heard the hangup."""
    ready = session.scratch.with_suffix(".ready")
    session.run("trap '' HUP TERM\n" + FAMILY +
                f"trap ': > {session.scratch}' HUP\n: > {ready}\nwhile :; do wait; done")
    wait_until(ready.exists, "the command to listen for the hangup")
    ready.unlink()
    if caller_may_go and session.chance.random() < 0.5:
        session.kill()
    else:
        session.host.run("ip", "netns", "delete", session.netns)
    wait_until(session.scratch.exists, "the command to be hung up")
    session.scratch.unlink()
    session.wait(GRACE)


def ending(session):
    os.mkfifo(session.scratch)
    family = FAMILY if session.chance.random() < 0.5 else ""
    session.start(family + f"read line < {session.scratch}")
    session.wait_running(SIZE if family else 1)

    def opened():
        try:
            return os.open(session.scratch, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return None  # nobody has it open for reading yet

    go = wait_until(opened, "the command to listen")
    fcntl.fcntl(go, fcntl.F_SETFL, 0)
    os.write(go, b"\n")
    os.close(go)
    session.scratch.unlink()
    session.wait(0.005)


def captured(session):
    session.run(FAMILY + "wait")


PHASES = {
    "being opened": opening,
    "running, silent": silent,
    "stdout floods": flooding,
    "client does not read": not_read,
    "stdin is being sent": feeding,
    "command does not read": feeding_who_does_not_read,
    "shell on a terminal": terminal,
    "ignores SIGHUP, SIGTERM": stubborn,
    "in its grace time": in_grace,
    "at its end": ending,
    "Run, over HTTP": captured,
}
