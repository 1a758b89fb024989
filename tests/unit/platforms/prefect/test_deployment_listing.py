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
    """450 flows that each have a deployment `prod`; a second page begins with one that was on the first already."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        what = request.url.path.removeprefix("/api/")
        chosen = (body.get("flows", {}).get("name", {}) or {}).get("any_")
        names = [name for name in FLOWS if chosen is None or name in chosen]
        self.asked.append(what)
        if what == "deployments/count":
            return httpx.Response(200, json=len(names))
        if what == "flows/filter":
            items = [{"id": f"id-{name}", "name": name} for name in names]
        else:
            items = [deployment(name) for name in names]
            items[PAGE : PAGE + 1] = items[3:4] if len(items) > PAGE else []
        return httpx.Response(200, json=items[body["offset"] :][: body["limit"]])


def deployment(flow):
    empty = ("entrypoint", "pull_steps", "path", "description", "version", "work_pool_name", "work_queue_name")
    more = {"parameters": {}, "enforce_parameter_schema": True, "tags": [], "paused": False, "schedules": []}
    more |= {"job_variables": {}, "storage_document_id": None, "parameter_openapi_schema": {}}
    return {"id": flow, "name": "prod", "flow_id": f"id-{flow}"} | dict.fromkeys(empty) | more


def wanted(flow_names):
    specs = [DEPLOYMENT.spec(flow_name=name) for name in flow_names]
    return [
        Manifest(Address("Deployment", f"{spec.flow_name}-prod"), spec, DEPLOYMENT.key("prod", spec)) for spec in specs
    ]


def test_no_deployment_slips_through_between_pages_that_are_sorted_by_name_alone():
    found = run(Postgres(), DEPLOYMENT.discover)
    assert sorted(one.manifest.spec.flow_name for one in found) == FLOWS


def test_those_of_other_projects_are_not_read():
    server = Postgres()
    observed = run(server, lambda client: DEPLOYMENT.observe(client, wanted(FLOWS[7:10])))
    assert [live.key.name for live in observed.lives] == [f"{name}/prod" for name in FLOWS[7:10]]
    assert sorted(server.asked) == ["deployments/filter", "flows/filter"]


def test_many_are_asked_for_in_parts_that_one_request_answers():
    server = Postgres()
    observed = run(server, lambda client: DEPLOYMENT.observe(client, wanted(FLOWS)))
    assert sorted(live.key.name for live in observed.lives) == [f"{name}/prod" for name in FLOWS]
    assert sorted(server.asked) == ["deployments/filter"] * 3 + ["flows/filter"] * 3
