"""`warren exec` as people and scripts use it: exit codes, pipes, signals, patterns; /proc on the host is the witness."""

import hashlib
import os
import select
import signal
import subprocess
import unittest

from fleet import BIN, Fleet, wait_until


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        self.host = self.fleet.host("h1", "--enable-exec", "--exec-grace", "200ms")
        self.fleet.warren("netns", "add", "h1/red")

    def start(self, *args, **streams):
        """`warren exec h1/red ARGS`, whose end the test waits for."""
        process = subprocess.Popen([BIN / "warren", "--server", self.fleet.target, "exec", "h1/red", *args], **streams)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def running(self, marker):
        """Processes on this machine that have the marker as a word of their command line."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            if marker.encode() in words and words[0] != str(BIN / "warren").encode():
                found.append(pid)
        return found

    def test_its_exit_code_is_the_commands_or_says_why_there_is_none(self):
        for code, args in (
            (0, ["--", "true"]),
            (7, ["--", "sh", "-c", "exit 7"]),
            (137, ["--", "sh", "-c", "kill -KILL $$"]),
            (124, ["--timeout", "100ms", "--", "sleep", "100"]),
            (125, ["--user", "no-such-user", "--", "true"]),
            (125, ["--no-such-flag", "--", "true"]),
            (126, ["--", "/etc/passwd"]),
            (127, ["--", "no-such-command"]),
        ):
            with self.subTest(args=args):
                self.fleet.refused("exec", "h1/red", *args, code=code)
        self.fleet.refused("exec", "h1/blue", "--", "true", code=125)
        self.fleet.refused("exec", "nowhere/red", "--", "true", code=125)

    def test_bytes_pass_both_ways_as_they_are_and_it_ends_at_once(self):
        data = os.urandom(1 << 20) * 48
        process = self.start("-i", "--", "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = process.communicate(data, timeout=30)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(hashlib.sha256(out).digest(), hashlib.sha256(data).digest())

    def test_a_reader_that_leaves_ends_the_command_as_in_any_pipe(self):
        process = self.start("--", "sh", "-c", "yes marker-yes; true", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"marker-yes\n")
        process.stdout.close()
        self.assertEqual(process.wait(30), 128 + signal.SIGPIPE)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        wait_until(lambda: not self.running("marker-yes"), "the command to end")

    def test_signals_are_the_commands_and_the_third_ends_the_session(self):
        script = "trap 'echo caught' INT TERM; echo up; while :; do sleep 100 & wait; done"
        process = self.start("--", "sh", "-c", script, "marker-signals", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"up\n")
        for number in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
            self.assertEqual(process.stdout.readline(), b"caught\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 128 + signal.SIGINT)
        self.assertEqual(process.stderr.read(), b"warren exec: h1/red: session ended; the command is hung up\n")
        process.stdout.close()
        process.stderr.close()
        wait_until(lambda: not self.running("marker-signals"), "the command to end")

    def test_a_hangup_ends_the_session_even_of_a_command_that_ignores_it(self):
        process = self.start("--", "sh", "-c", "trap '' HUP; echo up; sleep 100; true", "marker-hangup",
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.assertEqual(process.stdout.readline(), b"up\n")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(30), 128 + signal.SIGHUP)
        process.stdout.close()
        wait_until(lambda: not self.running("marker-hangup"), "the command to end")

    def test_other_signals_pass_too_and_do_not_count(self):
        script = "trap 'echo one' USR1; trap 'echo quit' QUIT; echo up; while :; do sleep 100 & wait; done"
        process = self.start("--", "sh", "-c", script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.assertEqual(process.stdout.readline(), b"up\n")
        for number, word in ((signal.SIGUSR1, b"one\n"), *((signal.SIGQUIT, b"quit\n"),) * 4):
            process.send_signal(number)
            self.assertEqual(process.stdout.readline(), word)
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(30), 128 + signal.SIGHUP)
        process.stdout.close()

    def test_output_that_cannot_be_written_is_said_and_is_no_broken_pipe(self):
        with open("/dev/full", "wb") as full:
            for place in (["h1/red"], ["h1/*"]):
                done = subprocess.run([BIN / "warren", "--server", self.fleet.target, "exec", *place, "--", "echo", "hi"],
                                      stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 125, done.stderr)
                self.assertIn("No space left on device", done.stderr)

    def test_a_standard_stream_that_is_closed_is_no_other_file(self):
        def shell(command):
            environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "WARREN_SERVER": self.fleet.target}
            return subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=60)

        done = shell("echo x | warren exec h1/red -i -- cat <&-; echo $?")
        self.assertEqual((done.stdout, done.stderr), ("0\n", ""))
        self.assertEqual(shell("warren exec h1/red -- sh -c 'echo out; echo err >&2' 2>&-; echo $?").stdout, "out\n0\n")
        done = shell("warren exec h1/red -- echo out >&-")
        self.assertEqual(done.returncode, 125)
        self.assertIn("Bad file descriptor", done.stderr)

    def test_a_signal_ends_it_though_nobody_reads_its_output(self):
        for place in ("h1/red", "h1/*"):
            with self.subTest(place=place):
                reader, writer = os.pipe()
                process = subprocess.Popen(
                    [BIN / "warren", "--server", self.fleet.target, "exec", place, "--", "yes", "marker-unread"],
                    stdout=writer,
                )
                self.addCleanup(lambda process=process: process.poll() is None and process.kill())
                wait_until(lambda: not select.select([], [writer], [], 0)[1], "the pipe to be full")
                process.send_signal(signal.SIGHUP)
                self.assertEqual(process.wait(30), 128 + signal.SIGHUP)
                os.close(reader)
                os.close(writer)
                wait_until(lambda: not self.running("marker-unread"), "the command to end")

    def test_a_signal_ends_it_while_there_is_no_server_yet(self):
        process = subprocess.Popen(
            [BIN / "warren", "--server", f"unix:{self.fleet.directory}/nobody.sock", "exec", "h1/red", "--", "true"],
            stderr=subprocess.PIPE, text=True,
        )
        # It says that it tries again once it has waited for some time.
        self.assertIn("trying again", process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 128 + signal.SIGTERM)
        process.stderr.close()

    def test_a_pattern_runs_it_on_every_host_with_the_place_before_each_line(self):
        self.fleet.host("h2", "--enable-exec")
        for place in ("h1/blue", "h2/red"):
            self.fleet.warren("netns", "add", place)
        done = self.fleet.run("exec", "*/*", "--parallel", "2", "--", "sh", "-c",
                              'echo "$WARREN_HOST $WARREN_NAMESPACE"; [ $WARREN_NAMESPACE = red ]')
        self.assertEqual(sorted(done.stdout.splitlines()), ["h1/blue: h1 blue", "h1/red: h1 red", "h2/red: h2 red"])
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "warren exec: 3 namespaces on 2 hosts: 2 succeeded, 1 failed\n"
                                      "  h1/blue: exit code 1\n")
        self.assertEqual(self.fleet.warren("exec", "h2/r*", "--", "echo", "hi"), "h2/red: hi\n")
        self.fleet.hosts["h2"].agent.kill()
        wait_until(lambda: not self.fleet.json("hosts", "show", "h2").get("connected"), "the server to notice")
        done = self.fleet.run("exec", "*/red", "--", "true")
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr, r"1 succeeded, 1 not run to the end\n  h2/red: UNAVAILABLE: .*h2")
        self.fleet.hosts["h2"].start_agent()

    def test_a_signal_ends_all_of_many(self):
        self.fleet.warren("netns", "add", "h1/blue")
        process = subprocess.Popen(
            [BIN / "warren", "--server", self.fleet.target, "exec", "h1/*", "--", "sh", "-c", "echo up; sleep 100; true",
             "marker-many"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.assertEqual(sorted([process.stdout.readline(), process.stdout.readline()]), ["h1/blue: up\n", "h1/red: up\n"])
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 128 + signal.SIGINT)
        self.assertIn("0 succeeded, 2 not run to the end", process.stderr.read())
        process.stdout.close()
        process.stderr.close()
        wait_until(lambda: not self.running("marker-many"), "the commands to end")


if __name__ == "__main__":
    unittest.main(verbosity=2)
