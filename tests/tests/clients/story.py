"""The whole story of library.rs, by way of docker-py. Prints what the daemon answered, one JSON object, for the test.

Usage: python story.py IMAGE REPOSITORY DIGEST NAME FOLDER
"""

import json
import sys

import docker
from docker.errors import APIError

image, repository, digest, name, folder = sys.argv[1:]
api = docker.from_env().api
told = {}


def refused(call, *args, **options):
    try:
        call(*args, **options)
    except APIError:
        return
    raise SystemExit(f"{call.__name__}{args} was not refused")


def read(file):
    with open(f"{folder}/{file}", "rb") as stream:
        return stream.read()


api.pull(image)
api.pull(repository, tag=digest)
api.pull(repository, all_tags=True)
refused(api.pull, f"{repository}-missing", tag="1")

told["id"] = api.create_container(image, ["sleep", "1000"], name=name)["Id"]
refused(api.create_container, image, ["true"], name=name)
refused(api.create_container, f"{name}-missing:1", ["true"])
api.start(name)
api.start(told["id"][:12])
api.restart(name, timeout=0)
api.exec_start(api.exec_create(name, ["true"])["Id"])
api.kill(name)
api.wait(name)
refused(api.exec_create, name, ["true"])
refused(api.start, f"{name}-missing")
api.start(told["id"])
api.stop(name, timeout=0)

pushed = f"{repository}-{name}"
told["commit"] = api.commit(name, repository=f"{name}-commit", tag="1")["Id"]
api.tag(f"{name}-commit:1", pushed, tag="2")
for line in api.push(pushed, tag="2", stream=True, decode=True):
    # The newest daemon tells it in no other way.
    if " digest: " in line.get("status", ""):
        told["push"] = line["status"].split(" ")[2]
saved = b"".join(api.get_image(image))
list(api.load_image(saved))
api.import_image_from_data(read("files.tar"), repository=f"{name}-import", tag="1")
told["import"] = api.inspect_image(f"{name}-import:1")["Id"]
for line in api.build(fileobj=open(f"{folder}/context.tar", "rb"), custom_context=True, tag=f"{name}-build:1", decode=True):
    told["build"] = line.get("aux", {}).get("ID", told.get("build"))
api.remove_container(name)
api.remove_image(f"{pushed}:2")
refused(api.remove_image, f"{name}-missing:1")
api.prune_images({"label": "imgtrace-nothing"})
api.prune_containers()
api.prune_builds()
print(json.dumps(told))
