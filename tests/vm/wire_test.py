"""Two hosts on a wire, each a machine with a kernel and a NIC of its own; one is the server's too.

crossing.py says what must be so. The second machine has only an agent, and is ended when the first is done.
"""

import pathlib
import sys

import machine


def main():
    machine.skip_without_boot()
    with machine.folder() as directory:
        wire = pathlib.Path(directory) / "wire"
        far = machine.Machine(directory, "far", machine.inside("crossing.py", "far"), wires=[f"{wire}:b"])
        near = machine.Machine(directory, "near", machine.inside("crossing.py", "near"), wires=[f"{wire}:a"])
        try:
            near.wait()
        except AssertionError:
            print(f"---- far\n{far.log.read_text(errors='replace')}")
            raise
        finally:
            near.cut_power()
            far.cut_power()


if __name__ == "__main__":
    sys.exit(main())
