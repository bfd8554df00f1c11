"""Much output, and callers that do not read it. How much memory the agent, the helper and the server ever had is what
the kernel says of them. WARREN_TEST_OUTPUT_BYTES=10000000000 lets a command write as much as that."""

import hashlib
import os
import pathlib
import re
import signal
import subprocess
import unittest

from exec_client import OneHost, new_mark, stand_still, stopped, wait_gone
from fleet import SLOWNESS, wait_until
from processes import children

MIB = 1 << 20
OUTPUT = int(os.environ.get("WARREN_TEST_OUTPUT_BYTES", 256 * MIB))
# A sanitizer keeps what was freed for a while.
MAX_GROWTH = 64 * MIB if SLOWNESS == 1 else 1024 * MIB


def status_bytes(pid, key):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{key}:\s*(\d+) kB$", text, re.M).group(1)) * 1024


class Flow(OneHost):
    def setUp(self):
        self.mark = new_mark()
        wait_until(lambda: not children(self.host.agent.process.pid), "the helpers of before to be gone")

    def resident(self, key):
        """Of all that a session passes through; the helpers are the agent's children."""
        agent = self.host.agent.process.pid
        helpers = {f"helper {pid}": status_bytes(pid, key) for pid in children(agent)}
        server = self.fleet.server.process.pid
        return {"agent": status_bytes(agent, key), "server": status_bytes(server, key), **helpers}

    def assert_bounded(self, before, after):
        for name, peak in after.items():
            # A helper is there as soon as its command is; it had grown to its size by then.
            self.assertLess(peak - before.get(name, 0), MAX_GROWTH, f"{name}: {before} -> {after}")

    def test_much_output_needs_little_memory(self):
        before = self.resident("VmRSS")
        with self.caller.session("h1/red", "sh", "-c", f"head -c {OUTPUT} /dev/zero; echo end >&2; read line",
                                 stdin=True) as session:
            session.started()
            got, after, tail = 0, {}, b""
            while not tail.endswith(b"end\n"):
                message = next(session.call)
                got += len(message.stdout)
                tail += message.stderr
                self.assertEqual(message.stdout.count(0), len(message.stdout))
            while got < OUTPUT:
                got += len(next(session.call).stdout)
            after = self.resident("VmHWM")
            session.send(stdin=b"\n")
            self.assertEqual(session.end().exit.code, 0)
        self.assertEqual(got, OUTPUT)
        self.assertTrue(any(name.startswith("helper") for name in after), after)
        self.assert_bounded(before, after)

    def test_a_reader_that_stalls_stops_the_command_until_it_reads_again(self):
        size = 48 * MIB
        before = self.resident("VmRSS")
        with self.caller.session("h1/red", "dd", "if=/dev/zero", "bs=64k", f"count={size // 65536}", "status=none",
                                 env=self.mark) as session:
            pid = session.started().pid
            first = stopped(pid)
            self.assertLess(first, 4 * MIB)
            # It goes on a little way, and stops again.
            got = len(session.stdout(4 * MIB))
            second = stopped(pid)
            self.assertGreater(second, first)
            self.assertLess(second, got + 4 * MIB)
            self.assert_bounded(before, self.resident("VmHWM"))
            ended = session.end()
        self.assertEqual((got + len(ended.stdout), ended.exit.code), (size, 0))

    def test_one_that_stalls_does_not_hold_up_others(self):
        with self.caller.session("h1/red", "cat", "/dev/zero", env=self.mark) as stalled:
            stopped(stalled.started().pid)
            self.assertEqual(self.caller.output("h1/red", "echo", "hello"), "hello\n")
            # Nor on the same connection: another caller of the channel has the whole of a window.
            ended = self.caller.run("h1/red", "head", "-c", str(16 * MIB), "/dev/zero")
            self.assertEqual(len(ended.stdout), 16 * MIB)
        wait_gone(self.mark)

    def test_a_caller_that_goes_while_it_stalls_ends_the_command(self):
        with self.caller.session("h1/red", "cat", "/dev/zero", env=self.mark) as session:
            stopped(session.started().pid)
        wait_gone(self.mark)

    def test_a_command_that_does_not_read_holds_its_input_up(self):
        size = 32 * MIB
        digest = hashlib.sha256()
        before, passed_before = self.resident("VmRSS"), self.passed_in()
        with self.caller.session("h1/red", "sh", "-c", "echo; kill -STOP $$; exec sha256sum", stdin=True,
                                 env=self.mark) as session:
            pid = session.started().pid
            session.stdout(1)
            for i in range(size // MIB):
                session.send(stdin=bytes([i]) * MIB)
                digest.update(bytes([i]) * MIB)
            session.half_close()
            self.assertLess(stand_still(self.passed_in) - passed_before, 4 * MIB)
            self.assert_bounded(before, self.resident("VmHWM"))
            os.kill(pid, signal.SIGCONT)
            ended = session.end()
        self.assertEqual((ended.stdout.split()[0].decode(), ended.exit.code), (digest.hexdigest(), 0))

    def passed_in(self):
        """What the server has passed to commands."""
        url = f"http://{self.fleet.metrics_address()}/metrics"
        text = subprocess.run(["curl", "-fsS", url], capture_output=True, text=True, check=True).stdout
        return int(re.search(r'^warren_exec_bytes_total\{direction="in"\} (\d+)', text, re.M).group(1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
