"""Prints what the health service of a gRPC server at TARGET says, and every change of it, one line each."""

import sys

import grpc

STATES = {b"\x08\x01": "SERVING", b"\x08\x02": "NOT_SERVING"}  # grpc.health.v1.HealthCheckResponse

with grpc.insecure_channel(sys.argv[1]) as channel:
    for answer in channel.unary_stream("/grpc.health.v1.Health/Watch")(b""):
        print(STATES.get(answer, answer), flush=True)
