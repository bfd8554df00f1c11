"""/openapi.json as the OpenAPI specification's own schema judges it, by a validator that is not ours.

Skipped, and says so, where validate-api is not on the PATH (`npm install -g @seriousme/openapi-schema-validator`).
"""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from fleet import Fleet

VALIDATOR = shutil.which("validate-api")


@unittest.skipUnless(VALIDATOR, "SKIPPED: validate-api is not on the PATH; install it to run these")
class OpenApiValidator(unittest.TestCase):
    def setUp(self):
        fleet = self.enterContext(Fleet(["--http-listen", "127.0.0.1:0"]))
        done = subprocess.run(["curl", "-fsS", f"http://{fleet.listening['http']}/openapi.json"], capture_output=True,
                              timeout=60, check=True)
        self.text = done.stdout

    def judged(self, text):
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, "openapi.json")
            path.write_bytes(text)
            done = subprocess.run([VALIDATOR, path], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)

    def test_the_document_is_valid(self):
        self.assertEqual(self.judged(self.text), {"valid": True})

    def test_the_validator_can_say_no(self):
        broken = json.loads(self.text)
        del broken["info"]["title"]
        self.assertFalse(self.judged(json.dumps(broken).encode())["valid"])


if __name__ == "__main__":
    unittest.main(verbosity=2)  # which says why it skipped
