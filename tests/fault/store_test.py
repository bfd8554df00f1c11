"""What the server makes of its store's troubles: a full disk, a read-only one, a damaged file; and backups.

The model is the list of request ids whose submission was answered with success: each of them must be there afterwards,
and no other.
"""

import json
import pathlib
import subprocess
import sys
import threading
import unittest
import urllib.error
import urllib.request
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from fleet import BIN, Fleet, python_with_grpc, wait_until  # noqa: E402

# Some 10 KB an intent.
INTENT = json.dumps({"operations": [{"createNamespace": {"namespace": f"n{i:03}" + "x" * 90}} for i in range(100)]})


class SmallDisk:
    """A file system of a few megabytes, mounted where the server keeps its state."""

    def __init__(self, path, megabytes):
        self.path = path
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", path], check=True)

    def fill(self):
        with open(self.path / "filler", "ab", buffering=0) as filler:
            try:
                while filler.write(b"\0" * 65536):
                    pass
            except OSError:
                pass

    def empty(self):
        (self.path / "filler").unlink()

    def read_only(self, yes):
        subprocess.run(["mount", "-o", f"remount,{'ro' if yes else 'rw'}", self.path], check=True)

    def unmount(self):
        subprocess.run(["umount", self.path], check=True)


class StoreFleet(Fleet):
    def __init__(self, megabytes=None):
        super().__init__()
        self.state = self.directory / "server"
        self.disk = SmallDisk(self.state, megabytes) if megabytes else None
        self.acknowledged = set()

    def __exit__(self, kind, value, traceback):
        if self.server and self.server.alive():
            self.server.terminate()
        if self.disk:
            self.disk.unmount()
        super().__exit__(kind, value, traceback)

    def submit(self):
        """One intent for a host without an agent. Remembers it if it was accepted; returns the finished client."""
        request = str(uuid.uuid4())
        done = self.run("--timeout", "20s", "intent", "submit", "h1", "-f", "-", "--no-wait", "--allow-unknown-host",
                        "--request-id", request, stdin=INTENT)
        if done.returncode == 0:
            self.acknowledged.add(request)
        return done

    def listed(self):
        return {intent["name"].rsplit("/", 1)[1] for intent in self.json("intents", "list", "h1")}

    def ready(self):
        """The status of /readyz, and what it says."""
        try:
            with urllib.request.urlopen(f"http://{self.metrics_address()}/readyz", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def command(self, *args):
        return subprocess.run([BIN / "warren-server", *map(str, args), "--state-dir", self.state],
                              capture_output=True, text=True)


class Store(unittest.TestCase):
    def test_a_full_disk_refuses_loses_nothing_and_recovers_by_itself(self):
        with StoreFleet(megabytes=8) as fleet:
            self.assertEqual(fleet.submit().returncode, 0)
            for _ in range(2):
                fleet.disk.fill()
                refused = wait_until(lambda: (lambda done: done if done.returncode else None)(fleet.submit()),
                                     "an intent is refused")
                self.assertIn("full", refused.stderr)
                status, text = fleet.ready()
                self.assertEqual(status, 503, text)
                self.assertIn("free some space", text)
                self.assertEqual(fleet.listed(), fleet.acknowledged)
                fleet.disk.empty()
                wait_until(lambda: fleet.ready()[0] == 200, "the server is ready again")
                self.assertEqual(fleet.submit().returncode, 0)
            fleet.server.kill()
            fleet.start_server()
            self.assertEqual(fleet.listed(), fleet.acknowledged)

    def test_grpc_health_follows_the_disk_without_a_restart(self):
        with StoreFleet(megabytes=8) as fleet:
            self.assertEqual(fleet.submit().returncode, 0)
            watch = subprocess.Popen(
                [python_with_grpc(), HERE / "health_watch.py", fleet.target], stdout=subprocess.PIPE, text=True)
            with watch:
                try:
                    self.assertEqual(watch.stdout.readline(), "SERVING\n")
                    for _ in range(2):
                        fleet.disk.fill()
                        wait_until(lambda: fleet.submit().returncode, "an intent is refused")
                        self.assertEqual(watch.stdout.readline(), "NOT_SERVING\n")
                        fleet.disk.empty()
                        self.assertEqual(watch.stdout.readline(), "SERVING\n")
                        self.assertEqual(fleet.submit().returncode, 0)
                finally:
                    watch.terminate()

    def test_a_read_only_disk_keeps_the_server_from_starting_and_is_named(self):
        with StoreFleet(megabytes=8) as fleet:
            self.assertEqual(fleet.submit().returncode, 0)
            self.assertEqual(fleet.server.terminate(), 0)
            fleet.disk.read_only(True)
            with self.assertRaisesRegex(AssertionError, "(?i)read-only"):
                fleet.start_server()
            fleet.disk.read_only(False)
            fleet.start_server()
            self.assertEqual(fleet.listed(), fleet.acknowledged)
            self.assertEqual(fleet.submit().returncode, 0)

    def test_a_damaged_store_is_refused_checked_and_restored(self):
        with StoreFleet() as fleet:
            for _ in range(5):
                self.assertEqual(fleet.submit().returncode, 0)
            backup = fleet.directory / "backup.db"
            self.assertEqual(fleet.command("backup", backup).returncode, 0)
            sound = fleet.command("check")
            self.assertEqual(sound.returncode, 0, sound.stdout + sound.stderr)
            running = fleet.command("restore", backup)
            self.assertEqual(running.returncode, 1)
            self.assertIn(f"pid {fleet.server.process.pid}", running.stderr)
            self.assertEqual(fleet.server.terminate(), 0)

            store = fleet.state / "warren.db"
            whole = store.stat().st_size
            with open(store, "r+b") as file:
                file.truncate(whole // 2)
            with self.assertRaisesRegex(AssertionError, "(?s)warren.db is damaged.*warren-server restore FILE"):
                fleet.start_server()
            damaged = fleet.command("check")
            self.assertEqual(damaged.returncode, 1)
            self.assertIn("warren.db", damaged.stdout)
            restored = fleet.command("restore", backup)
            self.assertEqual(restored.returncode, 0, restored.stderr)
            self.assertTrue((fleet.state / "warren.db.before-restore").exists())
            fleet.start_server()
            self.assertEqual(fleet.listed(), fleet.acknowledged)
            self.assertEqual(fleet.submit().returncode, 0)

    def test_a_backup_under_load_holds_all_that_was_acknowledged_before(self):
        with StoreFleet() as fleet:
            stop = threading.Event()
            failures = []

            def load():
                while not stop.is_set():
                    done = fleet.submit()
                    if done.returncode:
                        failures.append(done.stderr)
                        return

            clients = [threading.Thread(target=load) for _ in range(3)]
            for client in clients:
                client.start()
            try:
                wait_until(lambda: failures or len(fleet.acknowledged) > 20, "some intents are accepted")
                before = set(fleet.acknowledged)
                backup = fleet.directory / "backup.db"
                made = fleet.command("backup", backup)
            finally:
                stop.set()
                for client in clients:
                    client.join()
            self.assertEqual(failures, [])
            self.assertEqual(made.returncode, 0, made.stderr)
            again = fleet.command("backup", backup)
            self.assertEqual(again.returncode, 1)
            self.assertIn("--force", again.stderr)

            self.assertEqual(fleet.server.terminate(), 0)
            fleet.state = fleet.directory / "fresh"
            fleet.state.mkdir()
            self.assertEqual(fleet.command("restore", backup).returncode, 0)
            fleet.start_server("--store", f"sqlite:{fleet.state}/warren.db")
            there = fleet.listed()
            self.assertLessEqual(before, there)
            self.assertLessEqual(there, fleet.acknowledged, "and nothing that nobody asked for")


if __name__ == "__main__":
    unittest.main(verbosity=2)
