"""Somebody at a terminal (tmux.py) works in a remote namespace by `warren shell`, and has the terminal back afterwards.

Skipped, and says so, where one of the programs that are used there is missing. WARREN_SHOW names a directory for the
screens that were seen, as text, for people to look at.
"""

import os
import pathlib
import pwd
import re
import shutil
import signal
import unittest

from fleet import BIN, Fleet, wait_until
from tmux import Shell, Window

MISSING = " ".join(tool for tool in ("tmux", "vim.tiny", "top", "bash") if not shutil.which(tool))

# Root's shell, if that is one whose prompt is known here. It gets the local HOME, by which all that is started from the
# window is known.
ENTER = "warren shell h1/red -e HOME" + ("" if pwd.getpwuid(0).pw_shell.endswith("/bash") else " bash")
SMALL, LARGE = (80, 14), (100, 24)


def processes():
    """Every process: PID to (arguments, environment, fields of /proc/PID/stat from the third on)."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            arguments, environment = ((entry / name).read_bytes().decode(errors="replace").split("\0")[:-1]
                                      for name in ("cmdline", "environ"))
        except OSError:
            continue  # it ended meanwhile
        if stat[0] not in "ZX":
            found[int(entry.name)] = arguments, environment, stat
    return found


@unittest.skipIf(MISSING, f"SKIPPED: terminal programs are not on the PATH: {MISSING}; deploy/install-deps.sh has them")
class Terminal(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        self.host = self.fleet.host("h1", "--enable-exec", "--exec-grace", "200ms")
        self.fleet.warren("netns", "add", "h1/red")
        self.home = self.fleet.directory / "home"
        self.home.mkdir()
        (self.home / ".bashrc").write_text(r"PS1='remote:\#$ '; unset HISTFILE" "\n")
        # After the window was closed, in whatever state the test was then.
        self.addCleanup(self.await_nothing_left)
        environment = {
            "HOME": str(self.home), "PATH": f"{BIN}:{os.environ['PATH']}", "WARREN_SERVER": self.fleet.target
        }
        self.window = self.enterContext(Window(self.fleet.directory, environment, *LARGE))
        self.local = self.window.shell

    def started_here(self, *environment):
        """What runs of what was started in the window, on either side: PID to its arguments."""
        wanted = {f"HOME={self.home}", *environment}
        return {pid: arguments for pid, (arguments, has, _) in processes().items() if wanted.issubset(has)}

    def remote_processes(self):
        """Of those the ones in the namespace, and whoever looks after them."""
        helpers = {pid: arguments for pid, (arguments, *_) in processes().items() if arguments[:1] == ["warren-nsexec"]}
        return self.started_here("WARREN_NAMESPACE=red") | helpers

    def await_nothing_left(self):
        wait_until(lambda: not self.started_here() and not self.remote_processes(), "all that was started to be gone")

    def await_foreground(self, *arguments):
        """Waits until a program is the one that its terminal's keys are for."""
        def find():
            # state, ppid, pgrp, session, tty, tpgid
            return any(of == list(arguments) and stat[2] == stat[5] for of, _, stat in processes().values())

        wait_until(find, f"{arguments} in the foreground")

    def enter(self):
        self.local.begin(ENTER)
        remote = Shell(self.window, "remote")
        remote.await_prompt()
        self.assertTrue(self.window.raw())
        return remote

    def await_size(self, shell, columns, rows):
        wait_until(lambda: shell.run("stty size") == f"{rows} {columns}", "the terminal to have the window's size")

    def show(self, name):
        if "WARREN_SHOW" in os.environ:
            (pathlib.Path(os.environ["WARREN_SHOW"]) / f"{name}.txt").write_text(self.window.screen())

    def test_a_shell_has_history_and_job_control_and_returns_what_its_last_command_did(self):
        self.host.run("ip", "-n", "red", "link", "add", "eth7", "type", "bridge")
        remote = self.enter()
        links = [line.split()[0] for line in remote.run("ip -br link").splitlines()]
        self.assertEqual(sorted(links), ["eth7", "lo"])

        self.assertEqual(remote.run("echo $((6 * 7))"), "42")
        remote.begin("echo $((6 * 7))", recalled_by="Up")
        self.assertEqual(remote.ended("echo $((6 * 7))"), "42")

        remote.begin("sleep 1001")
        self.await_foreground("sleep", "1001")
        self.window.keys("C-c")
        self.assertEqual(remote.ended("sleep 1001"), "^C")
        self.assertEqual(remote.run("echo $?"), "130")

        remote.run("sleep 1002 &")
        self.assertRegex(remote.run("jobs"), r"^\[1\]\+ +Running +sleep 1002 &$")
        remote.begin("fg")
        self.await_foreground("sleep", "1002")
        self.window.keys("C-z")
        self.assertRegex(remote.ended("fg"), r"\[1\]\+ +Stopped +sleep 1002$")
        remote.begin("fg")
        self.await_foreground("sleep", "1002")
        self.window.keys("C-c")
        remote.ended("fg")
        remote.run("(exit 7)")
        self.show("bash")

        self.window.keys("C-d")
        self.assertTrue(self.local.ended(ENTER).endswith("exit"))
        self.assertEqual(self.local.run("echo $?"), "7")
        self.assertEqual(self.remote_processes(), {})

    def test_a_full_screen_program_is_drawn_to_the_size_of_the_window(self):
        remote = self.enter()
        for columns, rows in (SMALL, LARGE, SMALL):
            self.window.resize(columns, rows)
            self.await_size(remote, columns, rows)
        # So many that they fill the window.
        remote.run("for i in {1..20}; do sleep 1000 & done 2> /dev/null")
        remote.begin("top -d 0.5")

        def drawn(columns, rows):
            def as_wanted(lines):
                tasks = [line for line in lines[7:] if re.match(r" *\d+ root ", line)]
                return (lines[0].startswith("top - ") and len(lines) == rows and len(tasks) == rows - 7
                        and lines[6].startswith("    PID USER ") and len(lines[6]) == columns)
            return as_wanted

        self.window.wait_lines(drawn(*SMALL), "top in a small window")
        self.show("top-small")
        self.window.resize(*LARGE)
        self.window.wait_lines(drawn(*LARGE), "top in a larger window")
        self.show("top-large")
        self.window.resize(*SMALL)
        self.window.wait_lines(drawn(*SMALL), "top in a small window again")
        self.window.keys("q")
        remote.await_prompt()
        self.assertEqual(remote.run("stty size"), f"{SMALL[1]} {SMALL[0]}")

    def test_an_editor_edits_in_a_window_that_changes(self):
        self.window.resize(*SMALL)
        remote = self.enter()
        remote.begin("vim.tiny ~/text")

        def drawn(columns, rows, written, mode, place):
            def as_wanted(lines):
                return (lines[:-1] == written + ["~"] * (rows - 1 - len(written))
                        and lines[-1].startswith(mode) and lines[-1][columns - 18 :].startswith(place))
            return lambda lines: as_wanted([line.rstrip() for line in lines])

        self.window.wait_lines(drawn(*SMALL, [""], '"~/text"', "0,0-1"), "the editor")
        self.window.type("i")
        self.window.type("one")
        self.window.wait_lines(drawn(*SMALL, ["one"], "-- INSERT --", "1,4"), "a word written")
        self.window.resize(*LARGE)
        self.window.wait_lines(drawn(*LARGE, ["one"], "-- INSERT --", "1,4"), "the editor in a larger window")
        self.window.keys("Enter")
        self.window.type("two é ~. three")
        self.window.wait_lines(drawn(*LARGE, ["one", "two é ~. three"], "-- INSERT --", "2,"), "two lines written")
        self.show("editor")
        self.window.keys("Escape")
        self.window.wait_lines(lambda lines: "INSERT" not in lines[-1], "the end of insertion")
        self.window.type(":wq")
        self.window.keys("Enter")
        remote.await_prompt()
        self.assertEqual(self.host.run("cat", self.home / "text").stdout, "one\ntwo é ~. three\n")

    def test_a_large_paste_arrives_whole(self):
        text = "".join(f"{number:05} {'x' * 60}\n" for number in range(1500))
        source, target = self.home / "source", self.home / "target"
        source.write_text(text)
        remote = self.enter()
        remote.begin("stty -echo; echo $((6 * 7)); cat > ~/target")
        self.await_foreground("cat")
        self.window.paste(source)
        wait_until(lambda: target.stat().st_size == len(text), f"{len(text)} bytes to arrive")
        self.window.keys("C-d")
        remote.await_prompt()
        self.assertEqual(target.read_text(), text)

    def ends(self, how, code, says=""):
        """A session ends by how(remote shell), and everything on both sides is as before it."""
        before = self.local.run("stty -a")
        remote = self.enter()
        remote.run("sleep 1003 &")
        self.assertTrue(self.remote_processes())
        how(remote)
        self.assertIn(says, self.local.ended(ENTER))
        self.assertEqual(self.local.run("echo $?"), str(code))
        self.assertEqual(self.local.run("stty -a"), before)
        self.assertEqual(self.local.run("echo shown as it is typed"), "shown as it is typed")
        wait_until(lambda: not self.remote_processes(), "the session's processes to be gone")

    def test_the_terminal_is_as_before_however_a_session_ends(self):
        def terminate(_):
            for pid, arguments in self.started_here().items():
                if arguments[:2] == ["warren", "shell"]:
                    os.kill(pid, signal.SIGTERM)

        self.ends(lambda remote: self.window.keys("C-d"), 0, "exit")
        self.ends(lambda remote: remote.begin("exit 3"), 3)
        self.ends(lambda remote: self.window.type("~."), 125, "h1/red: session ended; the command is hung up")
        self.ends(terminate, 128 + signal.SIGTERM)
        self.ends(lambda remote: self.fleet.warren("netns", "delete", "h1/red", "--force"), 125, "red was deleted")

    def test_the_terminal_is_as_before_when_the_agent_is_killed(self):
        self.ends(lambda remote: self.host.agent.kill(), 125)
        self.host.start_agent("--enable-exec")

    def test_the_terminal_is_as_before_when_the_server_is_killed(self):
        self.ends(lambda remote: self.fleet.server.kill(), 125)

    def suspend(self, command):
        """Leaves a session that `command` entered or resumed, from the beginning of a line."""
        self.window.type("~")
        self.window.keys("C-z")
        self.assertRegex(self.local.ended(command), r"\[1\]\+ +Stopped +warren shell")

    def resume(self, remote):
        self.local.begin("fg")
        wait_until(self.window.raw, "the terminal to be raw again")
        self.window.keys("Enter")
        remote.await_prompt()

    def test_a_session_can_be_suspended_and_resumed(self):
        before = self.local.run("stty -a")
        remote = self.enter()
        entered_by = ENTER
        for size in SMALL, LARGE:
            self.assertEqual(remote.run("echo $((6 * 7))"), "42")
            self.suspend(entered_by)
            self.assertEqual(self.local.run("stty -a"), before)
            self.window.resize(*size)
            self.resume(remote)
            entered_by = "fg"
            self.await_size(remote, *size)
            self.window.resize(*LARGE)
            self.await_size(remote, *LARGE)
        self.window.type("~?")
        self.window.wait(lambda text: "~^Z  suspend" in text, "help")
        self.window.keys("Enter")
        self.assertEqual(remote.run("echo $((6 * 7))"), "42")
        self.window.keys("C-d")
        self.local.ended("fg")
        self.assertEqual(self.local.run("stty -a"), before)

    def test_a_suspended_session_leaves_the_terminal_as_it_was_to_any_shell(self):
        before = self.local.run("stty -a")
        # Not interactive: such a shell does not restore the terminal by itself.
        command = f"bash -mc '{ENTER}; stty -a; fg'"
        self.local.begin(command)
        remote = Shell(self.window, "remote")
        remote.run("true")
        self.window.type("~")
        self.window.keys("C-z")
        self.window.wait(lambda text: f"\n{before}\n{ENTER}" in text, "the terminal to be as it was")
        wait_until(self.window.raw, "the terminal to be raw again")
        self.window.keys("Enter")
        remote.run("true")
        self.window.keys("C-d")
        self.local.ended(command)

    def test_a_suspended_session_stops_in_the_background_and_is_ended_by_its_shell(self):
        def stopped():
            return any(arguments[:2] == ["warren", "shell"] and stat[0] == "T"
                       for arguments, _, stat in processes().values())

        def end():
            # -f: bash may not have noticed yet that it goes on.
            self.assertRegex(self.local.run("kill %1; wait -f %1; echo $?"), rf"\n{128 + signal.SIGTERM}$")
            wait_until(lambda: not self.remote_processes(), "the session's processes to be gone")
            self.assertEqual(self.local.run("stty -a"), before)

        before = self.local.run("stty -a")
        remote = self.enter()
        remote.run("true")
        self.suspend(ENTER)
        self.local.run("bg")
        wait_until(stopped, "the session to be stopped")
        self.resume(remote)
        self.suspend("fg")
        end()

        self.enter().run("true")
        self.suspend(ENTER)
        self.local.run("bg")
        wait_until(stopped, "the session to be stopped")
        end()


if __name__ == "__main__":
    unittest.main(verbosity=2)  # which says why it skipped
