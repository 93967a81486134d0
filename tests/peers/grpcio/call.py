"""Makes the calls that it is told to make, by way of grpcio (gRPC's C core), on one connection.

Usage: python call.py SOCKET. Each line of stdin is a call, `PATH HEX [KEY=VALUE]...`: the method, the request message
and metadata. Each is answered by a line, `ok HEX` or `error CODE MESSAGE`.
"""

import sys

import grpc


def as_is(message):
    return message


# Without it the authority is the escaped path of the socket, which Go's gRPC refuses.
options = [("grpc.default_authority", "localhost")]
with grpc.insecure_channel("unix:" + sys.argv[1], options) as channel:
    for line in sys.stdin:
        path, message, *metadata = line.rstrip("\n").split(" ")
        method = channel.unary_unary(path, request_serializer=as_is, response_deserializer=as_is)
        try:
            pairs = [tuple(pair.split("=", 1)) for pair in metadata]
            answer = method(bytes.fromhex(message), metadata=pairs, timeout=60)
            print("ok", answer.hex(), flush=True)
        except grpc.RpcError as error:
            print("error", error.code().name, error.details().replace("\n", " "), flush=True)
