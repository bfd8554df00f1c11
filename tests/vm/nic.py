"""In an emulated machine with a NIC (virtio) that carries its address and its default route: bridged, moved, and back.

A NIC is no veth: it cannot be made again, its driver keeps its address, and the kernel gives it back to the host when the
namespace that it is in goes.
"""

import pathlib
import subprocess
import time

import inside
from inside import HOST, ip, refused, run, warren

NIC = f"{HOST}/@host:eth0"


def addresses(link, *netns):
    return {info["local"] for entry in ip(*netns, "-4", "addr", "show", "dev", link) for info in entry.get("addr_info", [])}


def default_routes(*netns):
    return [(route.get("gateway"), route["dev"], route.get("metric")) for route in ip(*netns, "-4", "route", "show", "default")]


def link(name, *netns):
    return ip(*netns, "-d", "link", "show", "dev", name)[0]


def names(*netns):
    return {entry["ifname"] for entry in ip(*netns, "link", "show")}


def bridged_with_its_addresses_and_back(mac):
    refused("bridge", "attach", NIC, "br0")  # it carries the default route
    warren("bridge", "attach", NIC, "br0", "--move-addresses")
    assert link("eth0")["master"] == "br0"
    assert addresses("br0") == {"192.0.2.1"} and addresses("eth0") == set()
    assert default_routes() == [("192.0.2.254", "br0", 100)], default_routes()
    warren("bridge", "detach", NIC, "--move-addresses", "--force")
    assert "master" not in link("eth0")
    assert addresses("eth0") == {"192.0.2.1"} and addresses("br0") == set()
    assert default_routes() == [("192.0.2.254", "eth0", 100)], default_routes()
    assert link("eth0")["address"] == mac


def moved_into_a_namespace_and_back(mac):
    refused("link", "set", NIC, "netns", "red")  # without force: it carries the default route
    assert addresses("eth0") == {"192.0.2.1"}
    warren("link", "set", NIC, "netns", "red", "--force")
    assert "eth0" not in names() and link("eth0", "-n", "red")["address"] == mac
    warren("link", "set", f"{HOST}/red:eth0", "netns", "@host", "--force")
    assert "eth0" in names() and "eth0" not in names("-n", "red") and link("eth0")["address"] == mac


def an_intent_that_fails_puts_it_back(mac):
    """Moved away, which takes its address and its routes with it, and then an operation that the kernel refuses."""
    before = addresses("eth0"), default_routes(), link("eth0")["operstate"]
    warren("link", "set", NIC, "up")
    intent = """
operations:
  - moveLink: {namespace: '@host', name: eth0, toNamespace: red, force: true}
  - addRoute: {namespace: red, destination: 198.51.100.0/24, via: 203.0.113.1}
"""
    done = subprocess.run([inside.BIN / "warren", "--server", inside.SOCKET, "intent", "submit", HOST, "-f", "-"], text=True,
                          input=intent, capture_output=True)
    assert done.returncode == 1 and "198.51.100.0/24" in done.stderr, (done.returncode, done.stdout, done.stderr)
    after = addresses("eth0"), default_routes(), link("eth0")["operstate"]
    assert after == before, (before, after, done.stderr)
    assert link("eth0")["address"] == mac


def given_back_when_its_namespace_is_deleted(mac):
    warren("link", "set", NIC, "netns", "red", "--force")
    warren("netns", "delete", f"{HOST}/red", "--force")
    inside.wait_until(lambda: "eth0" in names(), "the kernel gives the NIC back")
    assert link("eth0")["address"] == mac


def give_addresses():
    run("ip", "addr", "replace", "192.0.2.1/24", "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    run("ip", "route", "replace", "default", "via", "192.0.2.254", "dev", "eth0", "metric", "100")


def main():
    state = pathlib.Path("/run/state")
    state.mkdir()
    give_addresses()
    mac = link("eth0")["address"]
    inside.start_server(state)
    inside.start_agent(state)
    inside.wait_connected()
    warren("netns", "add", f"{HOST}/red")
    warren("bridge", "add", f"{HOST}/@host:br0")
    warren("link", "set", f"{HOST}/@host:br0", "up")
    for step in (bridged_with_its_addresses_and_back, moved_into_a_namespace_and_back, an_intent_that_fails_puts_it_back,
                 given_back_when_its_namespace_is_deleted):
        begun = time.monotonic()
        if step is not bridged_with_its_addresses_and_back:
            give_addresses()
        step(mac)
        print(f"{step.__name__}: so, after {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
