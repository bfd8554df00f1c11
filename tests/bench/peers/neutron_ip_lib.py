#!/usr/bin/python3
"""What OpenStack Neutron makes routers with, in process: without the daemon that it asks for privileged work.

See common.sh for what a peer is.
"""

import sys
import time
import warnings

warnings.filterwarnings("ignore")
try:
    from neutron import privileged
    from neutron.agent.linux import ip_lib
except ImportError:
    print("python3-neutron is not installed")
    sys.exit(77)


def create(index):
    namespace = f"r{index}"
    ip_lib.IPWrapper().ensure_namespace(namespace)  # with its loopback up
    _, inner = ip_lib.IPWrapper().add_veth(f"ou{index}", "eth0", namespace2=namespace)
    inner.addr.add(f"10.{index // 256 % 256}.{index % 256}.1/24")
    inner.link.set_up()


def main():
    count = int(sys.argv[1])
    for value in vars(privileged).values():
        if hasattr(value, "set_client_mode"):
            value.set_client_mode(False)
    begun = time.monotonic()
    for index in range(count):
        create(index)
    print(f"create {count} {count / (time.monotonic() - begun):.0f}/s")
    begun = time.monotonic()
    for index in range(count):
        ip_lib.delete_network_namespace(f"r{index}")
    while any(device.name.startswith("ou") for device in ip_lib.IPWrapper().get_devices()):
        time.sleep(0.005)
    print(f"delete {count} {count / (time.monotonic() - begun):.0f}/s")


if __name__ == "__main__":
    main()
