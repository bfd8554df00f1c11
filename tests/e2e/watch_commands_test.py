"""What the command follows and submits by the batch, against a real server and real agents: watches that outlive the
server, namespaces shown again as they change, intents for several hosts in one go, completion of real names."""

import json
import subprocess
import unittest

import fleet


class Follower:
    """`warren ARGS...` that goes on, its lines in a file."""

    def __init__(self, f, *args):
        self.path = f.directory / f"follower-{'-'.join(args).replace('/', '_')}.out"
        self.out = open(self.path, "wb")
        self.process = subprocess.Popen(
            [str(fleet.BIN / "warren"), "--server", f.target, *args], stdout=self.out, stderr=subprocess.DEVNULL)

    def text(self):
        return self.path.read_text()

    def events(self):
        return [json.loads(line) for line in self.text().splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, kind, name):
        """The first event of that type about what has this name."""
        return fleet.wait_until(
            lambda: next((e for e in self.events() if e["type"] == kind
                          and e.get("object", {}).get("name", "") == name), None),
            f"{kind} {name} in:\n{self.text()}")

    def wait_synced(self):
        fleet.wait_until(lambda: any(e["type"] == "SYNCED" for e in self.events()), "SYNCED")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.out.close()


class WatchCommands(unittest.TestCase):
    def setUp(self):
        self.fleet = fleet.Fleet().__enter__()
        self.addCleanup(lambda: self.fleet.__exit__(None, None, None))
        self.followers = []
        self.addCleanup(lambda: [follower.stop() for follower in self.followers])

    def follow(self, *args):
        self.followers.append(Follower(self.fleet, *args))
        return self.followers[-1]

    @staticmethod
    def after_restart(follower):
        events = follower.events()
        restarts = [i for i, e in enumerate(events) if e["type"] == "RESTARTED"]
        return events[restarts[-1]:] if restarts else []

    def test_watches_tell_what_happens_and_outlive_the_server(self):
        self.fleet.host("h1")
        hosts = self.follow("hosts", "watch", "-o", "json")
        netns = self.follow("netns", "watch", "h1", "-o", "json")
        intents = self.follow("intents", "watch", "h1", "-o", "json")
        for follower in (hosts, netns, intents):
            follower.wait_synced()
        hosts.wait_for("EXISTING", "hosts/h1")
        self.fleet.warren("netns", "add", "h1/red")
        netns.wait_for("CHANGED", "hosts/h1/namespaces/red")
        done = fleet.wait_until(
            lambda: next((e for e in intents.events() if e.get("object", {}).get("state") == "SUCCEEDED"), None),
            f"a success in:\n{intents.text()}")
        self.assertEqual(done["object"]["operations"], [{"createNamespace": {"namespace": "red"}}])
        self.fleet.server.terminate()
        self.fleet.start_server()
        # The inventory begins anew with the server; intents go on where they were.
        fleet.wait_until(
            lambda: any(e.get("object", {}).get("name") == "hosts/h1/namespaces/red"
                        for e in self.after_restart(netns)), "red in a new snapshot, or after it")
        self.fleet.warren("netns", "delete", "h1/red")
        netns.wait_for("DELETED", "hosts/h1/namespaces/red")
        gone = fleet.wait_until(
            lambda: [e for e in intents.events()
                     if "deleteNamespace" in json.dumps(e) and e["object"]["state"] == "SUCCEEDED"], "the deletion")
        self.assertNotIn("RESTARTED", [e["type"] for e in intents.events()], "it did not go on where it was")
        self.assertTrue(gone)
        revisions = [int(e["revision"]) for e in intents.events() if "revision" in e]
        self.assertEqual(revisions, sorted(set(revisions)), "each once, in order")

    def test_a_namespace_is_shown_again_as_it_changes(self):
        self.fleet.host("h1")
        shown = self.follow("link", "show", "h1/red", "--watch", "-o", "name")
        self.fleet.warren("netns", "add", "h1/red")
        fleet.wait_until(lambda: "h1/red:lo\n" in shown.text(), "lo is shown")
        self.fleet.warren("link", "add", "veth", "h1/red:eth7", "h1/red:eth8")
        fleet.wait_until(lambda: "h1/red:eth7\n" in shown.text(), f"eth7 is shown in:\n{shown.text()}")

    def test_one_file_is_submitted_to_several_hosts(self):
        for name in ("h1", "h2", "h3"):
            self.fleet.host(name)
        red = "operations: [{createNamespace: {namespace: red}}]\n"
        table = self.fleet.warren("intent", "submit", "h1,h2,h3", "-f", "-", stdin=red)
        self.assertEqual(table.count("SUCCEEDED"), 3, table)
        for host in self.fleet.hosts.values():
            self.assertEqual(host.netns_names(), ["red"])
        # h2 has it already: the others go on, and the whole says 1.
        blue = "operations: [{createNamespace: {namespace: blue}}]\n"
        said = self.fleet.refused("intent", "submit", "-f", "-",
                                  stdin=f"host: h1\n{blue}---\nhost: h2\n{red}---\nhost: h3\n{blue}")
        self.assertIn("2 of 3 intents succeeded: 1 FAILED", said)
        self.assertIn("allowExisting: true", said)
        self.assertEqual(self.fleet.hosts["h3"].netns_names(), ["blue", "red"])

    def test_a_dry_run_changes_nothing(self):
        h1 = self.fleet.host("h1")
        self.assertIn("create_namespace red", self.fleet.warren("netns", "add", "h1/red", "--dry-run"))
        self.assertEqual(h1.netns_names(), [])
        self.assertEqual(self.fleet.json("intents", "list"), [])

    def test_names_are_completed_from_the_server(self):
        self.fleet.host("h1")
        self.fleet.warren("netns", "add", "h1/red")
        def after(*words):
            done = subprocess.run([str(fleet.BIN / "warren"), "__complete", "--", "--server", self.fleet.target, *words],
                                  capture_output=True, text=True, check=True)
            return done.stdout.split()
        self.assertEqual(after("netns", "show", ""), ["h1/"])
        self.assertEqual(after("netns", "show", "h1/"), ["h1/@host", "h1/red"])
        self.assertEqual(after("netns", "show", "h1/r"), ["h1/red"])
        self.assertEqual(after("link", "set", "h1/red:"), ["h1/red:lo"])
        self.assertEqual(after("hosts", "show", "x"), [])

    def test_a_host_is_forgotten_once_its_agent_is_gone(self):
        h1 = self.fleet.host("h1")
        self.assertIn("FAILED_PRECONDITION", self.fleet.refused("hosts", "delete", "h1"))
        h1.agent.terminate()
        fleet.wait_until(lambda: not self.fleet.json("hosts", "list")[0].get("connected"), "h1 is away")
        self.assertEqual(self.fleet.warren("hosts", "delete", "h1"), "host h1 deleted\n")
        self.assertEqual(self.fleet.json("hosts", "list"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
