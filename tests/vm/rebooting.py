"""In an emulated machine that is started twice with one disk (reboot_test.py): what the first boot leaves behind, and what
the second makes of it.

Usage: rebooting.py first|second
"""

import json
import pathlib
import subprocess
import sys
import urllib.request

import inside
from inside import HOST, ip, refused, run, warren

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def journal(state, table):
    """The rows of a table of the agent's journal, read without the agent."""
    return int(run("sqlite3", f"file:{state}/agent/journal.db?mode=ro", f"SELECT count(*) FROM {table}"))


def first(state):
    """Leaves namespaces and links of Warren's own, and an intent that was accepted while the agent was away."""
    inside.start_server(state)
    agent = inside.start_agent(state)
    assert inside.wait_connected()["bootId"] == BOOT_ID
    warren("netns", "add", f"{HOST}/red")
    warren("link", "add", "veth", f"{HOST}/red:eth0", f"{HOST}/@host:v0")
    agent.terminate()
    agent.wait()
    assert journal(state, "netns") >= 1 and journal(state, "link") >= 1, "it knows what is its own"
    warren("netns", "add", f"{HOST}/later", "--no-wait")
    (state / "boot_id").write_text(BOOT_ID)


def second(state):
    before = (state / "boot_id").read_text()
    assert before != BOOT_ID
    assert journal(state, "netns") >= 1, "the journal of the boot before is still there"
    assert ip("netns", "list") == []
    # What others make now may be told as what was Warren's was: the same name, and an index that is given again.
    run("ip", "netns", "add", "red")
    run("ip", "link", "add", "v0", "type", "veth", "peer", "eth0", "netns", "red")

    inside.start_server(state)
    revision = warren("hosts", "list", "-o", "json")
    watch = subprocess.Popen([inside.BIN / "warren", "--server", inside.SOCKET, "hosts", "watch", "-o", "json"],
                             stdout=subprocess.PIPE, text=True)
    try:
        inside.start_agent(state)
        told = []
        for line in watch.stdout:
            told.append(line)
            if "REBOOTED" in line:
                break
        assert "REBOOTED" in told[-1], told
    finally:
        watch.kill()
        watch.wait()
    host = inside.wait_connected()
    assert (host["bootId"], host["previousBootId"]) == (BOOT_ID, before), host
    assert host.get("rebootTime"), host
    metrics = urllib.request.urlopen("http://127.0.0.1:7602/metrics").read().decode()
    assert "\nwarren_host_reboots_total 1\n" in metrics, metrics

    # What was accepted before is done now, once; what was done before is gone, and what is there is somebody else's.
    inside.wait_drained()
    assert {entry["name"] for entry in ip("netns", "list")} == {"red", "later"}
    assert "--force" in refused("netns", "delete", f"{HOST}/red")
    assert "--force" in refused("link", "delete", f"{HOST}/@host:v0")
    assert {link["ifname"] for link in ip("link", "show")} >= {"lo", "v0"}
    warren("netns", "delete", f"{HOST}/later")
    assert {entry["name"] for entry in ip("netns", "list")} == {"red"}
    assert json.loads(revision)[0]["bootId"] == before, "until the agent came, the server knew no better"


if __name__ == "__main__":
    {"first": first, "second": second}[sys.argv[1]](inside.mount_state())
    print(f"{sys.argv[1]} boot: all is as it must be")
