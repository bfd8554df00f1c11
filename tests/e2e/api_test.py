"""docs/api.md, as a reader follows it: its examples are run, one after the other, against a server with a host h1.

The Python examples make one session, with the stubs that the document has made. Those for grpcurl are skipped, loudly,
where grpcurl is missing. The C++ example is compiled by the build (api_example).
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from fleet import BIN, Fleet, python_with_grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.1:7600"  # in the document
GRPCURL = shutil.which("grpcurl", path=os.environ.get("PATH", "") + ":" + os.path.expanduser("~/go/bin"))


def blocks():
    """(language, text) in the document's order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "docs" / "api.md").read_text(), re.M | re.S)


class ApiDocument(unittest.TestCase):
    def setUp(self):
        self.fleet = self.enterContext(Fleet())
        self.host = self.fleet.host("h1", "--label", "rack=a7", "--enable-exec")
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="warren-api-")))
        (self.directory / "proto").symlink_to(ROOT / "proto")

    def run_in(self, *command):
        environment = dict(os.environ, PATH=f"{os.environ['PATH']}:{os.path.dirname(GRPCURL or '')}")
        done = subprocess.run(
            list(map(str, command)), cwd=self.directory, env=environment, capture_output=True, text=True, timeout=120
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def here(self, text):
        return text.replace(ADDRESS, self.fleet.tcp_address())

    def make_stubs(self):
        for language, text in blocks():
            if language == "sh" and "protoc" in text:
                self.run_in("bash", "-euc", text)

    def test_the_python_session(self):
        self.make_stubs()
        session = "\n".join(text for language, text in blocks() if language == "python")
        self.assertIn(ADDRESS, session)
        (self.directory / "session.py").write_text(self.here(session))
        printed = self.run_in(python_with_grpc(), "session.py")
        self.assertIn("SUCCEEDED", printed)
        self.assertIn("'rack': 'a7'", printed)
        # The witness: what the session has made, and not what it has taken away again.
        self.assertEqual(self.host.netns_names(), sorted(["blue"] + [f"batch-{i}" for i in range(3, 9)]))

    @unittest.skipUnless(GRPCURL, "SKIPPED: grpcurl is not on the PATH; install it to run these")
    def test_the_grpcurl_examples(self):
        examples = [text for language, text in blocks() if language == "sh" and "grpcurl" in text]
        self.assertGreaterEqual(len(examples), 6)
        # What DeleteHost forgets, which in the document the Python session makes.
        self.fleet.warren("netns", "add", "not-there-yet/green", "--allow-unknown-host", "--no-wait")
        for example in examples:
            self.run_in("bash", "-euc", self.here(example))
        self.assertEqual(self.host.netns_names(), ["batch-1", "batch-2", "red"])
        self.assertEqual([host["name"] for host in self.fleet.json("hosts", "list")], ["hosts/h1"])

    def test_the_cpp_example(self):
        printed = self.run_in(BIN.parent / "tests" / "api_example", self.fleet.tcp_address())
        self.assertEqual(printed.split(), ["hosts/h1/namespaces/@host", "hosts/h1/namespaces/from-cpp"])
        self.assertEqual(self.host.netns_names(), ["from-cpp"])


if __name__ == "__main__":
    unittest.main()
