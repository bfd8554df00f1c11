"""Exec as a gRPC client sees it: its stubs, calls whose answers a test takes one by one, and what is left of commands.

Only files that are tests import this, and first of all: where the Python that runs has no gRPC, it is exchanged for one
that has.
"""

import importlib.util
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid

from fleet import DEADLINE, Fleet, python_with_grpc, wait_until

if importlib.util.find_spec("grpc") is None:
    os.execv(python_with_grpc(), [python_with_grpc(), *sys.orig_argv[1:]])
import grpc  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from processes import family, written  # noqa: E402

GOOGLE = "/usr/share/gocode/src/github.com/gogo/googleapis"  # of golang-github-gogo-googleapis-dev

with tempfile.TemporaryDirectory(prefix="warren-stubs-") as stubs:
    subprocess.run(
        ["protoc", "-I", ROOT / "proto", "-I", GOOGLE, f"--python_out={stubs}", f"--grpc_python_out={stubs}",
         f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}",
         ROOT / "proto/warren/v1/exec.proto", "google/api/annotations.proto", "google/api/http.proto",
         "google/rpc/error_details.proto", "google/rpc/status.proto"],
        check=True,
    )
    sys.path.insert(0, stubs)
    from google.protobuf import duration_pb2  # noqa: E402
    from google.rpc import error_details_pb2, status_pb2  # noqa: E402
    from warren.v1 import exec_pb2, exec_pb2_grpc  # noqa: E402
    sys.path.remove(stubs)

MARK = "WARREN_TEST_MARK"


def new_mark():
    """For Command.env: whatever a command starts has it too, and can be found by it."""
    return {MARK: str(uuid.uuid4())}


def marked(mark):
    """The processes that have it; not those that are dead and not yet waited for."""
    return sorted(process.pid for process in family(f"{MARK}={mark[MARK]}"))


def wait_gone(mark):
    wait_until(lambda: not marked(mark), f"nothing of the command is left; there are {marked(mark)}")


def stand_still(count):
    """Waits until a count has begun and then has not changed for a while, and returns it."""
    seen = []

    def same():
        seen.append(count())
        return seen[-1] > 0 and len(set(seen[-50:])) == 1 and len(seen) >= 50

    wait_until(same, "what is counted to stand still")
    return seen[-1]


def stopped(pid):
    """Waits for a process that writes to be stopped by its reader; how much it has written."""
    return stand_still(lambda: written(pid))


class Refusal:
    """How a call failed: code and reason by their names, and what is said to people."""

    def __init__(self, error):
        self.code = error.code().name
        self.message = error.details()
        self.reason = ""
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                for detail in status_pb2.Status.FromString(value).details:
                    info = error_details_pb2.ErrorInfo()
                    if detail.Unpack(info):
                        self.reason = info.reason

    def __str__(self):
        return f"{self.code} {self.reason}: {self.message}"


class Ended:
    """All that a command said until it was over."""

    def __init__(self):
        self.stdout, self.stderr, self.exit = bytearray(), bytearray(), None

    def __str__(self):
        return f"{self.exit} stdout {bytes(self.stdout[:2000])} stderr {bytes(self.stderr[:2000])}"


class Session:
    """One call of Exec.Session. Nothing of the answer is read but what a test asks for. Ends with the `with` block."""

    def __init__(self, stub, start, deadline):
        self.requests = queue.SimpleQueue()
        self.requests.put(exec_pb2.SessionRequest(start=start))
        self.call = stub.Session(iter(self.requests.get, None), timeout=deadline)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.half_close()
        self.call.cancel()

    def send(self, **kind):
        self.requests.put(exec_pb2.SessionRequest(**kind))

    def half_close(self):
        self.requests.put(None)

    def started(self):
        """Waits for the command to run."""
        message = next(self.call)
        assert message.WhichOneof("kind") == "started", message
        return message.started

    def stdout(self, size):
        """The next bytes of standard output: as many, or more."""
        data = bytearray()
        while len(data) < size:
            message = next(self.call)
            assert message.WhichOneof("kind") in ("started", "stdout"), message
            data += message.stdout
        return data

    def end(self, take=None):
        """Reads until it is over. `take` is given each message instead of its output being kept."""
        ended = Ended()
        for message in self.call:
            kind = message.WhichOneof("kind")
            assert ended.exit is None, f"{message} after exit"
            if kind == "exit":
                ended.exit = message.exit
            elif take:
                take(message)
            else:
                ended.stdout += message.stdout
                ended.stderr += message.stderr
        return ended

    def refusal(self):
        """The same of one that must fail."""
        try:
            ended = self.end()
        except grpc.RpcError as error:
            return Refusal(error)
        raise AssertionError(f"it ended with {ended}")


class Caller:
    """Who calls Exec at a target. Ends with the `with` block."""

    def __init__(self, target):
        options = [
            ("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0),
            # What may have come that nobody has read stays at 64 KiB; else it grows to tens of MiB, on this side alone.
            ("grpc.http2.bdp_probe", 0),
        ]
        self.channel = grpc.insecure_channel(target, options)
        self.stub = exec_pb2_grpc.ExecStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def session(self, place, *argv, stdin=False, terminal=None, cookie=0, deadline=DEADLINE, **command):
        """`place` as in `warren`; `command` as in the message Command, `timeout` in seconds."""
        if "timeout" in command:
            command["timeout"] = duration_pb2.Duration(seconds=command["timeout"])
        start = exec_pb2.SessionStart(
            name="hosts/" + place.replace("/", "/namespaces/"), command=exec_pb2.Command(argv=argv, **command),
            stdin=stdin, terminal=terminal, namespace_cookie=cookie,
        )
        return Session(self.stub, start, deadline)

    def run(self, place, *argv, **how):
        """All of a session that says nothing."""
        with self.session(place, *argv, **how) as session:
            return session.end()

    def run_captured(self, place, *argv, **how):
        """The call Run."""
        name = "hosts/" + place.replace("/", "/namespaces/")
        request = exec_pb2.RunRequest(name=name, command=exec_pb2.Command(argv=argv), **how)
        return self.stub.Run(request, timeout=DEADLINE)

    def output(self, place, *argv, **how):
        """The standard output of a command that must succeed."""
        ended = self.run(place, *argv, **how)
        assert (ended.exit.code, ended.exit.signal) == (0, ""), str(ended)
        return ended.stdout.decode()

    def refusal(self, place, *argv, **how):
        with self.session(place, *argv, **how) as session:
            return session.refusal()

    def takes(self, place):
        """Whether there is room for a command."""
        with self.session(place, "true") as session:
            try:
                return session.end().exit.code == 0
            except grpc.RpcError as error:
                assert Refusal(error).reason == "TOO_MANY_SESSIONS", Refusal(error)
                return False


class OneHost(unittest.TestCase):
    """For tests that share a host h1 with a namespace red, and a caller."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        cls.host = cls.fleet.host("h1", "--enable-exec", "--exec-grace", "200ms")
        cls.fleet.warren("netns", "add", "h1/red")
        cls.caller = cls.enterClassContext(Caller(cls.fleet.target))
