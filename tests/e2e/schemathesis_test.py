"""Thousands of requests made up from /openapi.json, good and bad: no answer is a server error, or other than described.

Skipped, and says so, where schemathesis is not on the PATH (`pip install schemathesis`).
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from fleet import Fleet

SCHEMATHESIS = shutil.which("schemathesis", path=os.environ.get("PATH", "") + ":" + os.path.expanduser("~/.local/bin"))


@unittest.skipUnless(SCHEMATHESIS, "SKIPPED: schemathesis is not on the PATH; install it to run these")
class Schemathesis(unittest.TestCase):
    def test_every_answer_is_as_described(self):
        fleet = self.enterContext(Fleet(["--http-listen", "127.0.0.1:0"]))
        fleet.host("h1")
        scratch = self.enterContext(tempfile.TemporaryDirectory())
        # A watch ends with its deadline. What the schema takes the server may yet refuse: a schema cannot say that a host
        # is not known, or that a name must not be all digits.
        done = subprocess.run(
            [SCHEMATHESIS, "run", f"http://{fleet.listening['http']}/openapi.json", "--header", "Grpc-Timeout: 200m",
             "--phases", "coverage,fuzzing,stateful", "--max-examples", "20", "--seed", "1", "--exclude-checks",
             "positive_data_acceptance", "--continue-on-failure", "--no-color"],
            capture_output=True, text=True, timeout=240, cwd=scratch)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        generated = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
        self.assertIsNotNone(generated, done.stdout)
        self.assertGreater(int(generated[1]), 1000)
        print(generated[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)  # which says why it skipped
