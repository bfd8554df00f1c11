"""A restore that is killed before every call that changes a file, and one of whose calls fails: every one in turn.

Afterwards the store is the old one or the new one, whole, for SQLite as it is and for a server that is started; and an exit
code of 1 says which. strace (its --inject) kills and fails; the witness is Python's sqlite3. How many of the calls are
tried is the first argument, all of them without.
"""

import collections
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from fleet import BIN, Fleet  # noqa: E402

SKIPPED = 77
OLD, NEW = 240, 40  # keys of the store, of the backup
CHANGING = "openat,unlink,rename,link,pwrite64,write,fsync,fdatasync,ftruncate"
# Where there is nothing to fail, or what Warren has no part in (memory, threads, the program's end).
ANY = "openat,unlink,rename,link,pwrite64,write,fsync,fdatasync,ftruncate,pread64,read,fcntl,newfstatat,fstat,flock"
SAMPLE = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else None


def keys(path):
    """How many of our keys SQLite finds in a store, with the log beside it."""
    with sqlite3.connect(path) as db:
        try:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return db.execute("SELECT count(DISTINCT key) FROM log WHERE substr(key, 1, 5)=CAST('test/' AS BLOB)").fetchone()[0]
        finally:
            db.rollback()


class Scene:
    """A store of which all but the first keys are in its log only, as a server leaves it that is killed; and a backup."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.backup = self.directory / "backup.db"
        self.model = self.directory / "model"
        self.model.mkdir()
        first = self.model / "warren.db"
        self.run("restore", self.empty(), "--store", f"sqlite:{first}")
        self.write(first, NEW)
        self.run("backup", self.backup, "--store", f"sqlite:{first}")
        # Never closed before it is copied: its log stays.
        db = sqlite3.connect(first)
        db.execute("PRAGMA wal_autocheckpoint=0")
        self.insert(db, NEW, OLD)
        self.left = self.directory / "left"
        shutil.copytree(self.model, self.left)
        db.close()
        (self.left / "warren.db-shm").unlink()

    def empty(self):
        """A backup of a store with nothing in it."""
        backup = self.directory / "empty.db"
        with Fleet() as fleet:
            self.run("backup", backup, "--state-dir", fleet.directory / "server")
        return backup

    @staticmethod
    def insert(db, begin, end):
        start = db.execute("SELECT max(value) FROM meta").fetchone()[0]
        for i in range(begin, end):
            db.execute("INSERT INTO log VALUES(?, ?, ?, ?)",
                       ((start + 1 + i) << 20, f"test/{i}".encode(), start + 1 + i, b"v" * 500))
            db.commit()

    def write(self, path, count):
        db = sqlite3.connect(path)
        self.insert(db, 0, count)
        db.close()

    def run(self, *args):
        return subprocess.run([BIN / "warren-server", *map(str, args)], check=True, capture_output=True, text=True)

    def place(self):
        """The scene anew."""
        shutil.rmtree(self.model)
        shutil.copytree(self.left, self.model)
        return self.model / "warren.db"

    def restore(self, *strace):
        return subprocess.run(["strace", "-f", "-qq", *map(str, strace), BIN / "warren-server", "restore", self.backup,
                               "--store", f"sqlite:{self.model / 'warren.db'}"], capture_output=True, text=True)

    def calls(self, names):
        """Of an undisturbed restore: (name, how many of that name before it) of each call after the lock was taken."""
        log = self.directory / "trace"
        self.place()
        done = self.restore("-o", log, "-e", f"trace={names}")
        assert done.returncode == 0, done.stderr
        seen, calls, locked = collections.Counter(), [], False
        for line in log.read_text().splitlines():
            call = re.match(r"\d+ +([a-z0-9_]+)\(", line)
            if not call:
                continue
            seen[call[1]] += 1
            locked = locked or "warren.db.lock" in line
            if locked:
                calls.append((call[1], seen[call[1]], line))
        return calls if SAMPLE is None else calls[::max(1, len(calls) // SAMPLE)]


class Restore(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="warren-restore-")
        self.scene = Scene(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def look(self, done, where):
        """The old store or the new one, to SQLite and to the next server; which one the exit code says."""
        path = self.scene.model / "warren.db"
        decided = (self.scene.model / "warren.db.restored").exists()
        copy = self.scene.directory / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.scene.model, copy)
        seen = keys(copy / "warren.db")
        self.assertIn(seen, (OLD, NEW), where)
        # Restores what is there upon itself, finishing the interrupted one first, as a server does that starts.
        finished = subprocess.run([BIN / "warren-server", "restore", self.scene.directory / "empty.db", "--store",
                                   f"sqlite:{path}"], capture_output=True, text=True)
        self.assertEqual(finished.returncode, 0, finished.stderr)
        after = keys(f"{path}.before-restore")
        self.assertEqual(after, NEW if decided else seen, where)
        if done.returncode == 0:
            self.assertEqual(after, NEW, where)
        elif done.returncode == 1:
            decided_by_word = "the restore is d" in done.stderr
            self.assertEqual(after, NEW if decided_by_word else OLD, f"{where}\n{done.stderr}")
        return after

    def test_killed_before_every_change_it_leaves_the_old_store_or_the_new_one(self):
        found = collections.Counter()
        for name, nth, line in self.scene.calls(CHANGING):
            self.scene.place()
            done = self.scene.restore("-o", "/dev/null", "-e", f"trace={name}", "-e",
                                      f"inject={name}:signal=SIGKILL:when={nth}")
            self.assertNotIn(done.returncode, (0, 1), f"killed before {line}")
            found[self.look(done, f"killed before {line}")] += 1
        self.assertGreater(found[OLD], 0)
        self.assertGreater(found[NEW], 0)
        print(f"restore killed {sum(found.values())} times: {found[OLD]} old, {found[NEW]} new")

    def test_failing_anywhere_it_leaves_the_old_store_or_the_new_one_and_says_which(self):
        found = collections.Counter()
        for name, nth, line in self.scene.calls(ANY):
            self.scene.place()
            done = self.scene.restore("-o", "/dev/null", "-e", f"trace={name}", "-e",
                                      f"inject={name}:error=EIO:when={nth}")
            found[(self.look(done, f"failed: {line}"), done.returncode)] += 1
        self.assertGreater(found[(OLD, 1)], 0)
        print("restore failed:", ", ".join(f"{count} {'old' if keys == OLD else 'new'} with exit code {code}"
                                           for (keys, code), count in sorted(found.items())))


if __name__ == "__main__":
    # A container may not let one process trace another.
    if not shutil.which("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode:
        print("SKIPPED: strace is not installed (deploy/install-deps.sh), or may not trace here", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
