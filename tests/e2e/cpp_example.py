"""Writes the C++ program of docs/api.md to a file, for the build to compile: cpp_example.py DOCUMENT OUTPUT."""

import re
import sys

with open(sys.argv[1]) as document:
    programs = re.findall(r"^```cpp\n(.*?)^```$", document.read(), re.M | re.S)
if len(programs) != 1:
    sys.exit(f"{sys.argv[1]} has {len(programs)} C++ programs, not one")
with open(sys.argv[2], "w") as output:
    output.write(programs[0])
