"""Warren in an emulated machine: one server and one agent of the machine itself, their state on its disk if it has one.

The other side is machine.py. A deadline is long, since the machine is slow; nothing here measures.
"""

import http.client
import json
import os
import pathlib
import subprocess
import time

BIN = pathlib.Path(os.environ["WARREN_BIN"])
SOCKET = "unix:/run/warren/server.sock"
HTTP = ("127.0.0.1", 7601)
HOST = "vm"
DEADLINE = 300

log_paths = []


def mount_state(disk="/dev/vda", where="/var/lib/warren"):
    pathlib.Path(where).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "ext4", disk, where], check=True)
    return pathlib.Path(where)


def run(*words):
    """What a command that must succeed printed."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}{logs()}")
    return done.stdout


def refused(*words):
    """What `warren`, which must not succeed, said."""
    done = subprocess.run([str(BIN / "warren"), "--server", SOCKET, *map(str, words)], capture_output=True, text=True)
    if done.returncode == 0:
        raise AssertionError(f"warren {' '.join(map(str, words))} succeeded:\n{done.stdout}{logs()}")
    return done.stderr


def warren(*words):
    return run(BIN / "warren", "--server", SOCKET, *words)


def ip(*words):
    """`ip -j`, the witness."""
    text = run("ip", "-j", *words)
    return json.loads(text) if text.strip() else []


def logs():
    return "".join(f"\n---- {path}\n{path.read_text(errors='replace')[-4000:]}" for path in log_paths)


def wait_until(condition, what):
    """Polls what only the outside can see, and returns its first true value."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"still not so after {DEADLINE} s: {what}{logs()}")
        time.sleep(0.05)
    return value


def start(program, *flags, environment=None):
    path = pathlib.Path(f"/run/{program}.log")
    log_paths.append(path)
    with open(path, "ab") as log:
        return subprocess.Popen([BIN / program, *map(str, flags)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                env={**os.environ, **(environment or {})})


def start_server(state, preload=None):
    server = start("warren-server", "--state-dir", state / "server", "--http-listen", "%s:%s" % HTTP, "--grpc-listen", SOCKET,
                   environment={"LD_PRELOAD": preload} if preload else None)
    wait_until(lambda: server.poll() is not None or answers(), "the server answers")
    if server.poll() is not None:
        raise AssertionError(f"the server ended with {server.returncode}{logs()}")
    return server


def start_agent(state, *flags, server=SOCKET, host=HOST):
    return start("warren-agent", "--state-dir", state / "agent", "--host", host, "--server", server, *flags)


def answers():
    try:
        return call("GET", "/v1/hosts")[0] == 200
    except OSError:
        return False


def call(method, path, body=None, headers=None, connection=None):
    """One call of the API over HTTP: the status, and the answer."""
    connection = connection or http.client.HTTPConnection(*HTTP, timeout=DEADLINE)
    connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"{}")


def host(name=HOST):
    status, answer = call("GET", f"/v1/hosts/{name}")
    return answer if status == 200 else {}


def wait_connected(name=HOST):
    return wait_until(lambda: host(name).get("connected") and host(name), f"the agent of {name} is connected")


def intents():
    """{name: state} of all that the server has for this host."""
    found, token = {}, ""
    while True:
        status, page = call("GET", f"/v1/hosts/{HOST}/intents?pageSize=1000&pageToken={token}")
        if status == 404:
            return found  # the host was never heard of
        if status != 200:
            raise AssertionError(f"intents cannot be listed: {status} {page}{logs()}")
        found.update((each["name"], each["state"]) for each in page.get("intents", []))
        token = page.get("nextPageToken", "")
        if not token:
            return found


def wait_drained():
    wait_until(lambda: not {"QUEUED", "RUNNING"} & set(intents().values()), "every intent has ended")


class Port:
    """A way out of the machine: what was written has left it when this returns."""

    def __init__(self, name):
        self.descriptor = os.open(f"/dev/virtio-ports/{name}", os.O_WRONLY)

    def say(self, line):
        os.write(self.descriptor, f"{line}\n".encode())
