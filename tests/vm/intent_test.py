"""One intent from end to end on whatever kernel runs this: two namespaces, a veth pair with addresses, a ping across."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from fleet import Fleet  # noqa: E402

INTENT = """
operations:
  - createNamespace: {namespace: red}
  - createNamespace: {namespace: blue}
  - createVeth:
      a: {namespace: red, name: eth0, up: true, addresses: [10.9.0.1/24]}
      b: {namespace: blue, name: eth0, up: true, addresses: [10.9.0.2/24]}
"""


class Intent(unittest.TestCase):
    def test_is_applied_whole_and_undone_whole(self):
        with Fleet() as fleet:
            host = fleet.host("h1")
            shown = fleet.json("hosts", "show", "h1")
            self.assertEqual(shown["kernelRelease"], os.uname().release)
            fleet.warren("intent", "submit", "h1", "-f", "-", stdin=INTENT)
            self.assertEqual(host.netns_names(), ["blue", "red"])
            host.run("ip", "netns", "exec", "red", "ping", "-c", "1", "-W", "20", "10.9.0.2")
            # What cannot be done leaves what was there.
            fleet.refused("intent", "submit", "h1", "-f", "-", stdin="""
operations:
  - createNamespace: {namespace: green}
  - addRoute: {namespace: red, destination: 192.0.2.0/24, via: 203.0.113.1}
""")
            self.assertEqual(host.netns_names(), ["blue", "red"])
            for name in ("red", "blue"):
                fleet.warren("netns", "delete", f"h1/{name}")
            self.assertEqual(host.netns_names(), [])
            self.assertEqual(host.link_names(), ["lo"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
