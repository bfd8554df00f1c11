"""In an emulated machine whose power is going to be cut (power_cut.py): says over port `found` what the server has, as
"NAME STATE" and "end", and then submits intents until the machine is no more, each answer over port `witness` as it comes:
"accepted NAME", "ended NAME STATE".

Usage: under_load.py [LIBRARY]     LIBRARY: preloaded into the server
"""

import http.client
import itertools
import sys
import threading
import uuid

import inside

CLIENTS = 4


def submit_for_ever(client, witness):
    """Creations and deletions of one namespace; waits for the end of every second one."""
    connection = http.client.HTTPConnection(*inside.HTTP, timeout=inside.DEADLINE)
    for number in itertools.count():
        kind = "deleteNamespace" if number % 2 else "createNamespace"
        status, answer = inside.call(
            "POST", f"/v1/hosts/{inside.HOST}/intents", {"operations": [{kind: {"namespace": f"n{client}"}}]},
            {"Idempotency-Key": str(uuid.uuid4())}, connection)
        if status != 200:
            raise AssertionError(f"refused: {status} {answer}{inside.logs()}")
        witness.say(f"accepted {answer['name']}")
        if number % 4 in (0, 3):
            status, answer = inside.call("POST", f"/v1/{answer['name']}:wait", {}, connection=connection)
            if status == 200 and answer["state"] not in ("QUEUED", "RUNNING"):
                witness.say(f"ended {answer['name']} {answer['state']}")


def main():
    witness, found = inside.Port("witness"), inside.Port("found")
    state = inside.mount_state()
    witness.say("starting")
    inside.start_server(state, *sys.argv[1:])
    inside.start_agent(state)
    inside.wait_connected()
    inside.wait_drained()
    for name, intent_state in inside.intents().items():
        found.say(f"{name} {intent_state}")
    found.say("end")
    clients = [threading.Thread(target=submit_for_ever, args=(client, witness)) for client in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return 1  # for ever ended


if __name__ == "__main__":
    sys.exit(main())
