"""Every line of docs/tutorial.md: typed by a client that is on neither of its hosts, and answered as it says there."""

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import time
import unittest

from fleet import BIN, DEADLINE, Fleet

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHOUT_NETNS = ROOT / "tests/agent/session/without_netns.py"
PROMPT = "# "

# What a host has before anybody comes: an interface with an address and the default route, and somebody to talk to.
PHYSICAL = """
    unshare --net sleep infinity > /dev/null 2>&1 & neighbour=$!
    while [ "$(readlink /proc/$neighbour/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    ip link add nic0 type veth peer name far0 netns $neighbour
    ip addr add 192.0.2.1/24 dev nic0
    ip link set nic0 up
    nsenter -t $neighbour --net ip addr add 192.0.2.254/24 dev far0
    nsenter -t $neighbour --net ip link set far0 up
    ip route add default via 192.0.2.254
    echo $neighbour
"""


def sessions():
    """(block, [(command, lines of the answer)]): commands follow "$ ", and within a shell "# "."""
    for block in re.findall(r"^```console\n(.*?)^```$", (ROOT / "docs/tutorial.md").read_text(), re.M | re.S):
        commands = []
        for line in block.splitlines():
            if line.startswith(("$ ", "# ")):
                commands.append((line, []))
            else:
                commands[-1][1].append(line)
        yield commands


def expected(lines):
    """The answer as a pattern: "…" stands for anything, a line of its own for any number of lines."""
    pattern = ""
    for line in lines:
        if line == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("…")) + " *\n"
    return pattern


class Shell:
    """`warren shell` on a terminal."""

    def __init__(self, command, environment):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe("bash", ["bash", "-c", command], environment)
        self.read_until_prompt()

    def read_until_prompt(self):
        """What was written since, without its prompt."""
        text, end = "", time.monotonic() + DEADLINE
        while not text.endswith(PROMPT):
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no prompt, but {text!r}")
            text += os.read(self.terminal, 4096).decode()
        return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", text).replace("\r", "")

    def type(self, line):
        os.write(self.terminal, f"{line}\n".encode())
        if line == "exit":
            _, status = os.waitpid(self.pid, 0)
            os.close(self.terminal)
            return os.waitstatus_to_exitcode(status)
        answer = self.read_until_prompt()
        # The echo of what was typed before it, the prompt behind.
        return answer.partition("\n")[2].rpartition("\n")[0] + "\n"


class Tutorial(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        self.host = self.fleet.host("h1", "--enable-exec")
        neighbour = int(self.host.run("sh", "-e", "-c", PHYSICAL).stdout)
        self.addCleanup(os.kill, neighbour, 9)
        old = self.fleet.bare_host("old")
        inside = old.command
        old.command = lambda *args: inside(sys.executable, "-B", WITHOUT_NETNS, *args)
        old.start_agent()
        old.command = inside
        self.environment = dict(os.environ, WARREN_SERVER=self.fleet.target, PATH=f"{BIN}:{os.environ['PATH']}",
                                HOME=str(self.fleet.directory), TERM="dumb")

    def type(self, command, answer):
        done = subprocess.run(
            ["bash", "-c", command], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")
        answered = done.stdout
        if "WARREN_TEST_SLOWNESS" in os.environ:
            # Where a wait takes long, the client says how far it is.
            answered = re.sub(r"^h1/[0-9a-f-]{36} +(QUEUED|RUNNING).*\n", "", answered, flags=re.MULTILINE)
        if answer:
            self.assertRegex(answered, f"\\A{expected(answer)}\\Z", command)

    def test_every_line_of_it_works_and_answers_as_it_says(self):
        before = self.host.ip("route"), self.host.netns_names()
        count = 0
        for commands in sessions():
            shell = None
            for line, answer in commands:
                count += 1
                command = line[2:]
                if command.startswith("warren shell"):
                    shell = Shell(command, self.environment)
                elif shell and command == "exit":
                    self.assertEqual(shell.type(command), 0)
                    shell = None
                elif shell:
                    self.assertRegex(shell.type(command), f"\\A{expected(answer)}\\Z", command)
                else:
                    self.type(command, answer)
            self.assertIsNone(shell, "a shell was left open")
        self.assertGreater(count, 40)
        self.assertEqual((self.host.ip("route"), self.host.netns_names()), before)

    def test_it_has_every_task(self):
        text = (ROOT / "docs/tutorial.md").read_text()
        for task in ("hosts show old", "netns add", "netns list", "netns delete", "exec h1/", "shell", "addr show",
                     "route show", "link set h1/dark:lo up", "link add veth", "link show", "link set .* netns",
                     "bridge add", "bridge attach"):
            self.assertRegex(text, rf"(?m)^\$ warren {task}")
        for target in re.findall(r"\]\(([^)#]+)", text):
            self.assertTrue((ROOT / "docs" / target).exists(), target)


if __name__ == "__main__":
    unittest.main(verbosity=2)
