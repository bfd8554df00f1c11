"""Commands that are no good, or behave badly: what cannot be run, arguments and bytes of every kind, and commands that
try to outlive their session. /proc is the witness of what is left."""

import hashlib
import pathlib
import unittest

from exec_client import Caller, OneHost, Refusal, grpc, marked, new_mark, wait_gone
from fleet import SLOWNESS, Fleet, wait_until
from processes import children

MIB = 1 << 20
ALL_BYTES = bytes(range(256))


# In place of all that was mounted there, which may hide one another.
MOUNT_CGROUPS = """
while umount --recursive --lazy /sys 2> /dev/null; do :; done
mount -t sysfs sysfs /sys && mount -t cgroup2 none /sys/fs/cgroup
"""


class Trouble(OneHost):
    def test_what_is_not_there_is_named(self):
        for place, argv, how, code, reason in (
            ("h1/blue", ["true"], {}, "NOT_FOUND", "NAMESPACE_NOT_FOUND"),
            ("h9/red", ["true"], {}, "NOT_FOUND", "HOST_NOT_FOUND"),
            # Not a way out of the directory that names lie in.
            ("h1/=2E=2E=2F=2E=2E=2Fproc=2F1=2Fns=2Fnet", ["true"], {}, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
            ("h1/red", ["no-such-command"], {}, "NOT_FOUND", "COMMAND_NOT_FOUND"),
            ("h1/red", ["/no/such/command"], {}, "NOT_FOUND", "COMMAND_NOT_FOUND"),
            ("h1/red", ["/etc/passwd"], {}, "FAILED_PRECONDITION", "COMMAND_NOT_EXECUTABLE"),
            ("h1/red", ["/etc"], {}, "FAILED_PRECONDITION", "COMMAND_NOT_EXECUTABLE"),
            ("h1/red", ["true"], {"cwd": "/no/such/directory"}, "NOT_FOUND", "DIRECTORY_NOT_FOUND"),
            ("h1/red", ["true"], {"user": "no-such-user"}, "NOT_FOUND", "USER_NOT_FOUND"),
            ("h1/red", ["true"], {"user": "root:no-such-group"}, "NOT_FOUND", "USER_NOT_FOUND"),
        ):
            with self.subTest(argv=argv, place=place, **how):
                refusal = self.caller.refusal(place, *argv, **how)
                self.assertEqual((refusal.code, refusal.reason), (code, reason), refusal)

    def test_what_stands_in_the_place_of_a_namespace_is_named_with_what_removes_it(self):
        self.host.run("sh", "-c", "umask 777; : > /run/netns/file")
        self.addCleanup(self.host.run, "rm", "-f", "/run/netns/file")
        wait_until(lambda: "file" in self.fleet.warren("netns", "list", "h1"), "the inventory to have it")
        refusal = self.caller.refusal("h1/file", "true")
        self.assertEqual(refusal.code, "FAILED_PRECONDITION", refusal)
        self.assertIn("a plain file: nothing is mounted on it; DeleteNamespace with force removes it", refusal.message)

    def test_what_makes_no_sense_is_a_bad_field(self):
        for field, how in (
            ("cwd", {"cwd": "relative"}),
            ("env", {"env": {"A=B": "c"}}),
            ("argv", {"raw_argv": [b"true"]}),
            ("user", {"user": "root:"}),
        ):
            with self.subTest(field):
                refusal = self.caller.refusal("h1/red", "true", **how)
                self.assertEqual(refusal.code, "INVALID_ARGUMENT", refusal)
                self.assertIn(field, refusal.message)

    def test_a_mebibyte_of_arguments_arrives_as_it_is(self):
        arguments = [f"{i:01024d}" for i in range(MIB // 1025)]
        expected = hashlib.sha256(b"".join(a.encode() + b"\0" for a in arguments)).hexdigest()
        out = self.caller.output("h1/red", "sh", "-c", "printf '%s\\0' \"$@\" | sha256sum; echo $#", "sh", *arguments)
        self.assertEqual(out.split(), [expected, "-", str(len(arguments))])

    def test_the_longest_argument_the_kernel_takes_arrives_and_a_longer_one_is_refused(self):
        longest = 128 * 1024 - 1  # MAX_ARG_STRLEN, less the NUL
        out = self.caller.output("h1/red", "sh", "-c", 'echo ${#1}', "sh", "a" * longest)
        self.assertEqual(out, f"{longest}\n")
        for size in (longest + 1, MIB):
            refusal = self.caller.refusal("h1/red", "echo", "a" * size)
            self.assertEqual((refusal.code, refusal.reason), ("RESOURCE_EXHAUSTED", "ARGUMENTS_TOO_LONG"), refusal)

    def test_more_arguments_than_any_program_takes_are_refused(self):
        # All that a call may say, and the kernel does not take: it counts a pointer with each, too.
        refusal = self.caller.refusal("h1/red", "true", *["a" * 1023] * 2047)
        self.assertEqual((refusal.code, refusal.reason), ("RESOURCE_EXHAUSTED", "ARGUMENTS_TOO_LONG"), refusal)
        refusal = self.caller.refusal("h1/red", "true", *["a" * 1023] * 3072)
        self.assertEqual(refusal.code, "INVALID_ARGUMENT", refusal)
        self.assertIn("argv", refusal.message)
        # More than --max-message-bytes.
        refusal = self.caller.refusal("h1/red", "true", *["a" * 1023] * 4096)
        self.assertEqual(refusal.code, "RESOURCE_EXHAUSTED", refusal)

    def test_arguments_need_not_be_text(self):
        raw = ALL_BYTES[1:]
        ended = self.caller.run("h1/red", raw_argv=[b"printf", b"%s", raw])
        self.assertEqual((ended.stdout, ended.exit.code), (raw, 0), ended)

    def test_every_byte_is_passed_both_ways(self):
        data = ALL_BYTES * (6 * MIB // 256) + b"\0\xff\r\n\x04\x03"
        with self.caller.session("h1/red", "cat", stdin=True) as session:
            for begin in range(0, len(data), MIB):
                session.send(stdin=data[begin:begin + MIB])
            session.send(stdin_end={})
            ended = session.end()
        self.assertEqual((len(ended.stdout), hashlib.sha256(ended.stdout).digest(), ended.exit.code),
                         (len(data), hashlib.sha256(data).digest(), 0))

    def test_the_half_close_ends_standard_input_and_nothing_else(self):
        with self.caller.session("h1/red", "sh", "-c", "sha256sum; seq 100000; exit 5", stdin=True) as session:
            session.send(stdin=ALL_BYTES)
            session.half_close()
            ended = session.end()
        self.assertEqual(ended.stdout.split(maxsplit=1)[0].decode(), hashlib.sha256(ALL_BYTES).hexdigest())
        self.assertTrue(ended.stdout.endswith(b"\n100000\n"))
        self.assertEqual(ended.exit.code, 5)

    def test_input_that_nobody_reads_does_not_keep_the_end(self):
        with self.caller.session("h1/red", "true", stdin=True) as session:
            for _ in range(8):
                session.send(stdin=bytes(MIB))
            self.assertEqual(session.end().exit.code, 0)

    def test_a_command_that_closes_its_outputs_and_goes_on_tells_its_end(self):
        script = 'echo said; exec >&- 2>&-; read line; [ "$line" = go ]; exit 9'
        with self.caller.session("h1/red", "sh", "-c", script, stdin=True) as session:
            session.stdout(5)
            session.send(stdin=b"go\n")
            self.assertEqual(session.end().exit.code, 9)

    def test_run_returns_what_was_asked_for_and_counts_the_rest(self):
        ended = self.caller.run_captured("h1/red", "sh", "-c", "cat; seq 1000 >&2; exit 8", stdin=ALL_BYTES * 4096)
        self.assertEqual((ended.exit.code, ended.stdout_bytes, ended.stdout), (8, MIB, (ALL_BYTES * 4096)[:64 << 10]))
        self.assertEqual((ended.stderr_bytes, ended.stderr.split()[-1]), (3893, b"1000"))
        ended = self.caller.run_captured("h1/red", "cat", stdin=ALL_BYTES * 4096, max_output_bytes=MIB)
        self.assertEqual(ended.stdout, ALL_BYTES * 4096)
        for field, how in (("stdin", {"stdin": bytes(MIB + 1)}), ("max_output_bytes", {"max_output_bytes": MIB + 1})):
            with self.assertRaises(grpc.RpcError) as refused:
                self.caller.run_captured("h1/red", "cat", **how)
            self.assertEqual(Refusal(refused.exception).code, "INVALID_ARGUMENT")
            self.assertIn(field, Refusal(refused.exception).message)

    def test_a_signal_that_kills_it_is_told(self):
        ended = self.caller.run("h1/red", "sh", "-c", "kill -SEGV $$")
        self.assertEqual((ended.exit.code, ended.exit.signal, ended.exit.signal_number), (0, "SIGSEGV", 11))

    def test_one_signal_is_for_its_whole_group(self):
        # The shell waits; `sleep` gets the same signal.
        with self.caller.session("h1/red", "sh", "-c", "trap 'exit 6' USR1; sleep 987 & echo; wait") as session:
            session.stdout(1)
            session.send(signal={"name": "USR1"})
            self.assertEqual(session.end().exit.code, 6)


class Leavers(unittest.TestCase):
    """Commands that mean to stay, found by a variable that all they start inherits."""

    with_cgroups = False

    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        cls.host = cls.fleet.bare_host("h1")
        if cls.with_cgroups and cls.host.run("sh", "-c", MOUNT_CGROUPS, check=False).returncode != 0:
            raise unittest.SkipTest("SKIPPED: no cgroup (v2) file system can be mounted here")
        cls.host.start_agent("--enable-exec", "--exec-grace", "200ms")
        cls.fleet.warren("netns", "add", "h1/red")
        cls.fleet.host("patient", "--enable-exec", "--exec-grace", "60s")
        cls.caller = cls.enterClassContext(Caller(cls.fleet.target))

    def setUp(self):
        self.mark = new_mark()

    def nothing_left(self, started):
        wait_gone(self.mark)
        agent = self.host.agent.process.pid
        wait_until(lambda: not children(agent), "the agent to have no child left")
        self.assertEqual(list(self.cgroups(started)), [])

    def cgroups(self, started):
        root = pathlib.Path(f"/proc/{self.host.holder.pid}/root/sys/fs/cgroup")
        return root.glob(f"**/*{started.session_id}*")

    def test_the_class_has_the_cgroups_that_it_says(self):
        with self.caller.session("h1/red", "cat", stdin=True) as session:
            self.assertEqual(any(self.cgroups(session.started())), self.with_cgroups)

    def test_one_that_hears_no_signal_is_killed_when_its_caller_is_gone(self):
        script = "trap '' HUP TERM INT QUIT PIPE USR1 USR2; echo; while :; do sleep 1; done"
        with self.caller.session("h1/red", "sh", "-c", script, env=self.mark) as session:
            started = session.started()
            session.stdout(1)
            self.assertIn(started.pid, marked(self.mark))
        self.nothing_left(started)

    def test_one_that_is_stopped_is_ended_too(self):
        with self.caller.session("h1/red", "sh", "-c", "kill -STOP $$; exit 1", env=self.mark) as session:
            started = session.started()
            wait_until(lambda: self.state(started.pid) == "T", "the command to be stopped")
        self.nothing_left(started)

    def state(self, pid):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]

    # Forks twice, each time in a session of its own, and says when the last is there.
    DAEMON = "setsid sh -c 'setsid sh -c \"trap \\\"\\\" HUP TERM; echo there; exec sleep 987\" & exit' & wait; "

    def test_one_that_forked_away_is_found_when_its_caller_is_gone(self):
        with self.caller.session("h1/red", "sh", "-c", self.DAEMON + "exec cat", stdin=True, env=self.mark) as session:
            started = session.started()
            session.stdout(len(b"there\n"))
            # Nobody of its family knows it any more.
            self.assertGreaterEqual(len(marked(self.mark)), 2)
        self.nothing_left(started)

    def test_one_that_forked_away_is_gone_before_the_end_is_told(self):
        with self.caller.session("h1/red", "sh", "-c", self.DAEMON + "read go; exit 3", stdin=True,
                                 env=self.mark) as session:
            started = session.started()
            session.stdout(len(b"there\n"))
            session.send(stdin=b"go\n")
            ended = session.end()
            self.assertEqual(marked(self.mark), [])
        self.assertEqual(ended.exit.code, 3)
        self.nothing_left(started)

    def test_many_that_fork_all_the_time_are_all_ended(self):
        script = "trap '' HUP; echo; while :; do setsid sleep 987 & setsid sh -c 'sleep 0.01 & exit' & sleep 0.01; done"
        with self.caller.session("h1/red", "sh", "-c", script, env=self.mark) as session:
            started = session.started()
            wait_until(lambda: len(marked(self.mark)) > 20, "there to be many")
        self.nothing_left(started)

    def test_one_that_tidies_up_when_it_is_hung_up_can(self):
        left = self.fleet.directory / f"left-{self.mark['WARREN_TEST_MARK']}"
        script = f"trap 'echo bye; echo done > {left}; exit' HUP; echo; while :; do sleep 0.01; done"
        with self.caller.session("patient/@host", "sh", "-c", script, env=self.mark) as session:
            session.stdout(1)
        wait_gone(self.mark)
        self.assertEqual(left.read_text(), "done\n")

    def test_the_deadline_of_the_call_is_one_for_the_command(self):
        with self.caller.session("h1/red", "sleep", "987", env=self.mark, deadline=1.5 * SLOWNESS) as session:
            started = session.started()
            self.assertEqual(session.refusal().code, "DEADLINE_EXCEEDED")
        self.nothing_left(started)

    def test_its_helper_cannot_be_taken_from_it(self):
        # The command is root and knows its parent: kills the helper, and is killed itself.
        with self.caller.session("h1/red", "sh", "-c", "trap '' HUP; read go; kill -KILL $PPID; sleep 987", stdin=True,
                                 env=self.mark) as session:
            started = session.started()
            session.send(stdin=b"go\n")
            refusal = session.refusal()
        self.assertEqual((refusal.code, refusal.reason), ("ABORTED", "HELPER_LOST"), refusal)
        self.nothing_left(started)


class LeaversWithCgroups(Leavers):
    """The same where the agent can make a cgroup for each command."""

    with_cgroups = True


if __name__ == "__main__":
    unittest.main(verbosity=2)
