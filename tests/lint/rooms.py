#!/usr/bin/env python3
"""Includes go one way: each room includes what its row of rooms.txt allows, and gRPC types stay in the rooms marked so."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def read_table():
    table = {}
    for line in (pathlib.Path(__file__).parent / "rooms.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            room, _, allowed = line.partition(":")
            table[room] = set(allowed.split()) - {"-"}
    return table


def cycles(table):
    """Rooms that can reach themselves."""
    def reach(room, seen):
        for other in table.get(room, ()):
            if other in table and other not in seen:
                seen.add(other)
                reach(other, seen)
        return seen

    return [room for room in table if room in reach(room, set())]


def main():
    table = read_table()
    problems = [f"rooms.txt: {room} reaches itself" for room in cycles(table)]
    for folder in ("server", "agent", "client", "proto/common"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".cc", ".h"):
                continue
            name = path.relative_to(ROOT).as_posix()
            room = path.parent.relative_to(ROOT).as_posix()
            if room not in table:
                problems.append(f"{name}: its room has no row in tests/lint/rooms.txt")
                continue
            allowed = table[room]
            for include in INCLUDE.findall(path.read_text()):
                target = include.rpartition("/")[0]
                if include.startswith(("grpc", "warren/v1/")):
                    wants = "pb" if include.startswith("warren/") and not include.endswith(".grpc.pb.h") else "grpc"
                    if wants not in allowed:
                        problems.append(f"{name}: includes {include}; {room} is to be free of it")
                elif target.split("/")[0] in ("server", "agent", "client", "tests"):
                    if target != room and target not in allowed:
                        problems.append(f"{name}: includes {include}; {room} may include only {sorted(allowed)}")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
