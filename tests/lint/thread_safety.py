#!/usr/bin/env python3
"""What a mutex guards is touched only under it: clang's analysis over every file that sees an annotation.

Usage: thread_safety.py BUILD_DIR. Compiles nothing, so it may run beside a build by another compiler.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANNOTATED = re.compile(r"\b(ABSL_)?(PT_)?GUARDED_BY\(|LOCKS_REQUIRED\(|LOCKS_EXCLUDED\(")
PRODUCT = ("server", "agent", "client", "proto")
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def sees_annotations(path, room, seen):
    """Whether the file is annotated, or a header of its room that it includes: what is guarded is private to a room."""
    if path in seen or not path.is_file():
        return False
    seen.add(path)
    text = path.read_text()
    headers = (ROOT / i for i in INCLUDE.findall(text))
    return bool(ANNOTATED.search(text)) or any(sees_annotations(h, room, seen) for h in headers if h.parent == room)


def check(entry):
    arguments = shlex.split(entry["command"])
    # Keep what says how to read the file; the compiler, its launcher, its warnings and its outputs are not clang's.
    kept, skip = [], False
    for argument in arguments[1:]:
        if skip:
            skip = False
        elif argument in ("-o", "-MT", "-MF", "-MQ"):
            skip = True
        elif argument in ("-isystem", "-I"):
            kept.append(argument)
        elif argument.startswith(("-I", "-D", "-std=", "-isystem")) or (kept and kept[-1] in ("-isystem", "-I")):
            kept.append(argument)
    done = subprocess.run(
        ["clang++", "-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety", "-ferror-limit=5", *kept,
         entry["file"]],
        cwd=entry["directory"], capture_output=True, text=True)
    return done.returncode, done.stderr


def main():
    if shutil.which("clang++") is None:
        print("SKIPPED: clang++ is not installed")
        return 77
    build = pathlib.Path(sys.argv[1]).resolve()
    entries = json.loads((build / "compile_commands.json").read_text())
    wanted, done = [], set()
    for entry in entries:
        path = pathlib.Path(entry["file"])
        # Files that are compiled together (WARREN_UNITY) are looked at together.
        together = "Unity" in path.parts and path.is_relative_to(build)
        root = build if together else ROOT
        if path in done or not path.is_relative_to(root) or path.relative_to(root).parts[0] not in PRODUCT:
            continue
        done.add(path)
        if together or sees_annotations(path, path.parent, set()):
            wanted.append(entry)
    failed = False
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for entry, (code, text) in zip(wanted, pool.map(check, wanted)):
            if code != 0:
                failed = True
                print(f"{entry['file']}:\n{text}")
    print(f"{len(wanted)} files looked at")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
