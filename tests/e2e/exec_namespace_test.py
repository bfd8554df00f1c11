"""Commands and the namespace they run in: that they see it and nothing else, and what becomes of them when it, or its
host, goes. `ip netns exec` and the kernel are the witnesses."""

import json
import unittest

from exec_client import Caller, marked, new_mark, wait_gone
from fleet import Fleet, wait_until

# Commands that do not hear SIGHUP have to be killed.
STUBBORN = "trap '' HUP; echo there; while :; do sleep 1; done"

# The host gets an /etc of its own.
OWN_ETC = """
cp -a /etc /run/etc
mount --bind /run/etc /etc
mkdir -p /etc/netns/red /etc/netns/other
echo nameserver 192.0.2.1 > /etc/netns/red/resolv.conf
echo 192.0.2.7 only-in-red > /etc/netns/red/hosts
echo nameserver 192.0.2.9 > /etc/netns/other/resolv.conf
"""


class Namespace(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        cls.host = cls.fleet.host("h1", "--enable-exec", "--exec-grace", "200ms")
        cls.caller = cls.enterClassContext(Caller(cls.fleet.target))

    def setUp(self):
        self.mark = new_mark()
        self.fleet.warren("netns", "add", "h1/red")
        self.addCleanup(self.clean)

    def clean(self):
        for name in self.host.netns_names():
            self.host.run("ip", "netns", "delete", name)
        # The server refuses what it has seen go, and takes what it has seen come.
        wait_until(lambda: [n["name"] for n in self.fleet.json("netns", "list", "h1")] ==
                   ["hosts/h1/namespaces/@host"], "the server to see that all are gone")

    def cookie(self):
        return int(self.fleet.json("netns", "show", "h1/red")["identity"]["cookie"])

    def tripwire(self):
        """A link on the host whose other end lies in the namespace: it goes when the kernel lets go of that."""
        self.host.run("ip", "link", "add", "tap7", "type", "veth", "peer", "name", "eth7", "netns", "red")

    def wait_released(self):
        wait_until(lambda: "tap7" not in self.host.link_names(), "the kernel to let go of the namespace")

    def test_a_command_sees_what_ip_netns_exec_sees(self):
        self.host.run("ip", "-n", "red", "link", "add", "br7", "type", "bridge")
        self.host.run("ip", "-n", "red", "address", "add", "10.1.2.3/24", "dev", "br7")
        self.host.run("ip", "link", "add", "not-in-red", "type", "bridge")
        self.addCleanup(self.host.run, "ip", "link", "delete", "not-in-red")
        for command in ("ip addr", "ip route show table all", "ls /sys/class/net", "cat /proc/net/dev", "ss -ntl",
                        "readlink /proc/self/ns/net", "sysctl net.ipv4.ip_forward"):
            with self.subTest(command):
                expected = self.host.run("ip", "netns", "exec", "red", *command.split()).stdout
                self.assertEqual(self.caller.output("h1/red", *command.split()), expected)
        self.assertEqual(self.caller.output("h1/red", "ls", "/sys/class/net").split(), ["br7", "lo"])
        self.assertIn("not-in-red", self.caller.output("h1/@host", "ls", "/sys/class/net").split())

    def test_what_a_command_mounts_stays_its_own(self):
        before = self.host.run("cat", "/proc/self/mountinfo").stdout.count("\n")
        self.caller.output("h1/red", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
        self.assertEqual(self.host.run("cat", "/proc/self/mountinfo").stdout.count("\n"), before)

    def test_deletion_without_force_is_refused_and_the_command_goes_on(self):
        with self.caller.session("h1/red", "sh", "-c", "echo there; read line; echo $line", stdin=True,
                                 env=self.mark) as session:
            started = session.started()
            session.stdout(len("there\n"))
            message = self.fleet.refused("netns", "delete", "h1/red")
            self.assertIn("in use by", message)
            self.assertIn(str(started.pid), message)
            self.assertIn("force", message)
            self.assertEqual(self.host.netns_names(), ["red"])
            session.send(stdin=b"still here\n")
            ended = session.end()
        self.assertEqual((ended.stdout, ended.exit.code), (b"still here\n", 0))
        self.fleet.warren("netns", "delete", "h1/red")

    def test_deletion_by_force_ends_the_command_and_says_why(self):
        self.tripwire()
        with self.caller.session("h1/red", "sh", "-c", STUBBORN, env=self.mark) as session:
            session.stdout(len("there\n"))
            self.fleet.warren("netns", "delete", "h1/red", "--force")
            refusal = session.refusal()
        self.assertEqual((refusal.code, refusal.reason), ("ABORTED", "NAMESPACE_DELETED"), refusal)
        self.assertIn("red", refusal.message)
        self.assertEqual(marked(self.mark), [])
        self.wait_released()

    def test_so_does_a_deletion_by_other_means(self):
        self.tripwire()
        with self.caller.session("h1/red", "sh", "-c", STUBBORN, env=self.mark) as session:
            session.stdout(len("there\n"))
            self.host.run("ip", "netns", "delete", "red")
            refusal = session.refusal()
        self.assertEqual((refusal.code, refusal.reason), ("ABORTED", "NAMESPACE_DELETED"), refusal)
        wait_gone(self.mark)
        self.wait_released()

    def test_a_deletion_that_is_undone_leaves_the_command_alone(self):
        # The second operation fails, and the first is undone.
        document = {"operations": [{"deleteNamespace": {"namespace": "red", "force": True}},
                                   {"deleteLink": {"namespace": "@host", "name": "no-such-link"}}]}
        with self.caller.session("h1/red", "sh", "-c", "echo there; read line; ls /run/netns", stdin=True,
                                 env=self.mark) as session:
            session.stdout(len("there\n"))
            message = self.fleet.refused("intent", "submit", "h1", "-f", "-", stdin=json.dumps(document))
            self.assertIn("no-such-link", message)
            session.send(stdin=b"go\n")
            ended = session.end()
        self.assertEqual((ended.stdout, ended.exit.code), (b"red\n", 0), ended)

    def test_a_namespace_of_the_same_name_is_not_the_same(self):
        old = self.cookie()
        self.assertEqual(self.caller.output("h1/red", "echo", "hello", cookie=old), "hello\n")
        with self.caller.session("h1/red", "sh", "-c", STUBBORN, env=self.mark) as session:
            session.stdout(len("there\n"))
            # At once, so that the agent sees one name with another behind it.
            self.host.run("sh", "-c", "ip netns delete red && ip netns add red")
            refusal = session.refusal()
        self.assertEqual((refusal.code, refusal.reason), ("ABORTED", "NAMESPACE_DELETED"), refusal)
        refusal = self.caller.refusal("h1/red", "echo", "hello", cookie=old)
        self.assertEqual((refusal.code, refusal.reason), ("FAILED_PRECONDITION", "NAMESPACE_CHANGED"), refusal)
        new = wait_until(lambda: self.cookie() != old and self.cookie(), "the server to see the new one")
        self.assertEqual(self.caller.output("h1/red", "echo", "hello", cookie=new), "hello\n")


class Etc(unittest.TestCase):
    def test_a_namespace_has_its_own_files_of_etc_where_that_is_wanted(self):
        fleet = self.enterContext(Fleet())
        host = fleet.bare_host("h1")
        host.run("sh", "-ec", OWN_ETC)
        as_it_was = host.run("cat", "/etc/hosts").stdout
        caller = self.enterContext(Caller(fleet.target))
        host.start_agent("--enable-exec", "--netns-etc")
        for name in ("red", "blue"):
            fleet.warren("netns", "add", f"h1/{name}")
        files = ["cat", "/etc/resolv.conf", "/etc/hosts"]
        self.assertEqual(caller.output("h1/red", *files), "nameserver 192.0.2.1\n192.0.2.7 only-in-red\n")
        self.assertEqual(caller.output("h1/red", *files), host.run("ip", "netns", "exec", "red", *files).stdout)
        for place in ("h1/blue", "h1/@host"):
            self.assertEqual(caller.output(place, "cat", "/etc/hosts"), as_it_was)
        self.assertEqual(host.run("cat", "/etc/hosts").stdout, as_it_was)
        # It is what the flag says, not otherwise.
        self.assertEqual(host.agent.terminate(), 0)
        host.start_agent("--enable-exec")
        self.assertEqual(caller.output("h1/red", "cat", "/etc/hosts"), as_it_was)


class HostAway(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        self.host = self.fleet.host("h1", "--enable-exec", "--exec-grace", "200ms")
        self.fleet.warren("netns", "add", "h1/red")
        self.caller = self.enterContext(Caller(self.fleet.target))
        self.mark = new_mark()

    def connected(self):
        return self.fleet.json("hosts", "show", "h1").get("connected", False)

    def test_nothing_is_queued_for_a_host_that_is_away(self):
        self.assertEqual(self.host.agent.terminate(), 0)
        wait_until(lambda: not self.connected(), "the server to see that the host is away")
        trace = self.fleet.directory / "trace"
        refusal = self.caller.refusal("h1/red", "touch", str(trace))
        self.assertEqual((refusal.code, refusal.reason), ("UNAVAILABLE", "HOST_AWAY"), refusal)
        self.host.start_agent("--enable-exec")
        self.assertEqual(self.caller.output("h1/red", "echo", "hello"), "hello\n")
        self.assertFalse(trace.exists())

    def test_a_command_whose_agent_is_stopped_is_ended_and_its_caller_told(self):
        with self.caller.session("h1/red", "sh", "-c", STUBBORN, env=self.mark) as session:
            session.stdout(len("there\n"))
            self.assertEqual(self.host.agent.terminate(), 0)
            refusal = session.refusal()
        self.assertEqual(refusal.code, "UNAVAILABLE", refusal)
        self.assertIn("stopping", refusal.message)
        wait_gone(self.mark)

    def test_a_caller_is_told_when_the_agent_is_killed(self):
        with self.caller.session("h1/red", "sh", "-c", STUBBORN, env=self.mark) as session:
            session.stdout(len("there\n"))
            self.host.agent.kill()
            refusal = session.refusal()
        self.assertEqual((refusal.code, refusal.reason), ("UNAVAILABLE", "HOST_WENT_AWAY"), refusal)
        wait_gone(self.mark)
        self.host.start_agent("--enable-exec")

    def test_a_server_that_stops_ends_its_commands_and_their_callers_hear_why(self):
        with self.caller.session("h1/red", "sh", "-c", STUBBORN, env=self.mark) as session:
            session.stdout(len("there\n"))
            self.assertEqual(self.fleet.server.terminate(), 0)
            refusal = session.refusal()
        self.assertEqual(refusal.code, "UNAVAILABLE", refusal)
        self.assertIn("shutting down", refusal.message)
        wait_gone(self.mark)

    def test_a_server_that_is_killed_leaves_no_command_behind(self):
        with self.caller.session("h1/red", "sh", "-c", STUBBORN, env=self.mark) as session:
            session.stdout(len("there\n"))
            self.fleet.server.kill()
            self.assertEqual(session.refusal().code, "UNAVAILABLE")
            wait_gone(self.mark)


if __name__ == "__main__":
    unittest.main(verbosity=2)
