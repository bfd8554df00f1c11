"""Life and death of the processes: what is accepted is done once, whoever restarts when."""

import json
import unittest
import uuid

from fleet import Fleet, wait_until


class Life(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())

    def test_intents_for_a_host_that_never_connected_wait_for_it(self):
        self.assertIn("allow", self.fleet.refused("netns", "add", "late/red", "--no-wait"))
        for name in ("red", "blue"):
            self.fleet.warren("netns", "add", f"late/{name}", "--no-wait", "--allow-unknown-host")
        queued = self.fleet.json("intents", "list", "late")
        self.assertEqual([i["state"] for i in queued], ["QUEUED", "QUEUED"])
        host = self.fleet.host("late")
        for intent in queued:
            self.fleet.warren("intents", "wait", intent["name"])
        self.assertEqual(host.netns_names(), ["blue", "red"])

    def test_a_queued_intent_is_cancelled_for_certain_and_never_runs(self):
        request = str(uuid.uuid4())
        self.fleet.warren("netns", "add", "late/red", "--no-wait", "--allow-unknown-host", "--request-id", request)
        self.fleet.warren("netns", "add", "late/blue", "--no-wait", "--allow-unknown-host")
        self.fleet.warren("intents", "cancel", f"late/{request}")
        self.assertEqual(self.fleet.json("intents", "show", f"late/{request}")["state"], "CANCELLED")
        host = self.fleet.host("late")
        wait_until(lambda: host.netns_names() == ["blue"], "blue to be made")
        self.assertIn("CANCELLED", self.fleet.warren("intents", "cancel", f"late/{request}"))

    def test_a_server_restart_loses_nothing_and_disturbs_no_host(self):
        host = self.fleet.host("h1")
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("netns", "add", "late/blue", "--no-wait", "--allow-unknown-host")
        cookie = self.fleet.json("netns", "show", "h1/red")["identity"]["cookie"]
        self.fleet.server.kill()
        self.assertEqual(host.netns_names(), ["red"])
        self.fleet.start_server()
        wait_until(lambda: self.fleet.json("hosts", "show", "h1").get("connected"), "h1 to be back")
        wait_until(lambda: self.fleet.run("netns", "show", "h1/red").returncode == 0, "the inventory to be back")
        self.assertEqual(self.fleet.json("netns", "show", "h1/red")["identity"]["cookie"], cookie)
        late = self.fleet.host("late")
        wait_until(lambda: late.netns_names() == ["blue"], "blue to be made")

    def test_an_agent_without_a_server_keeps_what_it_has_and_one_restarted_knows_what_is_its_own(self):
        host = self.fleet.host("h1")
        self.fleet.warren("netns", "add", "h1/red")
        host.agent.kill()
        self.assertEqual(host.netns_names(), ["red"])
        host.start_agent()
        self.fleet.warren("netns", "delete", "h1/red")  # without --force: it is not foreign
        self.assertEqual(host.netns_names(), [])

    def test_sigterm_ends_all_of_them_with_zero(self):
        host = self.fleet.host("h1")
        self.fleet.warren("netns", "add", "h1/red")
        self.assertEqual(host.agent.terminate(), 0)
        self.assertEqual(host.netns_names(), ["red"])
        self.assertEqual(self.fleet.server.terminate(), 0)

    def test_a_second_server_on_the_same_state_is_refused(self):
        import subprocess
        from fleet import BIN

        done = subprocess.run(
            [BIN / "warren-server", "--grpc-listen", f"unix:{self.fleet.directory}/second.sock", "--metrics-listen",
             "127.0.0.1:0", "--run-dir", self.fleet.directory, "--state-dir", self.fleet.directory / "server"],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "another|in use|locked")

    def test_another_agent_claiming_a_live_hosts_name_is_refused_and_the_first_stays(self):
        first = self.fleet.host("h1")
        impostor = self.fleet.bare_host("impostor")
        impostor.name = "h1"
        # A state directory of its own makes it another instance.
        impostor.fleet = type("Elsewhere", (), {"directory": self.fleet.directory / "impostor", "target": self.fleet.target})
        impostor.fleet.directory.mkdir()
        impostor.start_agent(connected=False)
        wait_until(lambda: "another" in impostor.agent.log_text(), "the impostor to be refused")
        self.fleet.warren("netns", "add", "h1/red")
        self.assertEqual(first.netns_names(), ["red"])
        self.assertEqual(impostor.netns_names(), [])

    def test_several_hosts_work_beside_each_other(self):
        hosts = {name: self.fleet.host(name) for name in ("h1", "h2", "h3")}
        for name in hosts:
            for i in range(5):
                self.fleet.warren("netns", "add", f"{name}/{name}-{i}", "--no-wait")
        for name, host in hosts.items():
            wait_until(lambda: host.netns_names() == [f"{name}-{i}" for i in range(5)], f"{name} to have its five")
        shown = json.loads(self.fleet.warren("hosts", "list", "-o", "json"))
        self.assertEqual([h["name"] for h in shown], [f"hosts/{n}" for n in hosts])


if __name__ == "__main__":
    unittest.main(verbosity=2)
