"""What the README tells people to type works: its tour is taken word for word, on the host that it speaks of."""

import os
import pathlib
import re
import unittest

from fleet import BIN, Fleet

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def tour():
    """The tour's blocks of commands, in order."""
    text = README.read_text()
    text = text[text.index("\n## A tour\n"):]
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


class Readme(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        self.host = self.fleet.host("demo", "--enable-exec")
        # What a host has before anybody comes: an interface with an address and the default route.
        self.host.run("sh", "-e", "-c", """
            ip link add nic0 type veth peer name cable
            ip addr add 192.0.2.1/24 dev nic0
            ip link set nic0 up
            ip link set cable up
            ip route add default via 192.0.2.254
        """)
        self.environment = [f"WARREN_SERVER={self.fleet.target}", f"PATH={BIN}:{os.environ['PATH']}",
                            f"HOME={self.fleet.directory}"]

    def type(self, block):
        script = f"cd {self.fleet.directory} && set -euo pipefail && {block}"
        return self.host.run("env", *self.environment, "bash", "-c", script).stdout

    def test_the_tour_works_word_for_word_and_leaves_the_host_as_it_was(self):
        blocks = tour()
        self.assertGreaterEqual(len(blocks), 8)
        commands = [line for block in blocks for line in block.splitlines()]
        for verb in ("netns add", "netns delete", "link add veth", "link set", "addr add", "route add", "intent submit",
                     "bridge attach", "bridge detach", "exec"):
            self.assertTrue(any(f"warren {verb}" in line for line in commands), f"the tour has no {verb}")
        before = self.host.ip("addr"), self.host.ip("route")
        said = [self.type(block) for block in blocks]
        self.assertIn("demo/right", said[0])
        self.assertIn("1 received", said[1])
        self.assertRegex(said[2], r"demo/right: eth0.*10\.1\.0\.2/24")
        self.assertIn("its exit code is 3", said[2])
        self.assertIn("10.1.0.1/24", said[3])
        self.assertIn("exit code 1", said[5])
        self.assertNotIn("demo/third", said[5])
        self.assertIn("exit code 1", said[6])
        self.assertEqual(self.host.netns_names(), [])
        after = self.host.ip("addr"), self.host.ip("route")

        def stable(state):
            """Without the link-local addresses, which come by themselves in their own time."""
            links, routes = state
            return [(link["ifname"], link["address"], link["mtu"],
                     [a["local"] for a in link["addr_info"] if a["scope"] == "global"]) for link in links], routes

        self.assertEqual(stable(after), stable(before))

    def test_what_it_links_to_is_there(self):
        for target in re.findall(r"\]\(([^)#]+)", README.read_text()):
            if "://" not in target:
                self.assertTrue((README.parent / target).exists(), target)

    def test_its_two_commands_may_be_run(self):
        text = README.read_text()
        for script in ("deploy/quickstart.sh", "tests/run.sh"):
            self.assertIn(f"\nsudo {script}\n", text)
            self.assertTrue(os.access(README.parent / script, os.X_OK), script)


if __name__ == "__main__":
    unittest.main(verbosity=2)
