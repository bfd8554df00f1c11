#!/usr/bin/python3
"""A netlink client in Python, one call a step. See common.sh for what a peer is."""

import sys
import time

try:
    from pyroute2 import IPRoute, NetNS, netns
except ImportError:
    print("python3-pyroute2 is not installed")
    sys.exit(77)


def create(ip, index):
    name = f"r{index}"
    netns.create(name)
    ip.link("add", ifname=f"ou{index}", kind="veth", peer={"ifname": "eth0", "net_ns_fd": name})
    with NetNS(name) as inside:
        inside.link("set", index=1, state="up")
        inner = inside.link_lookup(ifname="eth0")[0]
        inside.addr("add", index=inner, address=f"10.{index // 256 % 256}.{index % 256}.1", prefixlen=24)
        inside.link("set", index=inner, state="up")


def main():
    count = int(sys.argv[1])
    with IPRoute() as ip:
        begun = time.monotonic()
        for index in range(count):
            create(ip, index)
        print(f"create {count} {count / (time.monotonic() - begun):.0f}/s")
        begun = time.monotonic()
        for index in range(count):
            netns.remove(f"r{index}")
        while any(link.get_attr("IFLA_IFNAME").startswith("ou") for link in ip.get_links()):
            time.sleep(0.005)
        print(f"delete {count} {count / (time.monotonic() - begun):.0f}/s")


if __name__ == "__main__":
    main()
