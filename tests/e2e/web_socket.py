"""The client's end of a WebSocket (RFC 6455), as far as tests need it: no extensions, and what comes in order."""

import base64
import hashlib
import json
import os
import socket
import struct

from fleet import DEADLINE

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of the RFC
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The answer was another than 101."""

    def __init__(self, status, head, body):
        super().__init__(f"{head}\n{body}")
        self.status, self.head, self.body = status, head, body


class WebSocket:
    """Open from the beginning, or Refused. Ends with the `with` block, without a word."""

    def __init__(self, address, path, **headers):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=DEADLINE)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16))
        fields = {"Host": address, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": key.decode(), **headers}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        try:
            self.read_head(key)
        except BaseException:
            self.close()
            raise

    def read_head(self, key):
        head = b"".join(iter(self.file.readline, b"\r\n")).decode()
        status, fields = head.split("\r\n", 1)
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in fields.splitlines())}
        if status.split()[1] != "101":
            body = self.file.read(int(fields.get("content-length", 0))).decode()
            raise Refused(int(status.split()[1]), head, body)
        expected = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        assert fields["sec-websocket-accept"] == expected, head
        assert "sec-websocket-extensions" not in fields, head

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def abort(self):
        """The next close is a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def send(self, opcode, data):
        size = len(data)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 1 << 16:
            length = bytes([0x80 | 126]) + size.to_bytes(2)
        else:
            length = bytes([0x80 | 127]) + size.to_bytes(8)
        mask = os.urandom(4)
        pattern = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(data) ^ int.from_bytes(pattern)).to_bytes(size)
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def take(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise EOFError("the server has closed the connection")
        return data

    def receive(self):
        """(opcode, data) of the next frame that is no ping, which is answered. EOFError: there is none."""
        while True:
            first, second = self.take(2)
            assert first & 0xf0 == 0x80 and second & 0x80 == 0, "in pieces, reserved or masked"
            size = second
            if second >= 126:
                size = int.from_bytes(self.take(2 if second == 126 else 8))
            opcode, data = first & 0x0f, self.take(size)
            if opcode != PING:
                return opcode, data
            self.send(PONG, data)


class ExecSocket(WebSocket):
    """Exec.Session over a WebSocket, as docs/gateway.md has it."""

    def __init__(self, address, place, start=None, **headers):
        super().__init__(address, f"/v1/hosts/{place.replace('/', '/namespaces/')}:exec", **headers)
        self.out = {1: b"", 2: b""}
        self.said = []
        self.say({"start": start or {}})

    def say(self, message):
        self.send(TEXT, json.dumps(message).encode())

    def type(self, data):
        self.send(BINARY, b"\x01" + data)

    def next(self):
        """Keeps what comes; False: it was the close frame."""
        opcode, data = self.receive()
        if opcode == CLOSE:
            self.closed = int.from_bytes(data[:2]), data[2:].decode()
            return False
        if opcode == BINARY:
            self.out[data[0]] += data[1:]
        else:
            self.said.append(json.loads(data))
        return True

    def until(self, text):
        """Reads until standard output, or the terminal, has this; then forgets all of it."""
        while text not in self.out[1]:
            assert self.next(), f"{self.closed} {self.said} {self.out}"
        self.out[1] = b""

    def end(self):
        """Reads to the close frame; what came last as text."""
        while self.next():
            pass
        return self.said[-1]
