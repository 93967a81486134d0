"""Sends a marked secret by way of docker-py in every place that can carry one.

Usage: python secrets.py MARK IMAGE REPOSITORY FOLDER
"""

import sys

import docker
from docker.errors import APIError

mark, image, repository, folder = sys.argv[1].split("=", 1)[1], *sys.argv[2:]
api = docker.from_env().api
auth = {"username": f"{mark}1", "password": f"{mark}2", "email": f"{mark}3"}
environment = {"NAME": f"{mark}4"}
labels = {"name": f"{mark}5"}


def whatever(call, *args, **options):
    try:
        return call(*args, **options)
    except APIError:
        return None


api.pull(repository, tag="1", auth_config=auth)
whatever(api.login, f"{mark}6", password=f"{mark}7", registry=repository.split("/")[0])
list(api.push(repository, tag="1", auth_config=auth, stream=True))
api._auth_configs.add_auth("registry.invalid", auth)
arguments = {"NAME": f"{mark}8"}
with open(f"{folder}/context.tar", "rb") as context:
    built = api.build(fileobj=context, custom_context=True, tag="marked:1", buildargs=arguments, labels=labels)
    list(built)
api.create_container(
    image, ["sleep", "1000", f"{mark}9"][:2], name="marked", environment=environment, labels=labels, user="0"
)
api.start("marked")
api.exec_start(api.exec_create("marked", ["echo", f"{mark}10"], environment=[f"NAME={mark}11"])["Id"])
whatever(lambda: api.exec_start(api.exec_create("marked", [f"{mark}12"])["Id"]))
api.commit("marked", repository="marked", tag="2", changes=f"ENV OTHER={mark}13", message=f"{mark}14")
whatever(api.commit, "marked", repository="marked", tag="3", changes=f"NONSENSE {mark}15")
whatever(api.create_container, "no-such-image", environment=environment, labels=labels)
whatever(api.pull, f"{repository}-missing", tag="1", auth_config=auth)
print(api.inspect_container("marked")["Config"])
