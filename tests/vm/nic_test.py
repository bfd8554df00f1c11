"""A real NIC, as an emulated machine has it, with nobody at the other end of its wire (nic.py says what must be so)."""

import pathlib
import sys

import machine


def main():
    machine.skip_without_boot()
    with machine.folder() as directory:
        machine.Machine(directory, "host", machine.inside("nic.py"), wires=[f"{pathlib.Path(directory)}/wire:a"]).wait()


if __name__ == "__main__":
    sys.exit(main())
