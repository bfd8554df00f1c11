"""The server as somebody sees it who has grpcurl, no proto files, and no `warren`.

Skipped, and says so, where grpcurl is not on the PATH (`go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest`).
"""

import json
import os
import shutil
import subprocess
import unittest

from fleet import Fleet

GRPCURL = shutil.which("grpcurl", path=os.environ.get("PATH", "") + ":" + os.path.expanduser("~/go/bin"))


@unittest.skipUnless(GRPCURL, "SKIPPED: grpcurl is not on the PATH; install it to run these")
class Grpcurl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        cls.host = cls.fleet.host("h1")

    def grpcurl(self, *args, ok=True):
        done = subprocess.run([GRPCURL, "-plaintext", *args], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode == 0, ok, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def call(self, method, body, ok=True):
        return self.grpcurl("-d", json.dumps(body), self.fleet.tcp_address(), method, ok=ok)

    def test_services_are_listed_by_reflection(self):
        listed = self.grpcurl(self.fleet.tcp_address(), "list").split()
        for service in ("Agents", "Exec", "Hosts", "Intents", "Namespaces"):
            self.assertIn(f"warren.v1.{service}", listed)
        self.assertIn("grpc.health.v1.Health", listed)

    def test_an_operation_is_described(self):
        described = self.grpcurl(self.fleet.tcp_address(), "describe", "warren.v1.CreateVeth")
        self.assertIn("VethEnd a = 1", described)

    def test_the_health_service_answers(self):
        self.assertIn("SERVING", self.call("grpc.health.v1.Health/Check", {}))

    def test_an_intent_is_submitted_and_waited_for(self):
        body = {"parent": "hosts/h1", "intent": {"operations": [{"createNamespace": {"namespace": "red"}}]}}
        intent = json.loads(self.call("warren.v1.Intents/CreateIntent", body))
        done = json.loads(self.call("warren.v1.Intents/WaitIntent", {"name": intent["name"], "timeout": "60s"}))
        self.assertEqual(done["state"], "SUCCEEDED")
        self.assertEqual(self.host.netns_names(), ["red"])

    def test_a_bad_request_carries_the_bad_fields(self):
        body = {"parent": "hosts/h1", "intent": {"operations": [{"createNamespace": {"namespace": "a/b"}}]}}
        answer = self.call("warren.v1.Intents/CreateIntent", body, ok=False)
        self.assertIn("InvalidArgument", answer)
        self.assertIn("google.rpc.BadRequest", answer)
        self.assertIn("operations[0].create_namespace.namespace", answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
