"""docs/gateway.md, as a reader follows it: its curl session is run, one command after the other, against a server with a
host h1; the kernel is the witness. And what only the whole server shows: OpenAPI of the real API, the limits' flags."""

import json
import pathlib
import re
import subprocess
import unittest

from fleet import Fleet

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.1:7601"  # in the document


class GatewayDocument(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet(["--http-listen", "127.0.0.1:0", "--http-max-header-bytes", "2000"]))
        self.host = self.fleet.host("h1")
        self.address = self.fleet.listening["http"]

    def shell(self, text):
        return subprocess.run(["bash", "-euc", text.replace(ADDRESS, self.address)], capture_output=True, text=True,
                              timeout=60)

    def get(self, path):
        done = self.shell(f"curl -fsS 'http://{ADDRESS}{path}'")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_the_session(self):
        text = (ROOT / "docs" / "gateway.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
        self.assertGreaterEqual(len(blocks), 7)
        printed = []
        for block in blocks:
            self.assertIn(ADDRESS, block)
            if "namespaces/blue?wait" in block:  # the intent of before is not waited for in the document
                self.fleet.warren("netns", "show", "h1/blue")
                self.assertEqual(self.host.netns_names(), ["blue", "red"])
            done = self.shell(block)
            self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}{done.stderr}")
            printed.append(done.stdout)
        self.assertIn('"connected": true', printed[0])
        self.assertIn('"state":"SUCCEEDED"', printed[1])
        self.assertTrue(any("SYNCED" in one for one in printed))
        self.assertTrue(any('"state":"CANCELLED"' in one for one in printed))
        self.assertEqual(self.host.netns_names(), ["red"])

    def test_holders_of_a_namespace_over_http(self):
        self.fleet.warren("netns", "add", "h1/red")
        sleeper = subprocess.Popen(self.host.command("ip", "netns", "exec", "red", "sh", "-c", "echo in; exec sleep 300"),
                                   stdout=subprocess.PIPE)
        try:
            sleeper.stdout.readline()
            found = self.get("/v1/hosts/h1/namespaces/red:holders")["holders"]
            self.assertIn({"pid": sleeper.pid, "command": "sleep", "holds": "process"}, found)
        finally:
            sleeper.kill()
            sleeper.wait()
            sleeper.stdout.close()

    def test_every_annotated_rpc_is_described(self):
        described = self.get("/openapi.json")
        self.assertEqual(described["openapi"], "3.1.0")
        there = {operation["operationId"] for path in described["paths"].values() for operation in path.values()}
        expected = set()
        for proto in (ROOT / "proto" / "warren" / "v1").glob("*.proto"):
            for service, body in re.findall(r"^service (\w+) \{(.*?)^\}", proto.read_text(), re.M | re.S):
                for rpc in re.findall(r"^  rpc (\w+)\([^)]*\) returns \([^)]*\) \{\s*option \(google\.api\.http\)", body, re.M):
                    expected.add(f"{service}_{rpc}")
        self.assertGreater(len(expected), 12)
        self.assertEqual(there, expected)
        self.assertIn("Shows one host.", described["paths"]["/v1/hosts/{host}"]["get"]["description"])

    def test_the_pages_are_there(self):
        self.assertEqual(self.shell(f"curl -fsS http://{ADDRESS}/healthz").stdout, "ok\n")
        self.assertIn("warren_", self.shell(f"curl -fsS http://{ADDRESS}/metrics").stdout)

    def test_a_flag_sets_its_limit(self):
        done = self.shell(f"curl -sS -o /dev/null -w '%{{http_code}}' -H 'A: {'a' * 2000}' http://{ADDRESS}/healthz")
        self.assertEqual(done.stdout, "431")


if __name__ == "__main__":
    unittest.main()
