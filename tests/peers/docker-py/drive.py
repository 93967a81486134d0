"""Pulls an image, creates a container of it, starts it, waits for it and removes it, by way of docker-py.

Usage: DOCKER_HOST=unix://SOCKET python drive.py IMAGE NAME
"""

import sys

import docker

image, name = sys.argv[1:]
client = docker.from_env()
client.images.pull(image)
container = client.containers.create(image, command=["true"], name=name)
container.start()
container.wait()
container.remove()
print(container.id)
