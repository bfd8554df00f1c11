"""Commands and terminals over a WebSocket, which is what a page in a browser has."""

import hashlib
import subprocess
import threading
import unittest

from exec_client import marked, new_mark, stopped, wait_gone
from fleet import Fleet, wait_until
from web_socket import ExecSocket, Refused

MIB = 1 << 20
PAGE = "https://console.example.org"
OTHER = "https://other.example.org"
TERMINAL = {"rows": 24, "columns": 80}


class Sockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(
            Fleet(["--http-listen", "127.0.0.1:0", "--exec-origin", PAGE, "--cors-origin", OTHER])
        )
        cls.host = cls.fleet.host("h1", "--enable-exec", "--exec-grace", "200ms")
        cls.fleet.warren("netns", "add", "h1/red")
        cls.address = cls.fleet.listening["http"]

    def open(self, *argv, place="h1/red", headers=None, env=None, **start):
        start["command"] = {"argv": argv, "env": env or {}}
        return self.enterContext(ExecSocket(self.address, place, start, **(headers or {})))

    def curl(self, path, *how):
        done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", *how, f"http://{self.address}{path}"],
                              capture_output=True, text=True, check=True)
        answer, status = done.stdout.rsplit("\n", 1)
        return int(status), answer

    def test_a_command_has_its_streams_and_its_end(self):
        socket = self.open("sh", "-c", "cat; echo bad >&2; ls /sys/class/net; exit 3", stdin=True)
        socket.type(b"one\n")
        socket.type(b"two\n")
        socket.say({"stdinEnd": {}})
        end = socket.end()
        self.assertIn("started", socket.said[0])
        self.assertEqual((socket.out[1], socket.out[2]), (b"one\ntwo\nlo\n", b"bad\n"))
        self.assertEqual((end["exit"]["code"], socket.closed[0]), (3, 1000))

    def test_every_byte_is_passed_both_ways(self):
        data = bytes(range(256)) * (3 * MIB // 256) + b"\0\xff"
        socket = self.open("cat", stdin=True)

        def feed():
            for begin in range(0, len(data), MIB):
                socket.type(data[begin:begin + MIB])
            socket.say({"stdinEnd": {}})

        feeder = threading.Thread(target=feed)
        feeder.start()
        socket.end()
        feeder.join()
        self.assertEqual((len(socket.out[1]), hashlib.sha256(socket.out[1]).digest(), socket.closed[0]),
                         (len(data), hashlib.sha256(data).digest(), 1000))

    def test_much_output_arrives_as_it_was_written(self):
        count = 5_000_000
        socket = self.open("seq", str(count))
        digest, size = hashlib.sha256(), 0
        while socket.next():
            digest.update(socket.out[1])
            size += len(socket.out[1])
            socket.out[1] = b""
        with subprocess.Popen(["seq", str(count)], stdout=subprocess.PIPE) as witness:
            expected = hashlib.file_digest(witness.stdout, "sha256")
        self.assertGreater(size, 32 * MIB)
        self.assertEqual((digest.digest(), socket.closed[0]), (expected.digest(), 1000))

    def test_a_terminal_has_the_size_it_is_told_then_and_later(self):
        socket = self.open("sh", "-c", "tty; stty size; read line; stty size", stdin=True, terminal=TERMINAL)
        socket.until(b"24 80\r\n")
        socket.say({"resize": {"rows": 50, "columns": 132}})
        socket.type(b"\r")
        socket.until(b"50 132\r\n")
        self.assertEqual(socket.end()["exit"].get("code", 0), 0)

    def test_a_key_interrupts_what_runs_on_a_terminal(self):
        socket = self.open("sleep", "987", stdin=True, terminal=TERMINAL)
        socket.next()
        socket.type(b"\x03")
        self.assertEqual(socket.end()["exit"]["signal"], "SIGINT")

    def test_a_shell_is_what_one_types_at(self):
        socket = self.open(stdin=True, terminal=TERMINAL)
        socket.type(b"PS1=; stty -echo; echo rea''dy\r")
        socket.until(b"ready\r\n")
        # The shell's job is interrupted, and not the shell.
        socket.type(b"sh -c 'echo wait''ing; exec sleep 987'\r")
        socket.until(b"waiting\r\n")
        socket.type(b"\x03")
        socket.type(b"echo $?; ip -br link | cut -d' ' -f1\r")
        socket.until(b"130\r\nlo\r\n")
        socket.type(b"exit 4\r")
        self.assertEqual(socket.end()["exit"]["code"], 4)

    def test_a_signal_and_a_bad_message_do_what_they_say(self):
        socket = self.open("sleep", "987")
        socket.say({"signal": {"name": "TERM"}})
        self.assertEqual(socket.end()["exit"]["signal"], "SIGTERM")
        mark = new_mark()
        socket = self.open("sleep", "987", env=mark)
        socket.next()
        socket.say({"noSuchField": 1})
        self.assertIn("noSuchField", socket.end()["error"]["message"])
        self.assertEqual(socket.closed[0], 4003)
        wait_gone(mark)

    def test_a_refusal_is_said_with_its_reason_and_closes(self):
        for place, argv, code, reason in (("h1/blue", ["true"], 4005, "NAMESPACE_NOT_FOUND"),
                                          ("h9/red", ["true"], 4005, "HOST_NOT_FOUND"),
                                          ("h1/red", ["no-such-command"], 4005, "COMMAND_NOT_FOUND")):
            socket = self.open(*argv, place=place)
            error = socket.end()["error"]
            self.assertIn(reason, [detail.get("reason") for detail in error["details"]])
            self.assertEqual(socket.closed[0], code)

    def test_a_connection_that_is_lost_ends_the_command(self):
        for how in ("close", "reset"):
            with self.subTest(how):
                mark = new_mark()
                socket = self.open("sh", "-c", "trap '' HUP; setsid sleep 987 & echo there; wait; sleep 987", env=mark)
                socket.until(b"there\n")
                self.assertTrue(marked(mark))
                if how == "reset":
                    socket.abort()
                socket.close()
                wait_gone(mark)

    def test_one_that_reads_no_more_stops_the_command_and_ends_it_when_it_is_lost(self):
        mark = new_mark()
        socket = self.open("cat", "/dev/zero", env=mark)
        wait_until(lambda: marked(mark), "the command to run")
        stopped(marked(mark)[0])
        socket.close()
        wait_gone(mark)

    def test_pages_are_let_in_by_the_list_for_commands_alone(self):
        self.assertEqual(self.open("true", headers={"Origin": PAGE}).end()["exit"].get("code", 0), 0)
        for origin in (OTHER, "https://evil.example.org", "null", f"{PAGE}.evil.org", PAGE.upper(),
                       f"http://{self.address}"):
            with self.subTest(origin), self.assertRaises(Refused) as refused:
                self.open("true", headers={"Origin": origin})
            self.assertEqual(refused.exception.status, 403)
            # Nor by another way to do the same.
            status, answer = self.curl("/v1/hosts/h1/namespaces/red:run", "-H", f"Origin: {origin}", "-H",
                                       "Content-Type: application/json", "-d", '{"command": {"argv": ["true"]}}')
            self.assertEqual(status, 403, answer)

    def test_a_name_that_was_made_to_lead_here_is_not_ours(self):
        with self.assertRaises(Refused) as refused:
            self.open("true", headers={"Host": "evil.example.org"})
        self.assertEqual(refused.exception.status, 421)

    def test_a_plain_get_is_told_to_upgrade(self):
        status, answer = self.curl("/v1/hosts/h1/namespaces/red:exec")
        self.assertEqual(status, 426, answer)


class WithoutLoopback(unittest.TestCase):
    def test_commands_over_http_are_commands_over_loopback(self):
        fleet = self.enterContext(Fleet(["--http-listen", "127.0.0.1:0", "--exec-loopback", "off"]))
        fleet.host("h1", "--enable-exec")
        fleet.warren("netns", "add", "h1/red")
        # Whoever may is not whom a header names.
        for headers in ({}, {"X-Forwarded-For": "unix:", "Grpc-Metadata-X-Forwarded-For": "unix:"}):
            try:
                socket = self.enterContext(
                    ExecSocket(fleet.listening["http"], "h1/red", {"command": {"argv": ["true"]}}, **headers))
                error = socket.end()["error"]
            except Refused as refused:
                error = {"message": refused.body}
            self.assertIn("--exec-loopback=off", error["message"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
