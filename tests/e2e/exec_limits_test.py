"""Limits of commands: how many, how long, how silent; and lists of what a host runs at all. Hosts that differ in their
flags stand side by side."""

import os
import unittest

from exec_client import Caller, marked, new_mark, wait_gone
from fleet import SLOWNESS, Fleet, wait_until

SHORT = 0.7 * SLOWNESS
IDLE = 1.5 * SLOWNESS


class Counts(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet([
            "--exec-max-sessions-per-host", "2", "--exec-max-sessions-per-caller", "3", "--exec-max-sessions", "4",
        ]))
        for host, flags in (("h1", []), ("h2", []), ("h3", ["--exec-max-sessions", "1"])):
            self.fleet.host(host, "--enable-exec", "--exec-grace", "200ms", *flags)
            self.fleet.warren("netns", "add", f"{host}/red")
        self.root = self.enterContext(Caller(self.fleet.target))
        self.local = self.enterContext(Caller(self.fleet.tcp_address()))

    def hold(self, caller, place):
        """A command that runs until it is ended."""
        session = self.enterContext(caller.session(place, "cat", stdin=True))
        session.started()
        return session

    def too_many(self, caller, place, flag):
        refusal = caller.refusal(place, "true")
        self.assertEqual((refusal.code, refusal.reason), ("RESOURCE_EXHAUSTED", "TOO_MANY_SESSIONS"), refusal)
        self.assertIn(flag, refusal.message)

    def test_each_limit_is_kept_and_named_and_a_place_is_free_when_the_end_is_heard(self):
        first = self.hold(self.root, "h1/red")
        self.hold(self.root, "h1/red")
        self.too_many(self.root, "h1/red", "--exec-max-sessions-per-host")
        self.too_many(self.local, "h1/red", "--exec-max-sessions-per-host")
        self.hold(self.root, "h2/red")
        self.too_many(self.root, "h2/red", "--exec-max-sessions-per-caller")
        # Who comes over loopback is somebody else.
        self.hold(self.local, "h2/red")
        self.too_many(self.local, "h3/red", "warren-server --exec-max-sessions)")
        first.half_close()
        self.assertEqual(first.end().exit.code, 0)
        self.hold(self.root, "h1/red")

    def test_the_agent_has_a_limit_of_its_own(self):
        only = self.hold(self.root, "h3/red")
        self.too_many(self.root, "h3/red", "runs 1 sessions already, the most it may (--exec-max-sessions)")
        only.half_close()
        self.assertEqual(only.end().exit.code, 0)
        # The agent has its place back when its own end of the call is over, a moment after the caller's.
        wait_until(lambda: self.root.takes("h3/red"), "the agent to take another one")


class Times(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        for host, flags in (("free", []), ("short", ["--exec-max-duration", f"{SHORT}s"]),
                            ("silent", ["--exec-idle-timeout", f"{IDLE}s"]),
                            ("both", ["--exec-max-duration", f"{SHORT}s", "--exec-idle-timeout", f"{IDLE}s",
                                      "--exec-max-sessions", "1"])):
            cls.fleet.host(host, "--enable-exec", "--exec-grace", "200ms", *flags)
            cls.fleet.warren("netns", "add", f"{host}/red")
        cls.caller = cls.enterClassContext(Caller(cls.fleet.target))

    def setUp(self):
        self.mark = new_mark()

    def ends(self, place, code, reason, **how):
        refusal = self.caller.refusal(place, "sh", "-c", "trap '' HUP; sleep 987", env=self.mark, **how)
        self.assertEqual((refusal.code, refusal.reason), (code, reason), refusal)
        self.assertEqual(marked(self.mark), [])

    def test_a_host_says_how_long_a_command_may_take(self):
        self.ends("short/red", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")
        # What the caller asks for does not prolong it.
        self.ends("short/red", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", timeout=3600)

    def test_a_caller_says_how_long_its_command_may_take(self):
        self.ends("free/red", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", timeout=1)
        self.ends("silent/red", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", timeout=1)

    def test_what_is_over_in_time_is_not_ended(self):
        self.assertEqual(self.caller.output("free/red", "echo", "hello", timeout=3600), "hello\n")

    def test_one_that_is_silent_too_long_is_ended_and_one_that_speaks_is_not(self):
        said = int(2 * IDLE / 0.1)
        with self.caller.session("silent/red", "sh", "-c",
                                 f"for i in $(seq {said}); do echo $i; sleep 0.1; done") as speaker:
            self.ends("silent/red", "ABORTED", "IDLE_TOO_LONG")
            ended = speaker.end()
        self.assertEqual((ended.stdout.split()[-1], ended.exit.code), (str(said).encode(), 0))

    def test_a_caller_that_stalls_keeps_its_place_no_longer_than_it_may_be_silent(self):
        with self.caller.session("both/red", "cat", "/dev/zero", env=self.mark) as session:
            session.started()
            wait_gone(self.mark)
            wait_until(lambda: self.caller.takes("both/red"), "the place to be free")
            session.refusal()


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        cls.directory = cls.fleet.directory / "commands"
        cls.directory.mkdir()
        cls.script("show", "echo $(basename $0) $*")
        for place in ("bin", "elsewhere/bin"):
            (cls.directory / place).mkdir(parents=True)
        # One program of several names, as busybox and kmod are: what it does is by the name.
        (cls.directory / "bin" / "look").symlink_to(cls.directory / "show")
        (cls.directory / "bin" / "erase").symlink_to(cls.directory / "show")
        (cls.directory / "other").symlink_to("bin")
        cls.script("elsewhere/bin/look", "echo something else")
        cls.look = str(cls.directory / "bin" / "look")
        cls.fleet.host("listed", "--enable-exec", "--exec-allow", "/usr/bin/seq 1 *", "--exec-allow", "/bin/echo ...",
                       "--exec-allow", f"{cls.look} ...")
        cls.fleet.host("users", "--enable-exec", "--exec-allow-user", "nobody", "--exec-allow-user", "1234:1234")
        for host in ("listed", "users"):
            cls.fleet.warren("netns", "add", f"{host}/red")
        cls.caller = cls.enterClassContext(Caller(cls.fleet.target))

    @classmethod
    def script(cls, name, text):
        path = cls.directory / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def denied(self, place, *argv, reason="COMMAND_NOT_ALLOWED", **how):
        with self.subTest(argv=argv, **how):
            refusal = self.caller.refusal(place, *argv, **how)
            self.assertEqual((refusal.code, refusal.reason), ("PERMISSION_DENIED", reason), refusal)
            return refusal

    def test_a_host_with_a_list_runs_what_is_on_it(self):
        self.assertEqual(self.caller.output("listed/red", "seq", "1", "2"), "1\n2\n")
        self.assertEqual(self.caller.output("listed/red", "/bin/echo", "a", "b"), "a b\n")
        self.assertEqual(self.caller.output("listed/red", self.look, "x"), "look x\n")
        # By another way to the same place.
        self.assertEqual(self.caller.output("listed/red", str(self.directory / "other/look"), "x"), "look x\n")
        self.assertEqual(self.caller.output("listed/red", "seq", "1", "2", env={"LC_ALL": "C", "TZ": "UTC"}), "1\n2\n")

    def test_and_nothing_else(self):
        refusal = self.denied("listed/red", "id")
        self.assertIn("/usr/bin/seq 1 *", refusal.message)
        self.denied("listed/red", "seq", "2", "3")
        self.denied("listed/red", "seq", "1", "2", "3")
        self.denied("listed/red", "seq")
        self.denied("listed/red", "sh", "-c", "seq 1 2")
        self.denied("listed/red", str(self.directory / "show"))
        self.denied("listed/red", terminal={"rows": 24, "columns": 80})  # a shell
        for variable in ("PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "IFS", "LD_AUDIT"):
            self.denied("listed/red", "seq", "1", "2", env={variable: "/"}, reason="VARIABLE_NOT_ALLOWED")

    def test_a_program_of_several_names_is_what_its_name_says(self):
        self.denied("listed/red", str(self.directory / "bin/erase"), "x")

    def test_a_relative_path_is_none_of_the_list(self):
        # It would be looked up in one directory, and executed in another.
        relative = self.look.lstrip("/")
        elsewhere = self.directory / "root"
        (elsewhere / relative).parent.mkdir(parents=True)
        (elsewhere / relative).symlink_to(self.directory / "elsewhere/bin/look")
        self.denied("listed/red", relative, cwd=str(elsewhere))
        self.denied("listed/red", relative)

    def test_a_path_that_leads_elsewhere_for_the_command_is_not_followed(self):
        # What is listed as the agent sees it, and another program from the directory that the command begins in.
        agent = self.fleet.hosts["listed"].agent.process.pid
        path = "/proc/self/cwd/" + os.path.relpath(self.look, os.readlink(f"/proc/{agent}/cwd"))
        elsewhere = self.directory / "from"
        elsewhere.joinpath(self.look.lstrip("/")).parent.mkdir(parents=True)
        elsewhere.joinpath(self.look.lstrip("/")).symlink_to(self.directory / "elsewhere/bin/look")
        self.assertEqual(self.caller.output("listed/red", path, "x", cwd=str(elsewhere)), "look x\n")

    def test_a_host_with_a_list_of_users_runs_as_nobody_else(self):
        self.assertEqual(self.caller.output("users/red", "id", "-u", user="nobody"), "65534\n")
        self.assertEqual(self.caller.output("users/red", "id", "-u", user="1234:1234"), "1234\n")
        for user in ("", "root", "0", "0:0", "nobody:root", "nobody:0", "65534:0", "1234:0"):
            refusal = self.denied("users/red", "id", user=user, reason="USER_NOT_ALLOWED")
            self.assertIn("nobody", refusal.message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
