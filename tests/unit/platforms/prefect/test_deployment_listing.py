"""Which deployments are asked for, and that none slips through, on a transport that answers like Prefect."""

import json

import httpx
from support.prefect_transport import run

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.prefect._client import PAGE
from pfa_gitops.platforms.prefect.deployment import KIND as DEPLOYMENT

FLOWS = [f"flow{number:03}" for number in range(450)]


class Postgres:
    """Flows that each have deployments of these names.

    It sorts by name alone, so that a second page may begin with one that was on the first already, and does.
    """

    def __init__(self, *names: str) -> None:
        self.deployments = [(flow, name) for name in names for flow in FLOWS]
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        what = request.url.path.removeprefix("/api/")
        self.asked.append(what)
        if what == "flows/filter":
            items = [{"id": f"id-{name}", "name": name} for name in FLOWS if _passes(body, "flows", name)]
        else:
            items = [
                _deployment(flow, name)
                for flow, name in self.deployments
                if _passes(body, "flows", flow) and _passes(body, "deployments", name)
            ]
        if what == "deployments/count":
            return httpx.Response(200, json=len(items))
        if what == "deployments/filter" and len(items) > PAGE:
            items[PAGE] = items[3]
        return httpx.Response(200, json=items[body["offset"] :][: body["limit"]])


def _passes(body, what, name):
    names = body.get(what, {}).get("name", {}).get("any_")
    return names is None or name in names


def _deployment(flow, name):
    empty = ("entrypoint", "pull_steps", "path", "description", "version", "work_pool_name", "work_queue_name")
    more = {"parameters": {}, "enforce_parameter_schema": True, "tags": [], "paused": False, "schedules": []}
    more |= {"job_variables": {}, "storage_document_id": None, "parameter_openapi_schema": {}}
    return {"id": f"{flow}/{name}", "name": name, "flow_id": f"id-{flow}"} | dict.fromkeys(empty) | more


def observed(server, *keys):
    """The keys of the deployments that are found of these, each `flow/name`."""
    wanted = []
    for key in keys:
        flow, name = key.split("/")
        spec = DEPLOYMENT.spec(flow_name=flow, name=name)
        wanted.append(Manifest(Address("Deployment", key), spec, DEPLOYMENT.key(key, spec)))
    found = run(server, lambda client: DEPLOYMENT.observe(client, wanted))
    return sorted(live.key.name for live in found.lives)


def test_no_deployment_slips_through_between_pages_that_are_sorted_by_name_alone():
    found = run(Postgres("prod"), DEPLOYMENT.discover)
    assert sorted(one.manifest.spec.flow_name for one in found) == FLOWS


def test_nor_does_one_of_those_that_are_asked_for():
    """As many as one part holds, with two names: all flows have both, so that the part fills two pages."""
    server = Postgres("dev", "prod", "test")
    keys = [f"{flow}/{name}" for flow, name in zip(FLOWS[:199], ["dev", "prod"] * 100, strict=False)]
    assert observed(server, *keys) == sorted(keys)
    assert server.asked.count("deployments/count") == 1


def test_those_of_other_projects_are_not_read():
    server = Postgres("dev", "prod")
    assert observed(server, "flow007/prod", "flow008/prod") == ["flow007/prod", "flow008/prod"]
    assert sorted(server.asked) == ["deployments/filter", "flows/filter"]


def test_many_are_asked_for_in_parts_of_one_page():
    server, keys = Postgres("prod"), [f"{flow}/prod" for flow in FLOWS]
    assert observed(server, *keys) == keys
    assert sorted(server.asked) == ["deployments/filter"] * 3 + ["flows/filter"] * 3


def test_none_asks_nothing():
    server = Postgres("prod")
    assert observed(server) == []
    assert server.asked == []
