"""Speaks to the daemon, waits for a line on stdin, and then pulls an image on the connection that it kept.

Usage: python held.py REPOSITORY TAG
"""

import sys

import docker

api = docker.from_env().api
print(api.ping(), flush=True)
sys.stdin.readline()
api.pull(sys.argv[1], tag=sys.argv[2])
