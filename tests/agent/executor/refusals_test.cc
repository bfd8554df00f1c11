// Every refusal of every operation, as the user reads it: what failed, on which object, the kernel's reason, what to
// do.

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

struct Row {
  std::string name;
  std::string before;  // what others have done
  std::string operation;
  std::string object;
  std::string message;
  // Where an older kernel refuses it without words of its own, which `ip`, doing the same, shows; empty: none does.
  std::string by_hand = {};
  std::string without_words = {};
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Refusals : public ExecutorTest, public ::testing::WithParamInterface<Row> {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    // The host's default route leaves by nic, its path to the server by lan.
    Sh("ip netns add world");
    for (const std::string nic : {"nic", "lan"}) {
      Sh("ip link add " + nic + " type veth peer name " + nic + " netns world && ip link set " + nic +
         " up && ip -n world link set " + nic + " up");
    }
    Sh("ip address add 192.0.2.2/24 dev nic && ip route add default via 192.0.2.1 && "
       "ip address add 198.51.100.2/24 dev lan && ip route add 10.99.0.0/16 via 198.51.100.1");
    executor_->SetServerAddress(*kernel::ParseIp("10.99.0.5"));
    Succeed(R"(create_namespace { namespace: 'red' }
               create_bridge { namespace: 'red' name: 'br0' }
               create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.5.0.1/24' } b { namespace: '@host' name: 'v0' up: true } })");
  }
  void TearDown() override {
    Try("umount /run/netns/mine; umount /run/netns/file; rm -rf /run/netns/mine /run/netns/file; ip -n red link del "
        "up0; "
        "ip -n red link del tun0");
    ExecutorTest::TearDown();
  }
};

const Row kRows[] = {
    Row{"create_namespace_that_exists", "", "create_namespace { namespace: 'red' }", "red",
        "creating namespace red: EEXIST (File exists); choose another name or delete that one first; allow_existing "
        "adopts one that is as asked"},
    Row{"create_namespace_that_differs", "",
        "create_namespace { namespace: 'red' loopback_down: true allow_existing: true }", "red",
        "red exists, but not as asked: its loopback is up; change or delete it first"},
    Row{"create_namespace_over_a_file", "touch /run/netns/file", "create_namespace { namespace: 'file' }", "file",
        "the name file stands for no network namespace but for a plain file: nothing is mounted on it; DeleteNamespace "
        "with force removes it"},
    Row{"create_namespace_over_a_link", "ln -s red /run/netns/file",
        "create_namespace { namespace: 'file' allow_existing: true }", "file",
        "the name file stands for no network namespace but for a symbolic link to red: those are not followed; "
        "DeleteNamespace with force removes it"},
    Row{"create_namespace_with_a_bad_name", "", "create_namespace { namespace: 'a/b' }", "a/b", "the name has a \"/\""},
    Row{"create_namespace_that_is_the_hosts", "touch /run/netns/mine; mount --bind /proc/self/ns/net /run/netns/mine",
        "create_namespace { namespace: 'mine' allow_existing: true }", "mine",
        "the name mine is bound to the host's own namespace; say @host to work there; `ip netns delete` on the host "
        "frees "
        "the name, and leaves the namespace"},
    Row{"delete_namespace_that_is_not_there", "", "delete_namespace { namespace: 'none' }", "none",
        "opening namespace none: ENOENT (No such file or directory); check the name; allow_missing counts it as "
        "deleted"},
    Row{"delete_namespace_of_others", "ip netns add green", "delete_namespace { namespace: 'green' }", "green",
        "namespace green was not made through Warren; it is deleted only if the operation says force"},
    Row{"delete_namespace_with_links_of_others", "ip -n red link add theirs type bridge",
        "delete_namespace { namespace: 'red' }", "red",
        "link red:theirs in it was not made through Warren; it is deleted only if the operation says force"},
    Row{"delete_namespace_of_the_host", "", "delete_namespace { namespace: '@host' force: true }", "@host",
        "the host's own namespace cannot be deleted"},
    Row{"delete_namespace_that_is_none", "touch /run/netns/file", "delete_namespace { namespace: 'file' }", "file",
        "the name file stands for no network namespace but for a plain file: nothing is mounted on it; DeleteNamespace "
        "with force removes it"},
    Row{"delete_namespace_that_is_the_hosts", "touch /run/netns/mine; mount --bind /proc/self/ns/net /run/netns/mine",
        "delete_namespace { namespace: 'mine' force: true }", "mine",
        "the name mine is bound to the host's own namespace; say @host to work there; `ip netns delete` on the host "
        "frees "
        "the name, and leaves the namespace"},
    Row{"delete_namespace_that_is_a_mount", "touch /run/netns/file; mount --bind /etc/hostname /run/netns/file",
        "delete_namespace { namespace: 'file' force: true }", "file",
        "the name file stands for no network namespace but for a plain file that is mounted there; unmount it by hand, "
        "and the name is free"},
    Row{"delete_namespace_that_is_a_full_directory", "mkdir -p /run/netns/file/x",
        "delete_namespace { namespace: 'file' force: true }", "file",
        "the name file stands for no network namespace but for a directory; there is something in it: move it away by "
        "hand, and the name is free"},
    Row{"create_veth_in_no_namespace", "",
        "create_veth { a { namespace: 'none' name: 'a' } b { namespace: 'red' name: 'b' } }", "none",
        "opening namespace none: ENOENT (No such file or directory); check the name, or create the namespace first"},
    Row{"create_veth_with_the_first_name_taken", "",
        "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'red' name: 'b' } }", "red:eth0",
        "creating veth red:eth0: EEXIST (File exists); choose another name or delete that one first; allow_existing "
        "adopts one that is as asked"},
    Row{"create_veth_with_the_other_name_taken", "",
        "create_veth { a { namespace: 'red' name: 'a' } b { namespace: '@host' name: 'v0' } }", "@host:v0",
        "creating veth @host:v0: EEXIST (File exists); choose another name or delete that one first; allow_existing "
        "adopts one that is as asked"},
    Row{"create_veth_of_which_half_is_there", "",
        "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'b' } allow_existing: true }",
        "red:eth0", "red:eth0 exists, but not as asked: there is no @host:b; change or delete it first"},
    Row{"create_veth_that_differs", "",
        "create_veth { a { namespace: 'red' name: 'eth0' mtu: 1400 } b { namespace: '@host' name: 'v0' } "
        "allow_existing: true }",
        "red:eth0", "red:eth0 exists, but not as asked: its MTU is 1500, not 1400; change or delete it first"},
    Row{"create_veth_with_one_name", "",
        "create_veth { a { namespace: 'red' name: 'b' } b { namespace: 'red' name: 'b' } }", "red:b",
        "creating a veth pair whose two ends have one name: EEXIST (File exists); choose another name or delete that "
        "one first; allow_existing adopts one that is as asked"},
    Row{"create_veth_with_a_group_mac", "",
        "create_veth { a { namespace: 'red' name: 'a' mac: '01:00:00:00:00:01' } b { namespace: 'red' name: 'b' } }",
        "red:a",
        "creating veth pair a, b: EADDRNOTAVAIL (Cannot assign requested address); a link takes a unicast address that "
        "is not all zeros"},
    Row{"create_veth_with_a_bad_mac", "",
        "create_veth { a { namespace: 'red' name: 'a' mac: '01:00' } b { namespace: 'red' name: 'b' } }", "red:a",
        "\"01:00\" is not a MAC address"},
    Row{"create_veth_with_a_small_mtu", "",
        "create_veth { a { namespace: 'red' name: 'a' mtu: 60 } b { namespace: 'red' name: 'b' } }", "red:a",
        "creating veth pair a, b: EINVAL (Invalid argument); check its MTU, its MAC and its queues"},
    Row{"create_veth_with_many_queues", "",
        "create_veth { a { namespace: 'red' name: 'a' queues: 5000 } b { namespace: 'red' name: 'b' } }", "red:a",
        "creating veth pair a, b: EINVAL (Invalid argument): Invalid number of transmit queues"},
    Row{"create_veth_with_an_address_twice", "",
        "create_veth { a { namespace: 'red' name: 'a' addresses: '10.1.1.1/24' addresses: '10.1.1.1/24' } b { "
        "namespace: 'red' name: 'b' } }",
        "red:a", "it is to have address 10.1.1.1/24 twice"},
    Row{"create_bridge_with_an_address_that_is_a_group", "",
        "create_bridge { namespace: 'red' name: 'br1' addresses: 'ff02::1/64' }", "red:br1",
        "adding address ff02::1/64: EADDRNOTAVAIL (Cannot assign requested address): ipv6: Cannot assign multicast "
        "address without \"IFA_F_MCAUTOJOIN\" flag; a link takes a unicast address, and ::1 on its loopback alone",
        "ip -n red address add ff02::1/64 dev eth0",
        "adding address ff02::1/64: EADDRNOTAVAIL (Cannot assign requested address); a link takes a unicast address, "
        "and ::1 on its loopback alone"},
    Row{"create_veth_with_an_address_where_ipv6_is_off",
        "ip netns exec red sysctl -qw net.ipv6.conf.default.disable_ipv6=1",
        "create_veth { a { namespace: 'red' name: 'eth1' addresses: '2001:db8::1/64' } b { namespace: 'red' name: "
        "'eth2' } }",
        "red:eth1",
        "adding address 2001:db8::1/64: EACCES (Permission denied): ipv6: IPv6 is disabled on this device; set "
        "disable_ipv6 of the link (net.ipv6.conf) to 0 first",
        "ip -n red link add x0 type dummy && ip -n red address add 2001:db8::1/64 dev x0",
        "adding address 2001:db8::1/64: EACCES (Permission denied); IPv6 is off there: set disable_ipv6 of the link "
        "(net.ipv6.conf) to 0 first"},
    Row{"create_bridge_with_an_address_twice", "",
        "create_bridge { namespace: 'red' name: 'br1' addresses: '2001:db8::1/64' addresses: '2001:db8:0::1/48' }",
        "red:br1", "it is to have address 2001:db8:0::1/48 twice"},
    Row{"create_veth_with_ipv6_and_a_small_mtu", "",
        "create_veth { a { namespace: 'red' name: 'a' mtu: 1000 addresses: '2001:db8::1/64' } b { namespace: 'red' "
        "name: 'b' } }",
        "red:a", "link red:a has an MTU of 1000, and IPv6 needs 1280; raise it first"},
    Row{"create_veth_that_takes_the_path", "",
        "create_veth { a { namespace: 'red' name: 'a' } b { namespace: '@host' name: 'b' addresses: '10.99.0.1/24' } }",
        "@host:b",
        "address 10.99.0.1/24 would lead the path to the server 10.99.0.5 elsewhere; give the server a route of its "
        "own first: 10.99.0.5/32 via 198.51.100.1 dev lan"},
    Row{"move_link_that_is_not_there", "", "move_link { namespace: 'red' name: 'none' to_namespace: '@host' }",
        "red:none", "looking up link none: ENODEV (No such device); check the name, or create it first"},
    Row{"move_link_to_no_namespace", "", "move_link { namespace: 'red' name: 'eth0' to_namespace: 'none' }", "none",
        "opening namespace none: ENOENT (No such file or directory); check the name, or create the namespace first"},
    Row{"move_link_to_a_name_taken", "",
        "move_link { namespace: 'red' name: 'eth0' to_namespace: '@host' to_name: 'nic' }", "red:eth0",
        "moving to @host:nic: EEXIST (File exists); choose another name, or delete or rename that one first"},
    Row{"move_link_that_may_not_leave", "", "move_link { namespace: 'red' name: 'br0' to_namespace: '@host' }",
        "red:br0", "moving the link: EINVAL (Invalid argument): The interface netns is immutable",
        "ip -n red link set br0 netns $$",
        "moving the link: EINVAL (Invalid argument); the kernel does not let this link leave its namespace"},
    Row{"move_link_that_is_the_loopback", "", "move_link { namespace: 'red' name: 'lo' to_namespace: '@host' }",
        "red:lo", "link red:lo is a loopback: each namespace has its own, which does not leave it"},
    Row{"move_link_that_is_the_loopback_to_a_name", "",
        "move_link { namespace: 'red' name: 'lo' to_namespace: '@host' to_name: 'lo2' }", "red:lo",
        "link red:lo is a loopback: each namespace has its own, which does not leave it"},
    Row{"move_link_that_is_vital", "", "move_link { namespace: '@host' name: 'nic' to_namespace: 'red' }", "@host:nic",
        "link @host:nic carries the host's default route and is not moved; to give a namespace a way out, attach the "
        "link to a bridge with move_addresses, and to that bridge a veth of the namespace"},
    Row{"move_link_that_carries_others", "ip -n red link add up0 link eth0 type macvlan",
        "move_link { namespace: 'red' name: 'eth0' to_namespace: '@host' }", "red:eth0",
        "link red:eth0 carries red:up0, which does not move with it and which the kernel may delete; delete that "
        "first"},
    Row{"delete_link_that_is_not_there", "", "delete_link { namespace: 'red' name: 'none' }", "red:none",
        "looking up link none: ENODEV (No such device); check what is there; allow_missing counts it as deleted"},
    Row{"delete_link_in_no_namespace", "", "delete_link { namespace: 'none' name: 'eth0' }", "none",
        "opening namespace none: ENOENT (No such file or directory); check the name; allow_missing counts it as "
        "deleted"},
    Row{"delete_link_of_others", "", "delete_link { namespace: '@host' name: 'lan' }", "@host:lan",
        "link @host:lan was not made through Warren; it is deleted only if the operation says force"},
    Row{"delete_link_under_one_of_others", "ip -n red link add up0 link eth0 type macvlan",
        "delete_link { namespace: 'red' name: 'eth0' }", "red:eth0",
        "link red:up0 on red:eth0 was not made through Warren; it is deleted only if the operation says force"},
    Row{"delete_link_that_is_not_virtual", "", "delete_link { namespace: 'red' name: 'lo' force: true }", "red:lo",
        "deleting red:lo, which is not a virtual link: EOPNOTSUPP (Operation not supported); this kind of link cannot "
        "do that"},
    Row{"delete_link_that_is_vital", "ip addr add 10.7.0.1/24 dev v0; ip route replace default via 10.7.0.2",
        "delete_link { namespace: '@host' name: 'v0' }", "@host:v0",
        "link @host:v0 carries the host's default route and is not deleted unless the operation says force, which may "
        "cut the host off"},
    Row{"set_link_that_is_not_there", "", "set_link { namespace: 'red' name: 'none' up: true }", "red:none",
        "looking up link none: ENODEV (No such device); check the name, or create it first"},
    Row{"set_link_to_a_name_taken", "", "set_link { namespace: '@host' name: 'v0' new_name: 'nic' }", "@host:v0",
        "renaming to @host:nic: EEXIST (File exists); choose another name, or delete or rename that one first"},
    Row{"set_link_to_a_bad_mac", "", "set_link { namespace: 'red' name: 'eth0' mac: '02:00' }", "red:eth0",
        "\"02:00\" is not a MAC address"},
    Row{"set_link_to_a_group_mac", "", "set_link { namespace: 'red' name: 'eth0' mac: '01:00:00:00:00:01' }",
        "red:eth0",
        "changing the link: EADDRNOTAVAIL (Cannot assign requested address); a link takes a unicast address that is "
        "not all zeros"},
    Row{"set_link_mac_of_the_loopback", "", "set_link { namespace: 'red' name: 'lo' mac: '02:00:00:00:00:01' }",
        "red:lo", "red:lo is a loopback: the kernel would not take its MAC of zeros back (eth_mac_addr)"},
    Row{"set_link_to_a_small_mtu", "", "set_link { namespace: 'red' name: 'eth0' mtu: 60 }", "red:eth0",
        "setting an MTU of 60 on red:eth0, which takes 68 to 65535: EINVAL (Invalid argument): mtu less than device "
        "minimum"},
    Row{"set_link_to_a_large_mtu", "", "set_link { namespace: 'red' name: 'eth0' mtu: 100000 }", "red:eth0",
        "setting an MTU of 100000 on red:eth0, which takes 68 to 65535: EINVAL (Invalid argument): mtu greater than "
        "device maximum"},
    Row{"set_link_to_a_larger_mtu_than_the_link_below", "ip -n red link add up0 link eth0 type macvlan",
        "set_link { namespace: 'red' name: 'up0' mtu: 9000 }", "red:up0",
        "setting an MTU of 9000 on red:up0, which takes 68 to 65535 and stands on eth0 with an MTU of 1500: EINVAL "
        "(Invalid argument)"},
    Row{"set_link_to_a_larger_mtu_than_a_tunnel_has", "ip -n red link add up0 type vxlan id 5 dev eth0 dstport 4789",
        "set_link { namespace: 'red' name: 'up0' mtu: 2000 }", "red:up0",
        "setting an MTU of 2000 on red:up0, which takes 68 to 65535 and stands on eth0 with an MTU of 1500: EINVAL "
        "(Invalid argument)"},
    Row{"set_link_down_that_is_vital", "", "set_link { namespace: '@host' name: 'nic' up: false }", "@host:nic",
        "link @host:nic carries the host's default route and is not set down unless the operation says force, which "
        "may cut the host off"},
    Row{"set_link_mac_of_a_vital_one", "", "set_link { namespace: '@host' name: 'nic' mac: '02:00:00:00:00:01' }",
        "@host:nic",
        "link @host:nic carries the host's default route and is not given another MAC unless the operation says force, "
        "which may cut the host off"},
    Row{"set_link_mtu_of_a_vital_one", "", "set_link { namespace: '@host' name: 'nic' mtu: 100 }", "@host:nic",
        "link @host:nic carries the host's default route and is not given an MTU of 100; IPv4 needs 576"},
    Row{"set_link_name_of_the_hosts_loopback", "", "set_link { namespace: '@host' name: 'lo' new_name: 'lo1' }",
        "@host:lo", "@host:lo is the host's loopback and is not renamed unless the operation says force"},
    Row{"set_link_up_that_takes_the_path", "ip link add x type veth peer name y; ip addr add 10.99.0.1/24 dev x",
        "set_link { namespace: '@host' name: 'x' up: true }", "@host:x",
        "address 10.99.0.1/24 would lead the path to the server 10.99.0.5 elsewhere; give the server a route of its "
        "own first: 10.99.0.5/32 via 198.51.100.1 dev lan"},
    Row{"add_address_to_no_link", "", "add_address { namespace: 'red' link: 'none' address: '10.0.0.1/24' }",
        "red:none", "looking up link none: ENODEV (No such device); check the name, or create it first"},
    Row{"add_address_that_is_none", "", "add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/33' }",
        "red:eth0", "\"10.0.0.1/33\" is not an address"},
    Row{"add_address_that_is_there", "", "add_address { namespace: 'red' link: 'eth0' address: '10.5.0.1/24' }",
        "10.5.0.1/24 on red:eth0",
        "adding address 10.5.0.1/24: EEXIST (File exists): ipv4: Address already assigned; allow_existing adopts one "
        "that is as asked",
        "ip -n red address add 10.5.0.1/24 dev eth0",
        "adding address 10.5.0.1/24: EEXIST (File exists); allow_existing adopts one that is as asked"},
    Row{"add_address_that_is_there_otherwise", "ip -n red addr add 2001:db8::1/64 dev eth0 nodad",
        "add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/48' allow_existing: true }",
        "2001:db8::1/48 on red:eth0",
        "2001:db8::1/48 on red:eth0 exists, but not as asked: it is there as 2001:db8::1/64; change or delete it "
        "first"},
    Row{"add_address_that_is_there_with_a_peer", "ip -n red addr add 10.0.0.1 peer 10.0.0.2/24 dev eth0",
        "add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' allow_existing: true }",
        "10.0.0.1/24 on red:eth0",
        "10.0.0.1/24 on red:eth0 exists, but not as asked: it is there as 10.0.0.1/24 with peer 10.0.0.2; change or "
        "delete it first"},
    Row{"add_address_that_is_there_with_a_scope", "ip -n red addr add 10.0.0.1/24 dev eth0 scope link",
        "add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' allow_existing: true }",
        "10.0.0.1/24 on red:eth0",
        "10.0.0.1/24 on red:eth0 exists, but not as asked: it has scope link; change or delete it first"},
    Row{"add_address_of_ipv6_where_it_is_off", "ip netns exec red sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1",
        "add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }", "2001:db8::1/64 on red:eth0",
        "adding address 2001:db8::1/64: EACCES (Permission denied): ipv6: IPv6 is disabled on this device; set "
        "disable_ipv6 of the link (net.ipv6.conf) to 0 first",
        "ip -n red address add 2001:db8::1/64 dev eth0",
        "adding address 2001:db8::1/64: EACCES (Permission denied); IPv6 is off there: set disable_ipv6 of the link "
        "(net.ipv6.conf) to 0 first"},
    Row{"add_address_of_ipv6_to_a_small_mtu", "ip -n red link set eth0 mtu 1000",
        "add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }", "2001:db8::1/64 on red:eth0",
        "link red:eth0 has an MTU of 1000, and IPv6 needs 1280; raise it first"},
    Row{"add_address_of_ipv6_that_is_a_group", "",
        "add_address { namespace: 'red' link: 'eth0' address: 'ff02::1/64' }", "ff02::1/64 on red:eth0",
        "adding address ff02::1/64: EADDRNOTAVAIL (Cannot assign requested address): ipv6: Cannot assign multicast "
        "address without \"IFA_F_MCAUTOJOIN\" flag; a link takes a unicast address, and ::1 on its loopback alone",
        "ip -n red address add ff02::1/64 dev eth0",
        "adding address ff02::1/64: EADDRNOTAVAIL (Cannot assign requested address); a link takes a unicast address, "
        "and ::1 on its loopback alone"},
    Row{"add_address_of_ipv6_that_is_the_loopbacks", "",
        "add_address { namespace: 'red' link: 'eth0' address: '::1/128' }", "::1/128 on red:eth0",
        "adding address ::1/128: EADDRNOTAVAIL (Cannot assign requested address): ipv6: Cannot assign loopback address "
        "on this device",
        "ip -n red address add ::1/128 dev eth0",
        "adding address ::1/128: EADDRNOTAVAIL (Cannot assign requested address); a link takes a unicast address, and "
        "::1 on its loopback alone"},
    Row{"add_address_that_takes_the_path", "", "add_address { namespace: '@host' link: 'v0' address: '10.99.0.1/24' }",
        "10.99.0.1/24 on @host:v0",
        "address 10.99.0.1/24 would lead the path to the server 10.99.0.5 elsewhere; give the server a route of its "
        "own first: 10.99.0.5/32 via 198.51.100.1 dev lan"},
    Row{"add_address_that_is_the_servers", "", "add_address { namespace: '@host' link: 'v0' address: '10.99.0.5/32' }",
        "10.99.0.5/32 on @host:v0",
        "address 10.99.0.5/32 would lead the path to the server 10.99.0.5 elsewhere; it is done only by force, which "
        "may cut the host off"},
    Row{"add_address_that_is_the_gateways", "", "add_address { namespace: '@host' link: 'v0' address: '192.0.2.1/32' }",
        "192.0.2.1/32 on @host:v0",
        "address 192.0.2.1/32 would lead what goes to the gateway 192.0.2.1 of the host's default route elsewhere; "
        "choose a prefix without that address"},
    Row{"delete_address_of_no_link", "", "delete_address { namespace: 'red' link: 'none' address: '10.0.0.1/24' }",
        "red:none",
        "looking up link none: ENODEV (No such device); check what is there; allow_missing counts it as deleted"},
    Row{"delete_address_that_is_not_there", "",
        "delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.9/24' }", "10.0.0.9/24 on red:eth0",
        "deleting address 10.0.0.9/24: EADDRNOTAVAIL (Cannot assign requested address); check what is there; "
        "allow_missing counts it as deleted"},
    Row{"delete_address_that_is_there_otherwise", "",
        "delete_address { namespace: 'red' link: 'eth0' address: '10.5.0.1/16' allow_missing: true }",
        "10.5.0.1/16 on red:eth0",
        "10.5.0.1/16 on red:eth0 is not there as that, but as 10.5.0.1/24; delete it as what it is"},
    Row{"delete_address_that_is_vital", "", "delete_address { namespace: '@host' link: 'nic' address: '192.0.2.2/24' }",
        "192.0.2.2/24 on @host:nic",
        "address 192.0.2.2/24 carries the host's default route and is not removed unless the operation says force, "
        "which may cut the host off"},
    Row{"add_route_in_no_namespace", "", "add_route { namespace: 'none' destination: 'default' via: '10.5.0.9' }",
        "none",
        "opening namespace none: ENOENT (No such file or directory); check the name, or create the namespace first"},
    Row{"add_route_by_no_link", "", "add_route { namespace: 'red' destination: '10.6.0.0/16' dev: 'none' }",
        "route 10.6.0.0/16 in red",
        "looking up link none: ENODEV (No such device); check the name, or create it first"},
    Row{"add_route_by_a_link_that_is_down", "ip -n red link set eth0 down",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' dev: 'eth0' }", "route 10.6.0.0/16 in red",
        "adding route 10.6.0.0/16: ENETDOWN (Network is down): Device for nexthop is not up; bring the link up first"},
    Row{"add_route_onlink_by_a_link_that_is_down", "ip -n red link set eth0 down",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' via: '10.9.0.1' dev: 'eth0' onlink: true }",
        "route 10.6.0.0/16 in red",
        "adding route 10.6.0.0/16: ENETDOWN (Network is down): Nexthop device is not up; bring the link up first"},
    Row{"add_route_by_a_gateway_on_no_link", "",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' via: '10.9.0.1' }", "route 10.6.0.0/16 in red",
        "adding route 10.6.0.0/16: ENETUNREACH (Network is unreachable): Nexthop has invalid gateway; the next hop is "
        "on no subnet of the link: add an address first, or say onlink"},
    Row{"add_route_by_a_gateway_not_on_this_link", "",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' via: '10.9.0.1' dev: 'eth0' }",
        "route 10.6.0.0/16 in red",
        "adding route 10.6.0.0/16: ENETUNREACH (Network is unreachable): Nexthop has invalid gateway; the next hop is "
        "on no subnet of the link: add an address first, or say onlink"},
    Row{"add_route_by_a_gateway_that_is_a_group", "",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' via: '224.0.0.1' dev: 'eth0' onlink: true }",
        "route 10.6.0.0/16 in red",
        "adding route 10.6.0.0/16: EINVAL (Invalid argument): Nexthop has invalid gateway; a next hop is a unicast "
        "address, and another's"},
    Row{"add_route_by_no_gateway", "",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' via: '0.0.0.0' dev: 'eth0' }",
        "route 10.6.0.0/16 in red", "\"0.0.0.0\" is not a gateway; leave via out for a route without one"},
    Row{"add_route_from_no_source", "",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' dev: 'eth0' src: '0.0.0.0' }",
        "route 10.6.0.0/16 in red", "\"0.0.0.0\" is not a source; leave src out"},
    Row{"add_route_where_a_blackhole_is", "ip -n red route add blackhole 10.6.0.0/16",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' via: '10.5.0.8' dev: 'eth0' allow_existing: true }",
        "route 10.6.0.0/16 in red",
        "route 10.6.0.0/16 in red exists, but not as asked: it has type blackhole; change or delete it first"},
    Row{"add_route_where_an_encapsulating_one_is",
        "ip -n red route add 10.6.0.0/16 encap ip id 5 dst 10.5.0.2 dev eth0",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' dev: 'eth0' allow_existing: true }",
        "route 10.6.0.0/16 in red",
        "route 10.6.0.0/16 in red exists, but not as asked: it has encap; change or delete it first"},
    Row{"add_route_of_ipv6_by_a_gateway_on_no_link", "",
        "add_route { namespace: 'red' destination: '2001:db8:6::/48' via: '2001:db8:9::1' }",
        "route 2001:db8:6::/48 in red",
        "adding route 2001:db8:6::/48: EHOSTUNREACH (No route to host); the next hop is on no subnet of the link: add "
        "an address first, or say onlink"},
    Row{"add_route_of_ipv6_by_a_link_that_is_down", "ip -n red link set eth0 down",
        "add_route { namespace: 'red' destination: '2001:db8:6::/48' dev: 'eth0' }", "route 2001:db8:6::/48 in red",
        "adding route 2001:db8:6::/48: ENETDOWN (Network is down): Nexthop device is not up; bring the link up first"},
    Row{"add_route_of_ipv6_where_it_is_off", "ip netns exec red sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1",
        "add_route { namespace: 'red' destination: '2001:db8:6::/48' dev: 'eth0' }", "route 2001:db8:6::/48 in red",
        "adding route 2001:db8:6::/48: EACCES (Permission denied): IPv6 is disabled on nexthop device; set "
        "disable_ipv6 of the link (net.ipv6.conf) to 0 first"},
    Row{"add_route_that_is_there", "ip -n red route add 10.6.0.0/16 via 10.5.0.9",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' via: '10.5.0.9' }", "route 10.6.0.0/16 in red",
        "adding route 10.6.0.0/16: EEXIST (File exists); allow_existing adopts one that is as asked"},
    Row{"add_route_that_is_there_otherwise", "ip -n red route add 10.6.0.0/16 via 10.5.0.9",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' via: '10.5.0.8' allow_existing: true }",
        "route 10.6.0.0/16 in red",
        "route 10.6.0.0/16 in red exists, but not as asked: it goes via 10.5.0.9; change or delete it first"},
    Row{"add_route_with_bits_beyond_its_length", "",
        "add_route { namespace: 'red' destination: '10.6.0.1/16' dev: 'eth0' }", "route 10.6.0.1/16 in red",
        "adding route 10.6.0.1/16: EINVAL (Invalid argument): Invalid prefix for given prefix length"},
    Row{"add_route_from_no_address_of_its_own", "",
        "add_route { namespace: 'red' destination: '10.6.0.0/16' dev: 'eth0' src: '10.9.9.9' }",
        "route 10.6.0.0/16 in red", "adding route 10.6.0.0/16: EINVAL (Invalid argument): Invalid prefsrc address"},
    Row{"add_route_that_takes_half_of_all", "", "add_route { namespace: '@host' destination: '0.0.0.0/1' dev: 'lan' }",
        "route 0.0.0.0/1 in @host",
        "route 0.0.0.0/1 would lead traffic of the host's default route elsewhere; narrow it, or say force, which may "
        "cut the host off"},
    Row{"add_route_that_takes_the_path", "", "add_route { namespace: '@host' destination: '10.99.0.0/24' dev: 'nic' }",
        "route 10.99.0.0/24 in @host",
        "route 10.99.0.0/24 would lead the path to the server 10.99.0.5 elsewhere; give the server a route of its own "
        "first: 10.99.0.5/32 via 198.51.100.1 dev lan"},
    Row{"delete_route_that_is_not_there", "", "delete_route { namespace: 'red' destination: '10.6.0.0/16' }",
        "route 10.6.0.0/16 in red",
        "deleting route 10.6.0.0/16: ESRCH (No such process); check what is there; allow_missing counts it as deleted"},
    Row{"delete_route_by_no_link", "", "delete_route { namespace: 'red' destination: '10.6.0.0/16' dev: 'none' }",
        "route 10.6.0.0/16 in red",
        "looking up link none: ENODEV (No such device); check what is there; allow_missing counts it as deleted"},
    Row{"delete_route_through_a_nexthop_object",
        "ip -n red nexthop add id 5 via 10.5.0.9 dev eth0; ip -n red route add 10.6.0.0/16 nhid 5",
        "delete_route { namespace: 'red' destination: '10.6.0.0/16' via: '10.5.0.9' allow_missing: true }",
        "route 10.6.0.0/16 in red",
        "route 10.6.0.0/16 in red goes through nexthop object 5, and the kernel does not find it by its gateway or "
        "link; "
        "leave via and dev out, or delete the object by `ip nexthop delete id 5`"},
    Row{"delete_route_from_a_source_prefix", "ip -n red -6 route add 2001:db8:6::/48 from 2001:db8::/64 dev eth0",
        "delete_route { namespace: 'red' destination: '2001:db8:6::/48' allow_missing: true }",
        "route 2001:db8:6::/48 in red",
        "route 2001:db8:6::/48 in red is only for packets from 2001:db8::/64, which a deletion cannot say; delete it "
        "by "
        "`ip -6 route delete 2001:db8:6::/48 from 2001:db8::/64`"},
    Row{"delete_route_that_is_vital", "", "delete_route { namespace: '@host' destination: 'default' }",
        "route default in @host",
        "route 0.0.0.0/0 carries the host's default route and is not removed unless the operation says force, which "
        "may cut the host off"},
    Row{"create_bridge_that_exists", "", "create_bridge { namespace: 'red' name: 'br0' }", "red:br0",
        "creating bridge red:br0: EEXIST (File exists); choose another name or delete that one first; allow_existing "
        "adopts one that is as asked"},
    Row{"create_bridge_that_is_none", "", "create_bridge { namespace: 'red' name: 'eth0' allow_existing: true }",
        "red:eth0", "red:eth0 exists, but not as asked: it is a veth; change or delete it first"},
    Row{"create_bridge_that_differs", "",
        "create_bridge { namespace: 'red' name: 'br0' mtu: 1400 addresses: '10.8.0.1/24' allow_existing: true }",
        "red:br0",
        "red:br0 exists, but not as asked: its MTU is 1500, not 1400; it does not have address 10.8.0.1/24; change or "
        "delete it first"},
    Row{"create_bridge_with_a_group_mac", "", "create_bridge { namespace: 'red' name: 'br1' mac: '01:00:00:00:00:01' }",
        "red:br1",
        "creating bridge br1: EADDRNOTAVAIL (Cannot assign requested address); a link takes a unicast address that is "
        "not all zeros"},
    Row{"create_bridge_that_takes_the_path", "",
        "create_bridge { namespace: '@host' name: 'br1' addresses: '10.99.0.1/24' }", "@host:br1",
        "address 10.99.0.1/24 would lead the path to the server 10.99.0.5 elsewhere; give the server a route of its "
        "own first: 10.99.0.5/32 via 198.51.100.1 dev lan"},
    Row{"delete_bridge_that_is_not_there", "", "delete_bridge { namespace: 'red' name: 'none' }", "red:none",
        "looking up link none: ENODEV (No such device); check what is there; allow_missing counts it as deleted"},
    Row{"delete_bridge_that_is_none", "", "delete_bridge { namespace: 'red' name: 'eth0' }", "red:eth0",
        "red:eth0 is not a bridge but a veth"},
    Row{"delete_bridge_of_others", "ip -n red link add theirs type bridge",
        "delete_bridge { namespace: 'red' name: 'theirs' }", "red:theirs",
        "link red:theirs was not made through Warren; it is deleted only if the operation says force"},
    Row{"attach_link_that_is_not_there", "", "attach_link { namespace: 'red' link: 'none' bridge: 'br0' }", "red:none",
        "looking up link none: ENODEV (No such device); check the name, or create it first"},
    Row{"attach_link_to_no_bridge", "", "attach_link { namespace: 'red' link: 'eth0' bridge: 'none' }", "red:none",
        "looking up link none: ENODEV (No such device); check the name, or create it first"},
    Row{"attach_link_to_what_is_no_bridge", "", "attach_link { namespace: 'red' link: 'br0' bridge: 'eth0' }",
        "red:eth0", "red:eth0 is not a bridge but a veth"},
    Row{"attach_link_that_is_the_loopback", "", "attach_link { namespace: 'red' link: 'lo' bridge: 'br0' }", "red:lo",
        "link red:lo is a loopback, and only Ethernet links can be ports of a bridge"},
    Row{"attach_link_without_ethernet", "ip -n red tuntap add tun0 mode tun",
        "attach_link { namespace: 'red' link: 'tun0' bridge: 'br0' }", "red:tun0",
        "link red:tun0 is no Ethernet link, and only Ethernet links can be ports of a bridge"},
    Row{"attach_link_that_is_a_bridge", "ip -n red link add br1 type bridge",
        "attach_link { namespace: 'red' link: 'br1' bridge: 'br0' }", "red:br1",
        "changing the link: ELOOP (Too many levels of symbolic links): Can not enslave a bridge to a bridge"},
    Row{"attach_link_to_itself", "", "attach_link { namespace: 'red' link: 'br0' bridge: 'br0' }", "red:br0",
        "changing the link: ELOOP (Too many levels of symbolic links): Can not enslave a bridge to a bridge"},
    Row{"attach_link_that_is_a_port", "ip -n red link set eth0 master br0",
        "attach_link { namespace: 'red' link: 'eth0' bridge: 'br0' }", "red:eth0",
        "link red:eth0 already is a port of br0"},
    Row{"attach_link_that_is_a_port_elsewhere",
        "ip -n red link add br1 type bridge; ip -n red link set eth0 master br1",
        "attach_link { namespace: 'red' link: 'eth0' bridge: 'br0' }", "red:eth0",
        "link red:eth0 is a port of br1; detach it from that first"},
    Row{"attach_link_whose_packets_another_takes", "ip -n red link add up0 link eth0 type macvlan",
        "attach_link { namespace: 'red' link: 'eth0' bridge: 'br0' }", "red:eth0",
        "attaching red:eth0, whose packets the macvlan up0 takes: EBUSY (Device or resource busy); what takes its "
        "packets "
        "(a macvlan, an ipvlan...), here or in another namespace, is to be deleted first"},
    Row{"attach_link_that_is_vital", "ip link add br9 type bridge",
        "attach_link { namespace: '@host' link: 'nic' bridge: 'br9' }", "@host:nic",
        "link @host:nic carries the host's default route and is not attached to a bridge without its addresses; say "
        "move_addresses, and they move to the bridge with its routes in the same step"},
    Row{"detach_link_that_is_not_there", "", "detach_link { namespace: 'red' link: 'none' }", "red:none",
        "looking up link none: ENODEV (No such device); check the name, or create it first"},
    Row{"detach_link_that_is_no_port", "", "detach_link { namespace: 'red' link: 'eth0' }", "red:eth0",
        "link red:eth0 is not a port of a bridge"},
    Row{"detach_link_of_another_bridge", "ip -n red link set eth0 master br0",
        "detach_link { namespace: 'red' link: 'eth0' bridge: 'br1' }", "red:eth0",
        "link red:eth0 is a port of br0, not of br1"},
    Row{"detach_link_that_is_no_port_of_a_bridge_with_addresses", "ip -n red addr add 10.7.0.1/24 dev br0",
        "detach_link { namespace: 'red' link: 'eth0' bridge: 'br0' move_addresses: true allow_missing: true }",
        "red:eth0",
        "link red:eth0 is not a port of br0, and 10.7.0.1/24, which stands there, is not moved from it; attach the "
        "link "
        "first, or leave move_addresses out"},
    Row{"detach_link_that_is_vital",
        "ip link add br9 type bridge; ip link set br9 up; ip link set nic master br9; ip addr flush dev nic; ip addr "
        "add 192.0.2.2/24 dev br9; ip route add default via 192.0.2.1",
        "detach_link { namespace: '@host' link: 'nic' }", "@host:nic",
        "link @host:nic carries the host's default route and is not detached from its bridge while the addresses stay "
        "there; say move_addresses, and they move to the link with the routes in the same step"},
};

TEST_P(Refusals, SayWhatFailedOnWhatWhyAndWhatToDo) {
  const Row& row = GetParam();
  if (!row.before.empty()) Sh(row.before);
  const v1::OperationError error = Fail(row.operation);
  EXPECT_EQ(error.object(), row.object);
  const bool wordless = !row.by_hand.empty() && Try(row.by_hand).output.rfind("RTNETLINK answers", 0) == 0;
  EXPECT_EQ(error.message(), wordless ? row.without_words : row.message);
  EXPECT_EQ(error.operation(), row.operation.substr(0, row.operation.find(' ')));
}

INSTANTIATE_TEST_SUITE_P(OfOperations, Refusals, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace warren::executor
