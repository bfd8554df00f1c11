"""The power cut: an emulated machine is ended at random instants under load. What it had acknowledged is there afterwards.

The server's and the agent's state are on a disk image; qemu is killed with SIGKILL, so that whatever the machine had in
memory, its kernel's cache of the disk included, is gone. Clients in the machine submit intents and write each answer to a
port as it comes, by which it leaves the machine: those lines are the witness. One cut in five comes while the machine is
starting what the cut before it ended. After every start:

  lost      an intent whose acceptance was acknowledged is not there, or never ends
  changed   an intent whose end was acknowledged has another state now

qemu opens the image with cache=directsync: what the machine's kernel wrote is in the file when qemu is killed. What this
cannot show is a drive that loses power itself: its own volatile cache, which the kernel flushes on fsync, and sectors that
are torn. A server without fsync loses nearly everything here (--without-sync), so that the test can fail.

Usage: power_cut.py [--without-sync LIBRARY] [CUTS] [SEED]

--without-sync puts LIBRARY, in which fsync does nothing, in front of the server's libraries: then the test succeeds as
soon as something was lost, and fails if CUTS cuts lost nothing.
"""

import argparse
import pathlib
import random
import time

import machine


class Told:
    """What left the machines, over all of them."""

    def __init__(self):
        self.accepted = set()
        self.ended = {}

    def add(self, lines):
        for line in lines:
            word, name, *state = line.split()
            if word == "accepted":
                self.accepted.add(name)
            elif word == "ended":
                self.ended[name] = state[0]

    def check(self, there):
        """Compares with what a server has after a cut; prints what is wrong and returns how much is."""
        lost = sorted(self.accepted - there.keys())
        never = sorted(name for name in self.accepted & there.keys() if there[name] in ("QUEUED", "RUNNING"))
        changed = sorted(name for name, state in self.ended.items() if there.get(name, state) != state)
        for name in lost[:10]:
            print(f"lost: {name}")
        for name in never[:10]:
            print(f"lost: {name} is {there[name]} for ever")
        for name in changed[:10]:
            print(f"changed: {name} was {self.ended[name]} and is {there[name]}")
        return len(lost) + len(never), len(changed)


def start(directory, number, disk, preload):
    return machine.Machine(directory, f"boot{number}", machine.inside("under_load.py", *preload), disks=[disk],
                           ports=["witness", "found"])


def found(booted):
    """What the server of a machine has, once it has said all of it."""
    booted.wait_for("found", "end")
    return dict(line.split() for line in booted.lines("found") if line != "end")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--without-sync", metavar="LIBRARY")
    parser.add_argument("cuts", nargs="?", type=int, default=20)
    parser.add_argument("seed", nargs="?", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    machine.skip_without_boot()

    told, lost, changed, checks, while_starting = Told(), 0, 0, 0, 0
    preload = [pathlib.Path(arguments.without_sync).resolve()] if arguments.without_sync else []
    with machine.folder() as directory:
        disk = machine.make_disk(pathlib.Path(directory) / "disk")
        for number in range(arguments.cuts + 1):
            booted = start(directory, number, disk, preload)
            try:
                early = 0 < number < arguments.cuts and chance.random() < 0.2
                if early:
                    while_starting += 1
                    booted.wait_for("witness", "starting")
                else:
                    there = found(booted)
                    wrong = told.check(there)
                    checks += 1
                    lost, changed = lost + wrong[0], changed + wrong[1]
                    print(f"start {number}: {len(told.accepted)} acknowledged so far, {len(there)} there, {wrong[0]} lost, "
                          f"{wrong[1]} changed", flush=True)
                    if number == arguments.cuts or lost + changed:
                        break
                    booted.wait_for("witness", "accepted")
                time.sleep(chance.uniform(0, 4))  # the random instant
            finally:
                booted.cut_power()
            told.add(line for line in booted.lines("witness") if line != "starting")
    print(f"power cut {number} times, {while_starting} of them while starting: {len(told.accepted)} acknowledged, "
          f"{len(told.ended)} of them as ended; looked {checks} times: {lost} lost, {changed} changed", flush=True)
    if arguments.without_sync:
        return 0 if lost else 1
    return 1 if lost or changed or len(told.accepted) < arguments.cuts else 0  # too little proves nothing


if __name__ == "__main__":
    raise SystemExit(main())
