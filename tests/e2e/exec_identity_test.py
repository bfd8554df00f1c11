"""Who a command runs as and what it is given, who may ask for one, and what is written down about it."""

import json
import os
import stat
import subprocess
import sys
import unittest

from exec_client import Caller, OneHost, new_mark, wait_gone
from fleet import BIN, Fleet, wait_until

NOBODY = "65534"

# Asks as another user: everything is imported before it is one, which may not be let at the files.
AS_USER = """
import os, sys
sys.path.insert(0, sys.argv[1])
import exec_client
uid = int(sys.argv[3])
os.chdir(sys.argv[2])
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
with exec_client.Caller("unix:server.sock") as caller:
    try:
        print(caller.run("h1/red", "id", "-u").stdout.decode().strip())
    except exec_client.grpc.RpcError as error:
        print(exec_client.Refusal(error))
"""


class Identity(OneHost):
    def status(self, **how):
        """/proc/self/status of a command."""
        lines = self.caller.output("h1/red", "cat", "/proc/self/status", **how).splitlines()
        return {key: value.split() for key, value in (line.split(":", 1) for line in lines)}

    def test_a_user_is_wholly_that_user(self):
        status = self.status(user="nobody")
        self.assertEqual((status["Uid"], status["Gid"]), ([NOBODY] * 4, [NOBODY] * 4))
        self.assertEqual(status["Groups"], [NOBODY])
        self.assertEqual(status["NoNewPrivs"], ["1"])
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(status[capabilities][0], 16), 0, capabilities)
        for user, uid, gid in (("1234:1235", "1234", "1235"), (f"{NOBODY}:root", NOBODY, "0"), ("0:0", "0", "0")):
            status = self.status(user=user)
            self.assertEqual((status["Uid"], status["Gid"]), ([uid] * 4, [gid] * 4), user)

    def test_root_gets_no_more_by_executing_something(self):
        status = self.status()
        self.assertEqual((status["Uid"], status["NoNewPrivs"]), (["0"] * 4, ["1"]))
        with open(f"/proc/{self.host.agent.process.pid}/status", encoding="ascii") as agent:
            has = next(line.split()[1] for line in agent if line.startswith("CapEff"))
        self.assertEqual(status["CapEff"], [has])

    def test_nobody_cannot_become_root(self):
        self.host.run("install", "--mode", "4755", "/usr/bin/id", "/run/as-root")
        witness = self.host.run("setpriv", "--reuid", NOBODY, "--clear-groups", "/run/as-root", "-u")
        self.assertEqual(witness.stdout, "0\n")
        self.assertEqual(self.caller.output("h1/red", "/run/as-root", "-u", user="nobody"), NOBODY + "\n")

    def test_its_signals_and_its_mask_are_as_a_program_expects_them(self):
        status = self.status()
        c_library = 0b11 << 31  # signals 32 and 33, which posix_spawn(3) leaves ignored
        for mask in ("SigBlk", "SigIgn", "SigCgt"):
            self.assertEqual(int(status[mask][0], 16) & ~c_library, 0, mask)
        self.assertEqual(self.caller.output("h1/red", "sh", "-c", "umask"), "0022\n")

    def test_its_environment_is_what_is_documented_and_what_was_asked_for(self):
        def environment(**how):
            lines = self.caller.output("h1/red", "env", "-0", **how).split("\0")
            return dict(line.split("=", 1) for line in lines if line)

        basic = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "WARREN_HOST", "WARREN_NAMESPACE"}
        mine = environment()
        self.assertEqual(set(mine), basic)
        self.assertEqual((mine["HOME"], mine["USER"], mine["WARREN_HOST"], mine["WARREN_NAMESPACE"]),
                         ("/root", "root", "h1", "red"))
        given = {"A": "b\nc=d", "HOME": "/elsewhere", "EMPTY": "", "UMLAUT": "ä"}
        theirs = environment(user="nobody", env=given)
        self.assertEqual(set(theirs), basic | set(given))
        self.assertEqual({key: theirs[key] for key in given}, given)
        self.assertEqual(theirs["USER"], "nobody")

    def test_a_terminal_has_a_name(self):
        script = ["sh", "-c", 'echo "<$TERM>"']
        terminal = {"rows": 24, "columns": 80}
        self.assertRegex(self.caller.run("h1/red", *script, terminal=terminal).stdout, b"<[a-z].*>")
        given = self.caller.run("h1/red", *script, terminal=terminal, env={"TERM": "dumb"})
        self.assertEqual(given.stdout, b"<dumb>\r\n")

    def test_it_begins_where_it_is_told(self):
        self.assertEqual(self.caller.output("h1/red", "pwd"), "/\n")
        self.assertEqual(self.caller.output("h1/red", "pwd", cwd="/usr/share"), "/usr/share\n")
        # The directory is looked at as the user.
        closed = self.host.run("sh", "-c", "mkdir -m 700 /run/closed && echo /run/closed").stdout.strip()
        refusal = self.caller.refusal("h1/red", "pwd", cwd=closed, user="nobody")
        self.assertEqual(refusal.code, "FAILED_PRECONDITION", refusal)

    def test_it_has_three_descriptors(self):
        for how in ({}, {"stdin": True}, {"terminal": {"rows": 24, "columns": 80}}, {"user": "nobody"}):
            with self.subTest(**how), self.caller.session("h1/red", "ls", "-l", "/proc/self/fd", **how) as session:
                session.half_close()
                lines = [line.split() for line in session.end().stdout.decode().splitlines()[1:]]
            names = {name: target for *_, name, _, target in lines}
            # The fourth is the directory that `ls` reads.
            self.assertRegex(names.pop("3"), r"^/proc/\d+/fd$")
            self.assertEqual(sorted(names), ["0", "1", "2"])
            if "terminal" not in how:
                self.assertEqual(names["0"].split(":")[0], "pipe" if "stdin" in how else "/dev/null")


class Audit(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        self.host = self.fleet.bare_host("h1")
        self.caller = self.enterContext(Caller(self.fleet.target))
        self.mark = new_mark()
        self.path = self.fleet.directory / "agent-h1" / "exec-audit.jsonl"

    def start(self, *flags):
        self.host.start_agent("--enable-exec", "--exec-grace", "200ms", *flags)
        self.fleet.warren("netns", "add", "h1/red", "--allow-existing")

    def lines(self, path=None):
        return [json.loads(line) for line in (path or self.path).read_text().splitlines()]

    def last(self, count):
        return wait_until(lambda: len(self.lines()) >= count and self.lines()[count - 1], f"{count} lines of the log")

    def test_the_beginning_is_on_disk_before_the_command_does_anything(self):
        self.start()
        with self.caller.session("h1/red", "cat", str(self.path)) as session:
            started = session.started()
            seen = [json.loads(line) for line in session.end().stdout.decode().splitlines()]
        self.assertEqual([(line["event"], line["session"]) for line in seen], [("start", started.session_id)])
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_a_command_has_two_lines_that_tell_who_did_what_where_and_what_came_of_it(self):
        self.start()
        raw = [b"sh", b"-c", b"cat; echo bye >&2; exit 3", b"\xff\"\\\n\x01", "ü".encode()]
        with self.caller.session("h1/red", raw_argv=raw, stdin=True, user="nobody") as session:
            session.send(stdin=b"12345")
            session.half_close()
            self.assertEqual(session.end().exit.code, 3)
        end = self.last(2)
        start = self.lines()[0]
        for line in (start, end):
            self.assertEqual((line["caller"], line["host"], line["namespace"], line["user"]),
                             (f"uid {os.getuid()}", "h1", "red", "nobody"))
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertEqual((start["event"], end["event"]), ("start", "end"))
        self.assertEqual(start["session"], end["session"])
        self.assertEqual((len(start["argv"]), start["argv"][:3], start["argv"][4], start["terminal"]),
                         (5, ["sh", "-c", "cat; echo bye >&2; exit 3"], "ü", False))
        self.assertEqual((end["exit"], end["bytes_in"], end["bytes_out"]), (3, 5, 9))
        self.assertNotIn("ended_by", end)

    def test_how_a_command_was_ended_and_what_was_refused_is_written_down(self):
        self.start("--exec-allow-user", "root")
        with self.caller.session("h1/red", "sh", "-c", "echo; exec sleep 987", env=self.mark) as session:
            session.stdout(1)
        wait_gone(self.mark)
        end = self.last(2)
        self.assertEqual((end["event"], end["signal"]), ("end", "SIGHUP"))
        self.assertIn("CANCELLED", end["ended_by"].upper())
        self.caller.refusal("h1/red", "no-such-command")
        self.assertIn("no-such-command", self.last(4)["ended_by"])
        self.caller.refusal("h1/red", "id", user="nobody")
        refused = self.last(5)
        self.assertEqual((refused["event"], refused["user"], refused["argv"]), ("refused", "nobody", ["id"]))
        with Caller(self.fleet.tcp_address()) as local:
            local.output("h1/red", "true")
        self.assertEqual(self.last(6)["caller"], "local")
        self.assertIn("127.0.0.1", self.last(6)["source"])

    def test_a_log_that_was_renamed_is_begun_anew(self):
        self.start()
        self.caller.output("h1/red", "true")
        self.last(2)
        old = self.path.with_name("old")
        self.path.rename(old)
        self.caller.output("h1/red", "echo")
        self.last(2)
        self.assertEqual([line["argv"] for path in (old, self.path) for line in self.lines(path) if "argv" in line],
                         [["true"], ["echo"]])

    def test_nothing_is_run_that_cannot_be_recorded(self):
        self.start("--exec-audit-log", "/dev/full")
        trace = self.fleet.directory / "trace"
        refusal = self.caller.refusal("h1/red", "touch", str(trace))
        self.assertEqual((refusal.code, refusal.reason), ("FAILED_PRECONDITION", "AUDIT_LOG_FAILED"), refusal)
        self.assertFalse(trace.exists())


class Access(unittest.TestCase):
    def fleet_with(self, *flags):
        fleet = self.enterContext(Fleet(flags))
        fleet.host("h1", "--enable-exec")
        fleet.warren("netns", "add", "h1/red")
        # Others than root can reach the socket.
        fleet.directory.chmod(0o755)
        fleet.socket.chmod(0o666)
        return fleet

    def ask(self, fleet, uid):
        """What a user on the server's machine is answered over its socket."""
        here = os.path.dirname(os.path.abspath(__file__))
        done = subprocess.run([sys.executable, "-B", "-c", AS_USER, here, fleet.directory, str(uid)],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_root_may_and_others_may_not(self):
        fleet = self.fleet_with()
        self.assertEqual(self.ask(fleet, 0), "0\n")
        refused = self.ask(fleet, 1234)
        self.assertRegex(refused, "^PERMISSION_DENIED EXEC_NOT_OFFERED: uid 1234 ")
        self.assertIn("--exec-uid 1234", refused)
        # Everything else is as the socket's mode has it.
        with Caller(fleet.tcp_address()) as local:
            self.assertEqual(local.output("h1/red", "id", "-u"), "0\n")

    def test_who_is_listed_may_instead(self):
        fleet = self.fleet_with("--exec-uid", "1234,1235", "--exec-loopback", "off")
        self.assertEqual(self.ask(fleet, 1234), "0\n")
        self.assertEqual(self.ask(fleet, 1235), "0\n")
        for uid in (0, 1236):
            self.assertRegex(self.ask(fleet, uid), f"^PERMISSION_DENIED EXEC_NOT_OFFERED: uid {uid} ")
        with Caller(fleet.tcp_address()) as local:
            refusal = local.refusal("h1/red", "true")
        self.assertEqual((refusal.code, refusal.reason), ("PERMISSION_DENIED", "EXEC_NOT_OFFERED"), refusal)
        self.assertIn("--exec-loopback=off", refusal.message)
        # Who may not is told nothing about hosts either.
        with Caller(fleet.tcp_address()) as local:
            self.assertEqual(local.refusal("no-such-host/red", "true").reason, "EXEC_NOT_OFFERED")

    def test_the_server_listens_nowhere_that_others_reach(self):
        fleet = self.enterContext(Fleet())
        for flag in ("--grpc-listen", "--http-listen"):
            done = subprocess.run(
                [str(BIN / "warren-server"), flag, "0.0.0.0:0", "--state-dir", fleet.directory / "second",
                 "--run-dir", fleet.directory],
                capture_output=True, text=True, timeout=60,
            )
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("0.0.0.0", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
