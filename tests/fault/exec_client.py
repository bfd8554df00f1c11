"""Runs a command on a host as a caller of Exec.Session does: standard input, if asked for, is the command's, and what
the command writes is written. Who does not read that stops the command. "sent" is said on standard error when the
request is on its way. Ends with the command's code, or with 125 when the session did.

Usage: exec_client.py TARGET HOST/NAMESPACE [--stdin] [--terminal] -- COMMAND [ARG...]
"""

import os
import sys

import grpc

FAILED = 125
STDOUT, STDERR, STARTED, EXIT = 1, 2, 3, 4  # fields of SessionResponse


def varint(value):
    out = b""
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A field of a message; messages, texts and bytes are length-delimited, numbers are not."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def number(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def parse(data):
    """(number, value) of each field."""
    at = 0
    while at < len(data):
        tag, at = number(data, at)
        value, at = number(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        yield tag >> 3, value


def requests(place, flags, command):
    host, _, namespace = place.partition("/")
    start = field(1, f"hosts/{host}/namespaces/{namespace}")
    start += field(2, b"".join(field(1, argument) for argument in command))
    start += field(3, int("--stdin" in flags))
    if "--terminal" in flags:
        start += field(4, field(1, 24) + field(2, 80))
    yield field(2, start)
    while "--stdin" in flags:
        data = os.read(0, 64 << 10)
        if not data:
            break
        yield field(1, data)


def main():
    target, place, *flags = sys.argv[1:sys.argv.index("--")]
    command = sys.argv[sys.argv.index("--") + 1:]
    channel = grpc.insecure_channel(target)
    grpc.channel_ready_future(channel).result(timeout=10)
    call = channel.stream_stream("/warren.v1.Exec/Session")(requests(place, flags, command))
    print("sent", file=sys.stderr, flush=True)
    try:
        for response in call:
            for kind, value in parse(response):
                if kind in (STDOUT, STDERR):
                    while value:
                        value = value[os.write(kind, value):]
                elif kind == EXIT:
                    ended = dict(parse(value))
                    return 128 + ended[3] if 3 in ended else ended.get(1, 0)
    except grpc.RpcError as error:
        print(f"{error.code().name}: {error.details()}", file=sys.stderr, flush=True)
    return FAILED


if __name__ == "__main__":
    # At once: a thread may be waiting for standard input.
    os._exit(main())
