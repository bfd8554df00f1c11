"""Commands in namespaces of a host, asked for over HTTP; `ip` and /proc on the host are the witnesses."""

import base64
import json
import subprocess
import unittest

from fleet import Fleet, wait_until


class Commands(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet(["--http-listen", "127.0.0.1:0"]))
        self.host = self.fleet.host("h1", "--enable-exec", "--exec-grace", "200ms")
        self.fleet.warren("netns", "add", "h1/red")

    def post(self, place, *argv, **command):
        """POST ...:run; the answer, and its HTTP status."""
        url = f"http://{self.fleet.listening['http']}/v1/hosts/{place.replace('/', '/namespaces/')}:run"
        body = json.dumps({"command": {"argv": argv, **command}})
        done = subprocess.run(
            ["curl", "-sS", "-w", "\n%{http_code}", "-H", "Content-Type: application/json", "-d", body, url],
            capture_output=True, text=True, check=True,
        )
        answer, status = done.stdout.rsplit("\n", 1)
        return json.loads(answer), int(status)

    def test_a_command_runs_in_the_namespace_and_tells_how_it_ended(self):
        self.host.run("ip", "-n", "red", "link", "add", "eth7", "type", "bridge")
        answer, status = self.post("h1/red", "sh", "-c", "ls /sys/class/net >&2; exit 4")
        self.assertEqual((status, answer["exit"]["code"]), (200, 4))
        self.assertEqual(base64.b64decode(answer["stderr"]).split(), [b"eth7", b"lo"])

    def test_what_cannot_be_run_is_refused_with_its_reason(self):
        for place, argv, reason in (
            ("h1/blue", ["true"], "NAMESPACE_NOT_FOUND"),
            ("h1/red", ["no-such-command"], "COMMAND_NOT_FOUND"),
            ("h1/red", ["/etc/passwd"], "COMMAND_NOT_EXECUTABLE"),
        ):
            answer, status = self.post(place, *argv)
            self.assertIn(status, (400, 404), answer)
            self.assertIn(reason, json.dumps(answer))

    def test_a_host_that_runs_no_commands_says_so(self):
        self.fleet.host("h2")
        answer, _ = self.post("h2/@host", "true")
        self.assertIn("--enable-exec", answer["message"] if "message" in answer else answer["error"]["message"])

    def test_nothing_is_left_when_the_agent_is_killed(self):
        # The command says that it runs by a file; nobody answers the call any more.
        running = self.fleet.directory / "running"
        url = f"http://{self.fleet.listening['http']}/v1/hosts/h1/namespaces/red:run"
        body = json.dumps({"command": {"argv": ["sh", "-c", f"trap '' HUP; touch {running}; sleep 987654"]}})
        call = subprocess.Popen(
            ["curl", "-sS", "-o", "/dev/null", "-H", "Content-Type: application/json", "-d", body, url],
            stderr=subprocess.DEVNULL,
        )
        wait_until(running.exists, "the command to run")
        self.host.agent.kill()
        wait_until(
            lambda: subprocess.run(["pgrep", "-f", "sleep 98765[4]"], capture_output=True).returncode == 1,
            "the command to be gone",
        )
        call.wait()
        self.host.start_agent("--enable-exec")


if __name__ == "__main__":
    unittest.main(verbosity=2)
