"""Each command of `warren` against the kernel's own word, its refusals, its output formats and its exit codes."""

import json
import unittest
import uuid

from fleet import Fleet

ROUTER = """
operations:
  - createNamespace: {namespace: red}
  - createNamespace: {namespace: blue}
  - createVeth:
      a: {namespace: red, name: eth0, addresses: [10.0.0.1/24], up: true}
      b: {namespace: blue, name: eth0, addresses: [10.0.0.2/24], up: true}
"""


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        cls.host = cls.fleet.host("h1")

    def setUp(self):
        self.before = self.host.netns_names(), self.host.link_names()
        self.addCleanup(self.clean)

    def clean(self):
        """Leaves the host as the next test expects it, by the kernel's own means."""
        for name in self.host.netns_names():
            self.host.run("ip", "netns", "delete", name)
        for name in self.host.link_names():
            if name.startswith(("br", "tap")):
                self.host.run("ip", "link", "delete", name, check=False)

    def test_an_intent_file_makes_a_router_in_yaml_and_in_json_and_from_standard_input(self):
        self.fleet.warren("intent", "submit", "h1", "-f", "-", stdin=ROUTER)
        self.assertEqual(self.host.netns_names(), ["blue", "red"])
        self.host.run("ip", "netns", "exec", "red", "ping", "-c1", "-W5", "10.0.0.2")
        document = {"operations": [{"deleteNamespace": {"namespace": n}} for n in ("red", "blue")]}
        path = self.fleet.directory / "delete.json"
        path.write_text(json.dumps(document))
        self.fleet.warren("intent", "submit", "h1", "-f", path)
        self.assertEqual(self.host.netns_names(), [])

    def test_a_failing_operation_undoes_those_before_it_and_says_which_and_why(self):
        text = ROUTER + "  - createNamespace: {namespace: red}\n"
        message = self.fleet.refused("intent", "submit", "h1", "-f", "-", stdin=text)
        for word in ("create_namespace", "red", "EEXIST"):
            self.assertIn(word, message)
        self.assertEqual((self.host.netns_names(), self.host.link_names()), self.before)

    def test_the_same_request_id_does_a_thing_once_and_a_different_body_is_refused(self):
        request = str(uuid.uuid4())
        first = json.loads(self.fleet.warren("netns", "add", "h1/red", "--request-id", request, "-o", "json"))
        second = json.loads(self.fleet.warren("netns", "add", "h1/red", "--request-id", request, "-o", "json"))
        self.assertEqual(first, second)
        message = self.fleet.refused("netns", "add", "h1/green", "--request-id", request)
        self.assertIn("green", message)
        self.assertIn("red", message)
        self.assertEqual(self.host.netns_names(), ["red"])

    def test_what_exists_is_refused_with_the_kernels_reason_and_adopted_when_allowed(self):
        self.fleet.warren("netns", "add", "h1/red")
        message = self.fleet.refused("netns", "add", "h1/red")
        self.assertIn("EEXIST", message)
        self.assertRegex(message, "allow.existing")
        self.fleet.warren("netns", "add", "h1/red", "--allow-existing")

    def test_what_is_missing_is_refused_with_the_kernels_reason_and_passed_when_allowed(self):
        message = self.fleet.refused("netns", "delete", "h1/red")
        self.assertIn("ENOENT", message)
        self.assertRegex(message, "allow.missing")
        self.fleet.warren("netns", "delete", "h1/red", "--allow-missing")
        self.assertIn("ENODEV", self.fleet.refused("link", "set", "h1/@host:nothere", "up"))

    def test_a_foreign_namespace_is_shown_and_deleted_only_by_force(self):
        self.host.run("ip", "netns", "add", "theirs")
        self.fleet.warren("netns", "add", "h1/ours")  # its report carries the news
        self.assertRegex(self.fleet.refused("netns", "delete", "h1/theirs"), "force")
        self.assertIn("theirs", self.host.netns_names())
        self.fleet.warren("netns", "delete", "h1/theirs", "--force")
        self.assertNotIn("theirs", self.host.netns_names())

    def test_a_namespace_with_a_process_in_it_is_not_deleted_and_the_process_is_named(self):
        import subprocess

        self.fleet.warren("netns", "add", "h1/red")
        sleeper = subprocess.Popen(self.host.command("ip", "netns", "exec", "red", "sh", "-c", "echo in; exec sleep 300"),
                                   stdout=subprocess.PIPE)
        try:
            sleeper.stdout.readline()
            message = self.fleet.refused("netns", "delete", "h1/red")
            self.assertIn("sleep", message)
            self.assertIn("red", self.host.netns_names())
        finally:
            sleeper.kill()
            sleeper.wait()
            sleeper.stdout.close()
        self.fleet.warren("netns", "delete", "h1/red")

    def test_who_holds_a_namespace_is_named_with_what_it_holds(self):
        import subprocess

        self.fleet.warren("netns", "add", "h1/red")
        # Opens a socket inside, goes back out, and opens the namespace by its name.
        script = ("import os, socket, sys; home = os.open('/proc/self/ns/net', 0); red = os.open('/run/netns/red', 0); "
                  "import ctypes; libc = ctypes.CDLL(None); assert libc.setns(red, 0x40000000) == 0; "
                  "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); assert libc.setns(home, 0x40000000) == 0; "
                  "os.close(home); print(red, s.fileno(), flush=True); sys.stdin.read()")
        holder = subprocess.Popen(self.host.command("python3", "-c", script), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        try:
            red, inside = holder.stdout.readline().split()
            self.assertEqual(self.host.run("ip", "netns", "pids", "red").stdout, "")
            found = self.fleet.json("netns", "holders", "h1/red")["holders"]
            self.assertEqual([one["holds"] for one in found if one.get("pid") == holder.pid],
                             [f"descriptor {red}", f"socket, descriptor {inside}"])
            self.assertIn(f"{holder.pid}\n", self.fleet.warren("netns", "holders", "h1/red", "-o", "name"))
            # It lives elsewhere, so that nothing stands in the way; but the kernel does not let go, and that is said.
            said = self.fleet.run("netns", "delete", "h1/red", "--timeout", "60s").stderr
            self.assertIn(f"pid {holder.pid} (python3): socket, descriptor {inside}", said)
        finally:
            holder.stdin.close()
            holder.wait()
            holder.stdout.close()
        self.assertIn("NOT_FOUND", self.fleet.refused("netns", "holders", "h1/red"))

    def test_links_are_changed_as_ip_link_set_does(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("link", "add", "veth", "h1/red:eth0", "h1/@host:tap0")
        self.fleet.warren("link", "set", "h1/red:eth0", "mtu", "1400", "address", "02:00:00:00:00:07")
        self.fleet.warren("link", "set", "h1/red:eth0", "name", "wan0")
        link = self.host.ip("link", "show", "wan0", netns="red")[0]
        self.assertEqual((link["mtu"], link["address"]), (1400, "02:00:00:00:00:07"))
        self.fleet.warren("link", "move", "h1/red:wan0", "@host:tap1")
        self.assertIn("tap1", self.host.link_names())
        self.fleet.warren("link", "delete", "h1/@host:tap0")
        self.assertNotIn("tap1", self.host.link_names())

    def test_addresses_come_and_go_in_both_families(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("link", "add", "veth", "h1/red:eth0", "h1/@host:tap0")
        self.fleet.warren("addr", "add", "2001:db8::1/64", "dev", "h1/red:eth0", "nodad")
        self.fleet.warren("addr", "add", "10.0.0.1", "dev", "h1/red:eth0", "peer", "10.0.0.2")
        have = {a["local"] for a in self.host.ip("addr", "show", "eth0", netns="red")[0]["addr_info"]}
        self.assertTrue({"2001:db8::1", "10.0.0.1"} <= have, have)
        self.fleet.warren("addr", "del", "2001:db8::1/64", "dev", "h1/red:eth0")
        have = {a["local"] for a in self.host.ip("addr", "show", "eth0", netns="red")[0]["addr_info"]}
        self.assertNotIn("2001:db8::1", have)

    def test_routes_come_and_go_in_any_table(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("link", "add", "veth", "h1/red:eth0", "h1/@host:tap0")
        self.fleet.warren("link", "set", "h1/red:eth0", "up")
        self.fleet.warren("route", "add", "h1/red", "10.9.0.0/16", "via", "10.1.1.1", "dev", "eth0", "onlink", "table", "77")
        self.assertEqual(self.host.ip("route", "show", "table", "77", netns="red")[0]["dst"], "10.9.0.0/16")
        self.fleet.warren("route", "del", "h1/red", "10.9.0.0/16", "table", "77")
        self.assertIn("ESRCH", self.fleet.refused("route", "del", "h1/red", "10.9.0.0/16", "table", "77"))

    def test_every_bad_field_is_named_at_once(self):
        text = """
operations:
  - createNamespace: {namespace: "a/b"}
  - createVeth: {a: {namespace: red, name: "this-name-is-too-long", mtu: 3}, b: {namespace: blue, name: "q%d"}}
  - addAddress: {namespace: red, link: eth0, address: 10.0.0.300/24}
"""
        message = self.fleet.refused("intent", "submit", "h1", "-f", "-", stdin=text)
        for field in ("operations[0].create_namespace.namespace", "operations[1].create_veth.a.name",
                      "operations[1].create_veth.a.mtu", "operations[1].create_veth.b.name",
                      "operations[2].add_address.address"):
            self.assertIn(field, message)

    def test_an_unknown_field_in_an_intent_file_is_named(self):
        message = self.fleet.refused("intent", "submit", "h1", "-f", "-", code=2,
                                     stdin="operations: [{createNamespace: {namespaec: red}}]\n")
        self.assertIn("namespaec", message)

    def test_every_output_format_has_the_namespace(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.assertEqual(self.fleet.warren("netns", "list", "h1", "-o", "name").split(),
                         ["hosts/h1/namespaces/@host", "hosts/h1/namespaces/red"])
        names = [n["name"] for n in self.fleet.json("netns", "list", "h1")]
        self.assertIn("hosts/h1/namespaces/red", names)
        self.assertIn("hosts/h1/namespaces/red", self.fleet.warren("netns", "list", "h1", "-o", "yaml"))
        self.assertIn("h1/red", self.fleet.warren("netns", "list"))

    def test_intents_are_listed_in_order_and_shown_with_what_they_did(self):
        request = str(uuid.uuid4())
        self.fleet.warren("netns", "add", "h1/red", "--request-id", request)
        listed = self.fleet.json("intents", "list", "h1")
        self.assertEqual(listed[-1]["name"], f"hosts/h1/intents/{request}")
        self.assertEqual([i["sequence"] for i in listed], sorted((i["sequence"] for i in listed), key=int))
        shown = self.fleet.json("intents", "show", f"h1/{request}")
        self.assertEqual(shown["state"], "SUCCEEDED")
        self.assertEqual(shown["operations"], [{"createNamespace": {"namespace": "red"}}])

    def test_hosts_are_listed_and_shown_with_their_capabilities(self):
        self.assertIn("h1", self.fleet.warren("hosts", "list"))
        shown = self.fleet.json("hosts", "show", "h1")
        self.assertTrue(shown["connected"])
        self.assertTrue(next(c for c in shown["capabilities"] if c["name"] == "netns")["available"])

    def test_exit_codes_tell_refused_from_misused_from_unreachable(self):
        self.fleet.refused("netns", "add", "nosuchhost/red", code=1)
        self.fleet.refused("netns", "frobnicate", code=2)
        self.fleet.refused("netns", "add", "h1", code=2)
        done = self.fleet.run("--timeout", "1s", "netns", "list", "h1", server="127.0.0.1:1")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("127.0.0.1:1", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
