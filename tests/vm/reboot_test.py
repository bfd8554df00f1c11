"""A host that is started anew, really: two boots of an emulated machine with one disk (rebooting.py says what must be so)."""

import pathlib
import sys

import machine


def main():
    machine.skip_without_boot()
    with machine.folder() as directory:
        disk = machine.make_disk(pathlib.Path(directory) / "disk")
        for boot in ("first", "second"):
            machine.Machine(directory, boot, machine.inside("rebooting.py", boot), disks=[disk]).wait()


if __name__ == "__main__":
    sys.exit(main())
