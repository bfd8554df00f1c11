"""kill -9 of the server and of the agent at random instants under load.

Several clients keep submitting intents that make whole routers, fail half-way, or delete routers. Each client owns its
own names and knows, from the answers, what must exist in the end: that is the model. After every kill the process is
started again; in the end everything drains, and the kernel is compared with the model:

  lost      an acknowledged intent that the server does not know or never finished
  doubled   an intent whose result contradicts the model, as a create would that ran twice
  half      a namespace or link that is there in part, or that no successful intent explains
  leaked    anything of Warren's left over: parked namespaces, links set aside, mounts, descriptors of the agent

Usage: kill_test.py [KILLS] [SEED]; the counts are printed on the last line.
"""

import json
import os
import pathlib
import random
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from fleet import Fleet, wait_until  # noqa: E402

CLIENTS = 3
WARM = 64  # --warm-namespaces as it is by default


def router(name):
    """A router as a controller makes it: two namespaces, a pair between them, a leg into the host, a route."""
    return [
        {"createNamespace": {"namespace": name}},
        {"createNamespace": {"namespace": name + "-b"}},
        {"createVeth": {"a": {"namespace": name, "name": "eth0", "addresses": ["10.0.0.1/24"], "up": True},
                        "b": {"namespace": name + "-b", "name": "eth0", "addresses": ["10.0.0.2/24"], "up": True}}},
        {"createVeth": {"a": {"namespace": name, "name": "wan0", "up": True, "addresses": ["10.9.0.1/24"]},
                        "b": {"namespace": "@host", "name": "t" + name, "up": True}}},
        {"addRoute": {"namespace": name, "destination": "default", "via": "10.9.0.254", "dev": "wan0"}},
    ]


def deletion(name):
    return [{"deleteNamespace": {"namespace": name}}, {"deleteNamespace": {"namespace": name + "-b"}}]


FAILING = {"addRoute": {"namespace": "@host", "destination": "10.200.0.0/16", "via": "10.255.255.1", "dev": "lo"}}


class Client(threading.Thread):
    """Submits one intent after another on names of its own, resubmitting the same request_id until it is answered."""

    def __init__(self, fleet, index, seed, stop):
        super().__init__()
        self.fleet, self.index, self.stop = fleet, index, stop
        self.random = random.Random(seed * 1000 + index)
        self.existing = set()  # routers that must exist once everything has drained
        self.intents = []  # (request_id, expected final state)
        self.serial = 0
        self.error = None

    def choose(self):
        """An intent's operations, and the state it must end in, given everything submitted before it."""
        dice = self.random.random()
        if self.existing and dice < 0.35:
            name = self.random.choice(sorted(self.existing))
            if dice < 0.1:  # fails after parking both namespaces: they must come back
                return deletion(name) + [FAILING], "FAILED"
            self.existing.discard(name)
            return deletion(name), "SUCCEEDED"
        self.serial += 1
        name = f"c{self.index}r{self.serial}"
        if dice > 0.85:
            return router(name) + [FAILING], "FAILED"
        self.existing.add(name)
        return router(name), "SUCCEEDED"

    def run(self):
        try:
            while not self.stop.is_set():
                operations, expected = self.choose()
                request = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
                self.submit(request, operations)
                self.intents.append((request, expected))
                if len(self.existing) > 20:
                    time.sleep(0.05)  # bounds the load, not an assertion
        except BaseException as error:  # noqa: B902  reported by the main thread
            self.error = error

    def submit(self, request, operations):
        document = json.dumps({"operations": operations})
        while True:
            done = self.fleet.run("--timeout", "5s", "intent", "submit", "h1", "-f", "-", "--no-wait",
                                  "--request-id", request, stdin=document)
            if done.returncode == 0:
                return
            if done.returncode != 3 and "RESOURCE_EXHAUSTED" not in done.stderr:
                raise AssertionError(f"submit: exit {done.returncode}: {done.stdout}{done.stderr}")


def check(fleet, host, clients):
    counts = {"accepted": 0, "lost": 0, "doubled": 0, "half": 0, "leaked": 0}
    listed = {}
    for intent in fleet.json("intents", "list", "h1"):
        listed[intent["name"].rsplit("/", 1)[1]] = intent
    for client in clients:
        for request, expected in client.intents:
            counts["accepted"] += 1
            state = listed.get(request, {}).get("state", "missing")
            if state == expected:
                continue
            print(f"intent {request}: {state}, not {expected}: {listed.get(request, {}).get('error')}")
            counts["lost" if state in ("missing", "QUEUED", "RUNNING") else "doubled"] += 1

    expected = {name + suffix for client in clients for name in client.existing for suffix in ("", "-b")}
    actual = set(host.netns_names())
    for name in sorted(expected ^ actual):
        what = host.run("stat", "-f", "-c", "%T", f"/run/netns/{name}", check=False).stdout.strip()
        print(f"namespace {name}: {'not there' if name in expected else f'should not be there ({what})'}")
        counts["half"] += 1
    for name in sorted(expected & actual):
        links = host.ip("addr", "show", netns=name)
        have = {link["ifname"]: [a["local"] for a in link["addr_info"] if a["family"] == "inet"] for link in links}
        if name.endswith("-b"):
            good = have == {"lo": ["127.0.0.1"], "eth0": ["10.0.0.2"]}
        else:
            routes = host.ip("route", "show", "default", netns=name)
            good = have == {"lo": ["127.0.0.1"], "eth0": ["10.0.0.1"], "wan0": ["10.9.0.1"]} and len(routes) == 1
        if not good:
            print(f"namespace {name}: {have}")
            counts["half"] += 1
    legs = {"t" + name for client in clients for name in client.existing}
    for name in sorted(set(host.link_names()) ^ (legs | {"lo"})):
        if name in legs or name.startswith(("t", "w")):
            print(f"link {name} of the host: {'not there' if name in legs else 'left over'}")
            counts["half" if name in legs else "leaked"] += 1
    stray = host.run("find", "/run/warren", "-mindepth", "2", "-type", "f", check=False).stdout.split()
    nsfs = {line.split()[4] for line in host.run("cat", "/proc/self/mountinfo").stdout.splitlines() if " - nsfs " in line}
    stray += sorted(path for path in nsfs if not path.startswith("/run/netns/"))
    for path in stray:
        print(f"left over: {path}")
        counts["leaked"] += 1
    # The agent holds no namespace that has a name; of those without, the warm ones and each thread's way back.
    held = [link for link in descriptors(host.agent.process.pid) if link.startswith("net:[")]
    named = {f"net:[{inode}]" for inode in host.run("sh", "-c", "stat -Lc %i /run/netns/*", check=False).stdout.split()}
    for link in sorted(named & set(held)):
        print(f"held by the agent: {link}")
        counts["leaked"] += 1
    if len(held) > WARM + 32:
        print(f"held by the agent: {len(held)} namespaces")
        counts["leaked"] += 1
    return counts


def descriptors(pid):
    links = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:
            pass  # closed meanwhile
    return links


def accepted(clients):
    return sum(len(client.intents) for client in clients)


def one_round(victim, kills, seed):
    chance = random.Random(seed)
    stop = threading.Event()
    with Fleet() as fleet:
        host = fleet.host("h1")
        clients = [Client(fleet, i, seed, stop) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for _ in range(kills):
                # Mostly under load; now and then while the one killed before is still starting.
                if chance.random() < 0.7:
                    before = accepted(clients)
                    wait_until(lambda: accepted(clients) > before or any(client.error for client in clients),
                               "an intent to be accepted")
                time.sleep(chance.uniform(0.0, 0.3))  # the random instant
                if victim == "server":
                    fleet.server.kill()
                    fleet.start_server()
                else:
                    host.agent.kill()
                    host.start_agent(connected=False)
                if any(client.error for client in clients):
                    break
        finally:
            stop.set()
            for client in clients:
                client.join()
        for client in clients:
            if client.error:
                raise client.error

        # What was accepted between the kills, and not done, grows with their number.
        wait_until(lambda: fleet.drained("h1"), "the queue to drain", deadline=180 + kills)
        return check(fleet, host, clients)


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("WARREN_KILLS", "100"))
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    bad = False
    for victim in ("agent", "server"):
        counts = one_round(victim, kills, seed)
        print(f"{victim} killed {kills} times:", ", ".join(f"{v} {k}" for k, v in counts.items()), flush=True)
        bad |= any(counts[k] for k in ("lost", "doubled", "half", "leaked"))
        bad |= counts["accepted"] < kills // 2  # too little load proves nothing
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
