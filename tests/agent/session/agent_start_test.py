"""How warren-agent begins: on a kernel that can do less than it needs, without privileges, with flags that make no sense."""

import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "e2e"))
from fleet import BIN, Fleet, wait_until  # noqa: E402

NO_NETNS = "kernel has no network namespace support (CONFIG_NET_NS)"


class LesserKernel(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())

    def start(self, name):
        """A host whose kernel does not know network namespaces."""
        host = self.fleet.bare_host(name)
        inside = host.command
        host.command = lambda *args: inside(sys.executable, "-B", HERE / "without_netns.py", *args)
        host.start_agent()
        host.command = inside
        return host

    def test_a_kernel_without_namespaces_connects_and_says_so(self):
        self.start("h1")
        shown = self.fleet.json("hosts", "show", "h1")
        self.assertTrue(shown["connected"])
        reasons = {c["name"]: c.get("reason", "") for c in shown["capabilities"] if not c.get("available")}
        self.assertEqual(reasons["netns"], NO_NETNS)
        # Commands are off for another reason: the agent was not told --enable-exec.
        self.assertEqual(sorted(reasons), ["bridge", "exec", "netns", "veth"])

    def test_intents_are_refused_by_name_and_those_accepted_before_fail_with_it(self):
        self.fleet.warren("netns", "add", "h1/early", "--no-wait", "--allow-unknown-host")
        early = self.fleet.json("intents", "list", "h1")[0]["name"]
        host = self.start("h1")
        self.assertIn(f"host h1: {NO_NETNS}", self.fleet.refused("netns", "add", "h1/red"))
        wait_until(lambda: self.fleet.json("intents", "show", early)["state"] == "FAILED", "the early one to fail")
        self.assertEqual(self.fleet.json("intents", "show", early)["error"]["message"], f"host h1: {NO_NETNS}")
        self.assertEqual(host.netns_names(), [])


class Start(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())

    def page(self, host, path):
        """Status and body of a page of the agent."""
        address = host.agent.wait_for_log("listening")["metrics"]
        done = host.run("curl", "-sS", "-w", "\\n%{http_code}", f"http://{address}/{path}")
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def test_its_labels_reach_the_server(self):
        host = self.fleet.bare_host("h1")
        host.start_agent("--label", "rack=a1,zone=eu west", "--label", "example.com/role=")
        self.assertEqual(self.fleet.json("hosts", "show", "h1")["labels"],
                         {"rack": "a1", "zone": "eu west", "example.com/role": ""})

    def test_it_is_ready_while_it_is_connected_and_its_journal_can_be_written(self):
        host = self.fleet.host("h1")
        self.assertEqual(self.page(host, "readyz")[0], 200)
        self.fleet.server.terminate()
        host.agent.wait_for_log("disconnected")
        status, body = self.page(host, "readyz")
        self.assertEqual(status, 503)
        self.assertIn(f"not connected to the server at {self.fleet.target}", body)
        self.assertEqual(self.page(host, "healthz")[0], 200)
        self.fleet.start_server()
        wait_until(lambda: self.page(host, "readyz")[0] == 200, "the agent to be ready again")

    def test_its_metrics_tell_what_it_holds(self):
        host = self.fleet.host("h1")
        self.fleet.warren("netns", "add", "h1/red")
        text = self.page(host, "metrics")[1]
        for name in ("queued_intents", "unacknowledged_results", "journal_bytes", "journal_rows", "links", "routes"):
            self.assertRegex(text, rf"(?m)^warren_agent_{name} [0-9]")
        self.assertRegex(text, r'(?m)^warren_agent_intents_total\{state="EXPIRED"\} 0')
        self.assertRegex(text, r"(?m)^process_resident_memory_bytes [0-9]")


    def test_its_state_is_its_owners_alone(self):
        host = self.fleet.host("h1")
        state = self.fleet.directory / "agent-h1"
        modes = {path.name: path.stat().st_mode & 0o7777 for path in state.iterdir()}
        self.assertGreaterEqual(set(modes), {"instance_id", "journal.db", "journal.db-wal", "journal.db-shm"})
        self.assertEqual({name: oct(mode) for name, mode in modes.items() if mode != 0o600}, {})
        self.assertEqual(oct(state.stat().st_mode & 0o7777), oct(0o700))
        self.assertEqual(host.run("stat", "-c", "%a", "/run/warren/parked").stdout.strip(), "700")

    def test_state_of_an_earlier_version_is_tightened_and_that_is_logged(self):
        host = self.fleet.host("h1")
        host.agent.terminate()
        state = self.fleet.directory / "agent-h1"
        state.chmod(0o755)
        for path in state.iterdir():
            path.chmod(0o644)
        host.start_agent()
        self.assertEqual(oct(state.stat().st_mode & 0o7777), oct(0o700))
        self.assertEqual({oct(path.stat().st_mode & 0o7777) for path in state.iterdir()}, {oct(0o600)})
        self.assertIn(f"{state}/instance_id was 0644, is 0600 now", host.agent.log_text())

    def test_state_that_others_may_write_is_refused(self):
        host = self.fleet.host("h1")
        host.agent.terminate()
        (self.fleet.directory / "agent-h1").chmod(0o777)
        agent = host.start_agent(connected=False)
        self.assertEqual(agent.process.wait(timeout=60), 1)
        self.assertIn("others may write into", agent.log_text())
        host.agent = None

    def test_nobody_is_told_its_instance_id(self):
        host = self.fleet.bare_host("h1")
        host.start_agent("--enable-exec")
        state = self.fleet.directory / "agent-h1"
        said = (state / "instance_id").read_text().strip()
        self.assertRegex(said, r"^[0-9a-f-]{36}$")
        self.fleet.warren("netns", "add", "h1/red")
        inside = self.fleet.warren("exec", "h1/red", "--", "sh", "-c", "env; cat /proc/self/cgroup")
        texts = {"log of the agent": host.agent.log_text(), "log of the server": self.fleet.server.log_text(),
                 "a command": inside, "its metrics": self.page(host, "metrics")[1],
                 "the host": self.fleet.warren("hosts", "show", "h1", "-o", "json")}
        for where, text in texts.items():
            self.assertNotIn(said[:8], text, where)


class WrongStart(unittest.TestCase):
    def run_agent(self, *args, wrapper=()):
        return subprocess.run([*wrapper, str(BIN / "warren-agent"), *args], capture_output=True, text=True, timeout=60)

    def test_without_privileges_it_says_what_is_missing_and_what_to_do(self):
        for capability in ("sys_admin", "net_admin"):
            done = self.run_agent("--server", "unix:/nowhere", "--host", "h1", "--metrics-listen", "off",
                                  wrapper=["setpriv", f"--bounding-set=-{capability}"])
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("CAP_SYS_ADMIN", done.stderr)
            self.assertIn("run warren-agent as root", done.stderr)

    def test_flags_that_make_no_sense_are_refused_with_the_reason(self):
        for flags, said in {
            ("--server", "h1"): "HOST:PORT",
            ("--server", "127.0.0.1:0"): "port 0",
            ("--host", "no_good"): "--host",
            ("--metrics-listen", "unix"): "--metrics-listen",
            ("--release-timeout", "soon"): "500ms",
            ("--label", "rack"): "KEY=VALUE",
            ("--label", "a b=c"): "letters, digits",
            ("--state-dir", "relative"): "absolute",
            ("--unknown",): "--unknown",
            ("--log-level", "loud"): "loud",
        }.items():
            done = self.run_agent(*flags)
            self.assertEqual(done.returncode, 2, f"{flags}: {done.stderr}")
            self.assertIn(said, done.stderr, flags)

    def test_help_and_version(self):
        done = self.run_agent("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("Examples:", "--server", "--host", "--label", "--state-dir", "--run-dir", "--netns-dir", "--metrics-listen",
                     "--release-timeout", "WARREN_SERVER"):
            self.assertIn(word, done.stdout)
        self.assertRegex(self.run_agent("--version").stdout, r"^warren-agent \d+\.\d+\.\d+")


if __name__ == "__main__":
    unittest.main(verbosity=2)
