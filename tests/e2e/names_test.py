"""Names that others gave: one name means one thing, whatever is done with it and by whatever way it is asked for."""

import json
import unittest
import urllib.error
import urllib.parse
import urllib.request

from fleet import Fleet, wait_until


class Names(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet(["--http-listen", "127.0.0.1:0"]))
        cls.host = cls.fleet.host("h1", "--enable-exec")

    def setUp(self):
        self.addCleanup(self.clean)

    def clean(self):
        """Leaves the host as the next test expects it, by the kernel's own means."""
        self.host.run("sh", "-c", 'for f in /run/netns/*; do umount -l "$f" 2>/dev/null; rm -f "$f"; done')

    def listed(self):
        """Of each namespace but the host's own, by its name, whether it is foreign."""
        return {netns["name"].split("/", 3)[3]: netns.get("foreign", False)
                for netns in self.fleet.json("netns", "list", "h1") if not netns["name"].endswith("/@host")}

    def wait_listed(self, *names):
        wait_until(lambda: set(names) <= set(self.listed()), f"{names} in the list")

    def http(self, name):
        """The status of a GET of the namespace, and what it says."""
        address = self.fleet.server.wait_for_log("listening")["http"]
        path = f"/v1/hosts/h1/namespaces/{urllib.parse.quote(name, safe='')}"
        try:
            with urllib.request.urlopen(f"http://{address}{path}") as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def test_an_escaped_name_means_the_same_to_all_that_takes_one(self):
        self.host.run("ip", "netns", "add", "x y")
        self.host.run("ip", "netns", "add", "x=20y")
        self.host.run("ip", "-n", "x y", "link", "add", "one", "type", "bridge")
        self.host.run("ip", "-n", "x=20y", "link", "add", "two", "type", "bridge")
        self.wait_listed("x=20y", "x=3D20y")
        for name, raw, link in (("x=20y", "x y", "one"), ("x=3D20y", "x=20y", "two")):
            place = f"h1/{name}"
            wait_until(lambda: link in self.fleet.warren("link", "show", place), f"link {link} of {name}")
            self.assertIn(link, self.fleet.warren("netns", "show", place))
            self.assertIn(link, self.fleet.warren("exec", place, "--", "ip", "link"))
            self.fleet.warren("netns", "holders", place)
            self.fleet.warren("link", "set", f"{place}:{link}", "mtu", "1400")
            self.assertEqual(self.host.ip("link", "show", link, netns=raw)[0]["mtu"], 1400)
            self.assertEqual(self.http(name)[0], 200)
            found = self.fleet.json("netns", "list", "h1", "--filter", f'name = "{name}"')
            self.assertEqual([netns["name"] for netns in found], [f"hosts/h1/namespaces/{name}"])
        self.fleet.warren("netns", "delete", "h1/x=20y", "--force")
        self.assertEqual(self.host.netns_names(), ["x=20y"])
        self.assertEqual(set(self.listed()), {"x=3D20y"})

    def test_a_name_that_is_made_has_no_equals_sign_and_an_escape_is_taken_in_one_form(self):
        for line in (("netns", "add", "h1/k=3Dv"), ("netns", "add", "h1/x=20y", "--allow-existing")):
            self.assertIn("escaped byte", self.fleet.refused(*line))
        self.fleet.refused("netns", "add", "h1/k=v", code=2)
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.refused("link", "add", "veth", "h1/red:e=3D1", "h1/red:peer", code=2)
        for bad in ("a=62", "x=2dy", "=3"):
            for line in (("netns", "show"), ("netns", "delete"), ("netns", "holders"), ("link", "show")):
                self.fleet.refused(*line, f"h1/{bad}", code=2)
            self.assertEqual(self.http(bad)[0], 400)
        self.assertEqual(self.host.netns_names(), ["red"])

    def test_a_name_whose_escaped_form_is_longer_than_a_files_is_taken(self):
        raw = "x" * 254 + " "
        self.host.run("ip", "netns", "add", raw)
        name = "x" * 254 + "=20"
        self.wait_listed(name)
        self.assertEqual(self.http(name)[0], 200)
        self.fleet.warren("netns", "show", f"h1/{name}")
        self.fleet.warren("netns", "delete", f"h1/{name}", "--force")
        self.assertEqual(self.listed(), {})

    def test_what_is_called_as_the_hosts_namespace_is_called_is_another(self):
        self.host.run("touch", "/run/netns/@host")
        self.wait_listed("=40host")
        self.assertIn("a plain file", self.fleet.refused("link", "show", "h1/=40host"))
        self.fleet.warren("netns", "delete", "h1/=40host", "--force")
        self.assertEqual((self.listed(), self.http("=40host")[0]), ({}, 404))
        self.host.run("ip", "netns", "add", "@host")
        self.host.run("ip", "-n", "@host", "link", "add", "theirs", "type", "bridge")
        self.wait_listed("=40host")
        wait_until(lambda: "theirs" in self.fleet.warren("link", "show", "h1/=40host"), "the link in it")
        self.assertNotIn("theirs", self.fleet.warren("link", "show", "h1/@host"))
        self.assertIn("theirs", self.fleet.warren("exec", "h1/=40host", "--", "ip", "link"))
        self.assertNotIn("theirs", self.fleet.warren("exec", "h1/@host", "--", "ip", "link"))
        self.fleet.warren("netns", "delete", "h1/=40host", "--force")
        self.assertEqual((self.listed(), self.host.netns_names()), ({}, []))

    def test_a_second_name_of_ours_is_foreign_and_its_deletion_leaves_the_first(self):
        self.fleet.warren("netns", "add", "h1/w1")
        self.host.run("sh", "-c", "touch /run/netns/w2 && mount --bind /run/netns/w1 /run/netns/w2")
        wait_until(lambda: self.listed() == {"w1": False, "w2": True}, "w2, and it alone foreign")
        self.assertIn("force", self.fleet.refused("netns", "delete", "h1/w2"))
        self.fleet.warren("netns", "delete", "h1/w2", "--force")
        self.assertEqual((self.listed(), self.host.netns_names()), ({"w1": False}, ["w1"]))
        self.host.run("sh", "-c", "touch /run/netns/w2 && mount --bind /run/netns/w1 /run/netns/w2")
        self.wait_listed("w2")
        said = self.fleet.run("netns", "delete", "h1/w1", "--timeout", "60s")
        self.assertIn("w1", said.stderr, "that it lives on")
        self.assertEqual((self.listed(), self.host.netns_names()), ({"w2": True}, ["w2"]))
        self.assertIn("force", self.fleet.refused("netns", "delete", "h1/w2"))
        self.fleet.warren("netns", "delete", "h1/w2", "--force")
        self.assertEqual((self.listed(), self.host.netns_names()), ({}, []))


if __name__ == "__main__":
    unittest.main()
