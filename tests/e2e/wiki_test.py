"""The tasks people do by hand with `ip netns` and `ip link`, done from a remote client; `ip` itself is the witness."""

import unittest

from fleet import Fleet


class WikiTasks(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        self.host = self.fleet.host("h1")

    def test_a_namespace_is_created_listed_and_deleted(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.assertEqual(self.host.netns_names(), ["red"])
        self.assertIn("h1/red", self.fleet.warren("netns", "list", "h1"))
        self.fleet.warren("netns", "delete", "h1/red")
        self.assertEqual(self.host.netns_names(), [])
        self.assertNotIn("h1/red", self.fleet.warren("netns", "list", "h1"))

    def test_loopback_is_up_in_a_new_namespace_unless_told_otherwise(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("netns", "add", "h1/dark", "--loopback-down")
        self.assertIn("UP", self.host.ip("link", "show", "lo", netns="red")[0]["flags"])
        self.assertNotIn("UP", self.host.ip("link", "show", "lo", netns="dark")[0]["flags"])
        self.fleet.warren("link", "set", "h1/dark:lo", "up")
        self.assertIn("UP", self.host.ip("link", "show", "lo", netns="dark")[0]["flags"])

    def test_a_veth_pair_joins_two_namespaces_and_carries_packets(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("netns", "add", "h1/blue")
        self.fleet.warren("link", "add", "veth", "h1/red:eth0", "h1/blue:eth0")
        for name, address in (("red", "10.0.0.1/24"), ("blue", "10.0.0.2/24")):
            self.fleet.warren("addr", "add", address, "dev", f"h1/{name}:eth0")
            self.fleet.warren("link", "set", f"h1/{name}:eth0", "up")
        self.host.run("ip", "netns", "exec", "red", "ping", "-c1", "-W5", "10.0.0.2")

    def test_addresses_and_routes_of_a_namespace_are_shown_as_the_kernel_has_them(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("link", "add", "veth", "h1/red:eth0", "h1/@host:tap0")
        self.fleet.warren("addr", "add", "10.0.0.1/24", "dev", "h1/red:eth0")
        self.fleet.warren("link", "set", "h1/red:eth0", "up")
        self.fleet.warren("route", "add", "h1/red", "default", "via", "10.0.0.254", "dev", "eth0", "metric", "50")
        self.assertIn("10.0.0.1/24", self.fleet.warren("addr", "show", "h1/red"))
        self.assertRegex(self.fleet.warren("route", "show", "h1/red"), r"default.*10\.0\.0\.254")
        route = self.host.ip("route", "show", "default", netns="red")[0]
        self.assertEqual((route["gateway"], route["dev"], route["metric"]), ("10.0.0.254", "eth0", 50))

    def test_link_details_name_the_other_end_and_match_the_kernel(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("link", "add", "veth", "h1/red:eth0", "h1/@host:tap0")
        shown = self.fleet.json("netns", "show", "h1/red")
        link = next(link for link in shown["links"] if link["name"] == "eth0")
        kernel = self.host.ip("-d", "link", "show", "eth0", netns="red")[0]
        self.assertEqual(link["mac"], kernel["address"])
        self.assertEqual(link["mtu"], kernel["mtu"])
        self.assertEqual(link["ifindex"], kernel["ifindex"])
        self.assertEqual(link["kind"], "veth")
        self.assertEqual((link["peer"]["namespace"], link["peer"]["name"]), ("@host", "tap0"))
        self.assertIn("tap0", self.fleet.warren("link", "show", "h1/red:eth0"))

    def test_one_end_of_a_pair_is_moved_into_a_namespace(self):
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("link", "add", "veth", "h1/@host:veth0", "h1/@host:veth1")
        self.assertIn("veth1", self.host.link_names())
        self.fleet.warren("link", "set", "h1/@host:veth1", "netns", "red")
        self.assertNotIn("veth1", self.host.link_names())
        self.assertIn("veth1", self.host.link_names(netns="red"))

    def test_a_physical_interface_joins_virtual_ones_on_a_bridge_and_keeps_the_hosts_route(self):
        # The "NIC" is the near end of a cable to a neighbour, made by hand, with the host's address and default route.
        self.host.run("sh", "-e", "-c", """
            ip netns add neighbour
            ip link add nic0 type veth peer name far0 netns neighbour
            ip addr add 192.0.2.1/24 dev nic0
            ip link set nic0 up
            ip -n neighbour addr add 192.0.2.254/24 dev far0
            ip -n neighbour link set far0 up
            ip route add default via 192.0.2.254
        """)
        self.fleet.warren("netns", "add", "h1/red")
        self.fleet.warren("link", "add", "veth", "h1/red:eth0", "h1/@host:tap0")
        self.fleet.warren("addr", "add", "192.0.2.2/24", "dev", "h1/red:eth0")
        self.fleet.warren("link", "set", "h1/red:eth0", "up")
        self.fleet.warren("link", "set", "h1/@host:tap0", "up")
        self.fleet.warren("bridge", "add", "h1/@host:br0", "--up")
        self.fleet.warren("bridge", "attach", "h1/@host:tap0", "br0")
        refusal = self.fleet.refused("bridge", "attach", "h1/@host:nic0", "br0")
        self.assertIn("default route", refusal)
        self.fleet.warren("bridge", "attach", "h1/@host:nic0", "br0", "--move-addresses")
        self.assertEqual(self.host.ip("link", "show", "nic0")[0]["master"], "br0")
        self.assertEqual(self.host.ip("route", "show", "default")[0]["dev"], "br0")
        self.host.run("ping", "-c1", "-W5", "192.0.2.254")
        self.host.run("ip", "netns", "exec", "red", "ping", "-c1", "-W5", "192.0.2.254")
        # And back again.
        self.fleet.warren("bridge", "detach", "h1/@host:nic0", "--move-addresses", "--force")
        self.assertEqual(self.host.ip("route", "show", "default")[0]["dev"], "nic0")
        self.fleet.warren("bridge", "delete", "h1/@host:br0")
        self.assertNotIn("br0", self.host.link_names())
        self.host.run("ping", "-c1", "-W5", "192.0.2.254")


if __name__ == "__main__":
    unittest.main(verbosity=2)
