"""What a new deployment asks before it is written, on a transport that answers like Prefect."""

import asyncio
import json

import httpx
from support.prefect_transport import run

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, Manifest
from pfa_gitops.platforms.prefect.deployment import KIND


class Server:
    """Knows these flows. Like Prefect it answers 201 to what it makes, and 200 to what is there."""

    def __init__(self, *flows: str) -> None:
        self.flows = set(flows)
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        what = request.url.path.removeprefix("/api")
        self.asked.append(f"{request.method} {what}")
        if request.method == "GET":
            return httpx.Response(404, json={"detail": "Deployment not found"})
        name = json.loads(request.content)["name"]
        if what == "/flows/":
            status = 200 if name in self.flows else 201
            self.flows.add(name)
            return httpx.Response(status, json={"id": f"id-{name}"})
        return httpx.Response(201, json={"id": f"id-{name}"})


def created(server, *keys):
    """The ids of these new deployments, each `flow/name`, and what the server was asked."""

    async def create(client):
        return await asyncio.gather(*(KIND.create(client, change(*key.split("/")), {}) for key in keys))

    return run(server, create), sorted(server.asked)


def change(flow, name):
    address, spec = Address("Deployment", name), KIND.spec(flow_name=flow, name=name)
    return Change(address, Action.CREATE, desired=Manifest(address, spec, KIND.key(name, spec)))


def test_in_a_flow_that_was_there_a_deployment_is_looked_for_first():
    ids, asked = created(Server("etl"), "etl/nightly")
    assert ids == ["id-nightly"]
    assert asked == ["GET /deployments/name/etl/nightly", "POST /deployments/", "POST /flows/"]


def test_a_new_flow_has_none_yet():
    assert created(Server(), "etl/nightly")[1] == ["POST /deployments/", "POST /flows/"]


def test_of_those_that_share_a_new_flow_only_the_first_needs_no_look():
    _, asked = created(Server(), "etl/nightly", "etl/hourly")
    assert asked == ["GET /deployments/name/etl/hourly", "POST /deployments/", "POST /deployments/", "POST /flows/"]
