"""compare.sh runs, at a size where it is over soon, and prints all that it promises. It measures nothing here."""

import os
import pathlib
import re
import subprocess
import unittest

COMPARE = pathlib.Path(__file__).resolve().parent / "compare.sh"
RATE = r" +\d+ \(\d+-\d+\)"


def compare(*options):
    return subprocess.run([COMPARE, *options], capture_output=True, text=True, timeout=500)


class CompareTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = compare("-n", "20", "--rounds", "1", "--bursts", "1", "--warm", "4", "--growth", "5,10",
                       "--growth-n", "5", "--growth-repeats", "1", "--single", "5")
        cls.code, cls.out, cls.errors = done.returncode, done.stdout, done.stderr

    def has(self, line):
        self.assertRegex(self.out, re.compile(f"^{line}$", re.M))

    def test_it_succeeds(self):
        self.assertEqual((self.code, self.errors), (0, ""), self.out)

    def test_the_table_has_a_line_for_the_floor_and_for_each_way_through_warren(self):
        for threads in ("1 thread", "2 threads"):
            self.has(f"floor, {threads}{RATE}{RATE}{RATE}")
        for way in ("one intent a call", "100 intents a call"):
            self.has(f"Warren, {way}{RATE}{RATE}{RATE}")

    def test_the_table_has_a_line_for_each_peer_measured_or_skipped(self):
        for peer in ("ip -batch", "wiki recipe"):
            self.has(f"{peer}{RATE}{RATE} +-")
        for peer in ("CNI ptp", "pyroute2", "Neutron ip_lib"):
            self.has(f"{peer}(?:{RATE}{RATE} +-| +SKIPPED: [a-z0-9-]+ is not installed)")

    def test_growth_and_single_intents_are_measured(self):
        for existing in (5, 10):
            self.has(rf" +{existing}(?: +\d+\.\d+){{4}} +\d+")
        self.has(r"cost at 10 / cost at 5: Warren \d+\.\d\d, floor \d+\.\d\d")
        for what in ("floor create, one after the other", "floor create, one each 3 ms", "floor delete", "Warren create, submit to result",
                     "Warren delete, submit to result", "Warren create, of it on the host",
                     "Warren changing nothing, submit to result", "fdatasync of 4 KiB"):
            self.has(what + r" +\d+\.\d{3} +\d+\.\d{3}")

    def test_the_processor_time_of_each_program_is_told(self):
        for what in ("create", "delete", "burst"):
            self.has(rf"  {what}, one intent a call: machine \d+\.\d+ of \d+\.\d+")
        for program in ("server", "agent ", "client"):
            self.has(rf"    {program} \d+\.\d+ .*")

    def test_what_the_kernel_alone_reaches_in_a_burst_is_told(self):
        self.has(r"the kernel alone, namespaces made ahead: burst \d+\.\d\d")

    def test_the_last_line_is_the_ratios(self):
        ratio = r"\d+\.\d\d"
        self.assertRegex(self.out.splitlines()[-1], f"^warren/floor create {ratio} delete {ratio} burst {ratio}$")

    def test_an_unknown_part_is_refused(self):
        done = compare("--parts", "througput")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no part is called througput", done.stderr)

    def test_without_the_programs_it_says_what_is_missing(self):
        done = subprocess.run([COMPARE], capture_output=True, text=True, env=os.environ | {"WARREN_BIN": "/nowhere"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere/warren-server is not there: build first", done.stderr)


if __name__ == "__main__":
    unittest.main()
