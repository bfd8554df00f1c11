"""In each of two emulated machines on a wire (wire_test.py): a namespace on each, joined to the other's through the
machines' own NICs by bridges. The path between server and far agent is that same wire, while its NIC becomes a port.

Usage: crossing.py near|far     near: the server is here
"""

import pathlib
import socket
import sys
import threading

import inside
from inside import ip, run, warren

ADDRESS = {"near": "10.77.0.1", "far": "10.77.0.2"}
TUNNEL = (ADDRESS["near"], 7600)


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass  # the other direction ended it
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # was ended


def tunnel():
    """From the wire to the server, which listens on a socket of its own machine only: what ssh -L would be."""
    listener = socket.create_server(TUNNEL)

    def accept():
        while True:
            far, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(inside.SOCKET.removeprefix("unix:"))
            threading.Thread(target=pump, args=(far, server), daemon=True).start()
            threading.Thread(target=pump, args=(server, far), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def addresses(link):
    return [info["local"] for entry in ip("-4", "addr", "show", "dev", link) for info in entry.get("addr_info", [])]


def join(host, namespace, address):
    """A namespace behind a bridge whose other port is the NIC; the host's address moves to the bridge."""
    warren("netns", "add", f"{host}/{namespace}")
    warren("link", "add", "veth", f"{host}/{namespace}:eth0", f"{host}/@host:v0")
    warren("addr", "add", address, "dev", f"{host}/{namespace}:eth0")
    warren("link", "set", f"{host}/{namespace}:eth0", "up")
    warren("link", "set", f"{host}/@host:v0", "up")
    warren("bridge", "add", f"{host}/@host:br0", "--up")
    warren("bridge", "attach", f"{host}/@host:v0", "br0")
    warren("bridge", "attach", f"{host}/@host:eth0", "br0", "--move-addresses")


def near(state):
    inside.start_server(state)
    tunnel()
    inside.start_agent(state, host="near")
    inside.wait_connected("near")
    inside.wait_connected("far")
    boots = {inside.host(name)["bootId"] for name in ADDRESS}
    assert len(boots) == 2, "two machines"
    for number, host in enumerate(ADDRESS, 1):
        join(host, "red", f"192.0.2.{number}/24")
    assert addresses("br0") == [ADDRESS["near"]] and addresses("eth0") == []
    run("ping", "-c", "3", "-W", "30", ADDRESS["far"])
    print(run("ip", "netns", "exec", "red", "ping", "-c", "3", "-W", "30", "192.0.2.2"))
    # Over the bridges the far agent is still reached, and does what it is told.
    warren("bridge", "detach", "far/@host:eth0", "--move-addresses", "--force")
    shown = warren("addr", "show", "far/@host:eth0")
    assert ADDRESS["far"] in shown, shown
    for host in ADDRESS:
        warren("netns", "delete", f"{host}/red")
    print("two machines on a wire: all is as it must be")


def far(state):
    inside.wait_until(reached, "the tunnel is there")
    inside.start_agent(state, server="%s:%s" % TUNNEL, host="far").wait()
    raise AssertionError(f"the agent ended{inside.logs()}")


def reached():
    try:
        socket.create_connection(TUNNEL, timeout=5).close()
        return True
    except OSError:
        return False


def main():
    side = sys.argv[1]
    state = pathlib.Path("/run/state")
    state.mkdir()
    run("ip", "addr", "add", f"{ADDRESS[side]}/24", "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    {"near": near, "far": far}[side](state)


if __name__ == "__main__":
    main()
