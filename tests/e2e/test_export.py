"""From what people made by hand to what the project manages: status --unmanaged, export, import, an empty plan."""

import json
import shutil
from pathlib import Path

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.commands import Workdir
from support.prefect_server import run_prefect_server

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
LISTINGS = (
    "/variables/filter",
    "/block_documents/filter",
    "/work_pools/filter",
    "/work_queues/filter",
    "/deployments/filter",
    "/flows/filter",
    "/automations/filter",
    "/v2/concurrency_limits/filter",
)
OURS = ("pfa-gitops-inventory", "pfa-gitops-lock")
READS = {
    "GET",
    "POST /api/v2/clouds/find_by_name",
    "POST /ext/v0/projects/search",
    "POST /api/v2/compute_templates/search",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory, prefect_template):
    """A server of our own, as everything on it is exported."""
    with run_prefect_server(tmp_path_factory.mktemp("export"), prefect_template) as running:
        yield running


@pytest.fixture(scope="module")
def anyscale(tmp_path_factory):
    """An emulator of our own, which only pretends that services run."""
    running = AnyscaleEmulator(tmp_path_factory.mktemp("anyscale") / "data", "--no-run-services").start()
    yield running
    running.stop()


@pytest.fixture
def workdir(tmp_path, server, anyscale):
    folder = tmp_path / "project"
    folder.mkdir()
    home = {"HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")}
    return Workdir(folder, {**home, **server.environment, **anyscale.env, "PREFECT_HOME": str(tmp_path / "prefect")})


def state(server):
    """All that is on the server, but for what pfa-gitops keeps for itself; each write shows, as `updated` moves."""
    return {
        listing: sorted(
            (item for item in server.post(listing, {}) if not _is_own(item)), key=lambda item: str(item["id"])
        )
        for listing in LISTINGS
    }


def _is_own(item):
    slug = (item.get("block_type") or {}).get("slug", "")
    return slug in OURS or str(item["name"]).startswith(OURS)


def writes(anyscale):
    return [
        f"{method} {path}"
        for method, path in anyscale.requests()
        if method not in READS and f"{method} {path}" not in READS and not path.startswith("/_emulator")
    ]


def wipe_inventory(server):
    slug = {"block_types": {"slug": {"any_": ["pfa-gitops-inventory"]}}}
    for document in server.post("/block_documents/filter", slug):
        server.delete(f"/block_documents/{document['id']}")


@pytest.mark.slow  # `test_from_made_by_hand_to_managed` is its small sibling
def test_the_quickstart_exported_and_taken_back(workdir, server, anyscale):
    shutil.copytree(QUICKSTART, workdir.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".pfa-gitops"))
    applied = workdir.document("apply", "--auto-approve")
    assert {outcome["result"] for outcome in applied["outcomes"]} == {"done"}
    assert workdir.document("status", "--unmanaged")["objects"] == []

    shutil.rmtree(workdir.folder / "manifests")
    project = workdir.folder / "pfa-gitops.yaml"
    project.write_text(project.read_text().replace('["manifests/*.yaml"]', '["manifests/**/*.yaml"]'))
    wipe_inventory(server)
    before = state(server)
    anyscale.forget_requests()
    exported = workdir.document("export", "--all", "-o", ".")
    assert exported["remarks"] == []
    assert len(exported["manifests"]) == len(applied["outcomes"])
    assert "pfa-gitops.yaml" not in exported["files"]
    deployment = (workdir.folder / "manifests/deployments/prefect-test.yaml").read_text()
    assert deployment == DEPLOYMENT

    assert workdir.pfa("validate").returncode == 0
    taken = workdir.document("import", "--all")
    assert len(taken["imported"]) == len(applied["outcomes"])
    assert workdir.document("plan", "--detailed-exitcode")["summary"]["unchanged"] == len(applied["outcomes"])
    assert state(server) == before
    assert writes(anyscale) == []
    workdir.document("destroy", "--auto-approve")


DEPLOYMENT = """\
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: prefect-test}
spec:
  entrypoint: flows/count.py:count_to
  work_pool: anyscale
  work_queue: test
  infra_block: test-infra
  infra_overrides: {compute_config: test-compute-config}
  storage: {block: local-file-system/test-storage}
  parameters: {highest_number: 10}
  schedules:
    - {slug: nightly, cron: "0 3 * * *", timezone: Europe/Berlin}
"""


@pytest.fixture
def handmade(server):
    """Objects that people and other tools make."""
    pool = server.post("/work_pools/", {"name": "by-hand", "type": "process"})
    server.post("/work_pools/by-hand/queues", {"name": "urgent", "priority": 1, "concurrency_limit": 2})
    flow = server.post("/flows/", {"name": "etl"})
    other = server.post("/flows/", {"name": "report"})
    schedule = {"cron": "0 3 * * *", "timezone": "UTC"}
    nightly = server.post(
        "/deployments/",
        {
            "name": "nightly",
            "flow_id": flow["id"],
            "work_pool_name": "by-hand",
            "entrypoint": "flows/etl.py:etl",
            "path": "/srv/flows",
            "schedules": [{"schedule": schedule, "active": True}],
            "job_variables": {"env": {"LOG_LEVEL": "info", "API_TOKEN": "t0p-s3cret"}},
        },
    )
    server.post("/deployments/", {"name": "nightly", "flow_id": other["id"], "entrypoint": "flows/report.py:report"})
    secret = server.get("/block_types/slug/secret")
    [schema, *_] = server.post("/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [secret["id"]]}}})
    block = {"name": "db-password", "data": {"value": "hunter-2"}, "block_type_id": secret["id"]}
    server.post("/block_documents/", {**block, "block_schema_id": schema["id"]})
    server.post("/variables/", {"name": "template", "value": "${{ not ours }}"})
    server.post("/v2/concurrency_limits/", {"name": "database", "limit": 3})
    trigger = {
        "type": "event",
        "posture": "Reactive",
        "expect": ["prefect.flow-run.Failed"],
        "threshold": 1,
        "within": 0,
    }
    action = {"type": "run-deployment", "source": "selected", "deployment_id": nightly["id"]}
    gone = {**action, "deployment_id": "00000000-0000-4000-8000-000000000000"}
    server.post("/automations/", {"name": "again", "trigger": trigger, "actions": [action]})
    server.post("/automations/", {"name": "nightly__automation_1", "trigger": trigger, "actions": [action]})
    server.post("/automations/", {"name": "broken", "trigger": trigger, "actions": [gone]})
    return pool


def test_from_made_by_hand_to_managed(workdir, server, handmade):
    shown = workdir.document("status", "--unmanaged")
    names = {f"{one['kind']}/{one['name']}": one for one in shown["objects"]}
    assert {
        "Deployment/etl/nightly",
        "Block/secret/db-password",
        "WorkPool/by-hand",
        "Variable/template",
    } <= names.keys()
    assert names["WorkPool/by-hand"]["id"] == handmade["id"]
    assert names["WorkPool/by-hand"]["page"] == server.url.removesuffix("/api") + "/work-pools/work-pool/by-hand"
    assert names["Automation/nightly__automation_1"]["made_by"].startswith("`prefect deploy`")
    assert "WorkQueue/by-hand/urgent" not in names

    before = state(server)
    exported = workdir.document("export", "--all", "-o", ".")
    files = "".join(file.read_text() for file in workdir.folder.rglob("*.yaml"))
    told = json.dumps(exported["remarks"])
    for secret in ("t0p-s3cret", "hunter-2"):
        assert secret not in files + told
    assert "DB_PASSWORD" in told
    assert "NIGHTLY_API_TOKEN" in told
    assert "it names a deployment that is gone" in told
    assert "nightly__automation_1" in told
    assert "manifests/deployments/etl-nightly.yaml" in exported["files"]
    assert "manifests/deployments/report-nightly.yaml" in exported["files"]

    values = {"DB_PASSWORD": "hunter-2", "ETL_NIGHTLY_API_TOKEN": "t0p-s3cret"}
    [named] = workdir.document("export", "Automation/nightly__automation_1", **values)["manifests"]
    assert named["spec"]["actions"] == [{"type": "run-deployment", "deployment": "etl/nightly"}]
    workdir.document("import", "--all", **values)
    planned = workdir.document("plan", "--detailed-exitcode", **values)
    assert planned["summary"]["unchanged"] == len(exported["manifests"])
    assert state(server) == before
    left = {f"{one['kind']}/{one['name']}" for one in workdir.document("status", "--unmanaged", **values)["objects"]}
    assert left == {"Automation/nightly__automation_1", "Automation/broken"}


def test_a_project_that_is_started_from_what_is_live_takes_it_over_without_a_write(workdir, server):
    server.post("/work_pools/", {"name": "found", "type": "process"})
    server.post("/variables/", {"name": "found", "value": [1]})
    done = workdir.pfa("init", "--from-live", "--no-github", "--name", "taken over", "taken")
    assert done.returncode == 0, done.stderr
    assert "name: taken over" in (workdir.folder / "taken" / "pfa-gitops.yaml").read_text()
    planned = workdir.document("plan", "-C", "taken")
    assert {name: planned["summary"][name] for name in ("create", "update", "replace", "delete")} == dict.fromkeys(
        ("create", "update", "replace", "delete"), 0
    )
    assert {"WorkPool/found", "Variable/found"} <= {one["address"] for one in planned["changes"] if one["adopts"]}
    before = state(server)
    workdir.document("apply", "-C", "taken", "--auto-approve")
    assert state(server) == before
    assert workdir.pfa("plan", "-C", "taken", "--detailed-exitcode").returncode == 0
    workdir.document("destroy", "-C", "taken", "--auto-approve")


OTHERS = """\
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: others}
---
apiVersion: pfa-gitops/v1
kind: Variable
metadata: {name: theirs}
spec: {value: 1}
---
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: theirs}
spec: {type: process, queues: [{name: listed}]}
"""


def test_what_another_project_has_is_shown_as_its_and_exported_by_name_only(workdir, server, tmp_path):
    other = Workdir(tmp_path / "other", workdir.environment)
    other.write("pfa-gitops.yaml", OTHERS)
    other.document("apply", "--auto-approve")
    server.post("/work_pools/theirs/queues", {"name": "by-hand"})
    shown = workdir.document("status", "--unmanaged")["objects"]
    owners = {f"{one['kind']}/{one['name']}": (one["project"], one["environment"]) for one in shown}
    assert owners["Variable/theirs"] == owners["WorkPool/theirs"] == ("others", "default")
    assert owners["WorkQueue/theirs/listed"] == ("others", "default")
    assert owners["WorkQueue/theirs/by-hand"] == (None, None)
    assert not [name for name in owners if "pfa-gitops" in name]

    everything = workdir.document("export", "--all")
    names = {f"{one['kind']}/{one['metadata']['name']}" for one in everything["manifests"]}
    assert "WorkQueue/by-hand" in names
    assert not {"Variable/theirs", "WorkPool/theirs", "WorkQueue/listed"} & names
    assert "belongs to project others, environment default" in json.dumps(everything["remarks"])
    assert not list(workdir.folder.iterdir())

    [named] = workdir.document("export", "Variable/theirs", "--adopt")["manifests"]
    assert named["metadata"] == {"name": "theirs", "adopt": True}
    assert workdir.pfa("export", "Variable/thiers").returncode == 1
    other.document("destroy", "--auto-approve")


def test_a_file_that_is_there_is_not_overwritten_and_text_is_told(workdir, server):
    server.post("/variables/", {"name": "kept", "value": "new"})
    workdir.write("manifests/variables/kept.yaml", "mine\n")
    refused = workdir.pfa("export", "Variable/kept", "-o", ".")
    assert refused.returncode == 1
    assert "manifests/variables/kept.yaml exists already" in refused.stderr
    assert (workdir.folder / "manifests/variables/kept.yaml").read_text() == "mine\n"
    printed = workdir.pfa("export", "Variable/kept", "-o", "-")
    assert printed.stdout.endswith("kind: Variable\nmetadata: {name: kept}\nspec:\n  value: new\n")
    done = workdir.pfa("export", "Variable/kept", "-o", ".", "--force")
    assert "2 files are in ." in done.stdout
    assert workdir.pfa("validate").returncode == 0
    again = workdir.pfa("export", "Variable/kept", "-o", ".")
    assert again.returncode == 1
    assert "this project declares it already" in again.stderr
