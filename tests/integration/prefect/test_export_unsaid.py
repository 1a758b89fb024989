"""What is there and no manifest of ours made: said in a manifest's own words, or told. Against a real server."""

import textwrap

import pytest
import yaml
from support.exporting import exported, read, refused, show_lost, texts
from support.kind_cases import show
from support.prefect_bench import run, settle

from pfa_gitops.convert.values import Sort
from pfa_gitops.model.values import Action, Key


@pytest.fixture
def export(prefect_server, tmp_path):
    """Export objects by key; the conversion, and each exported spec by key."""

    def do(*names):
        keys = [Key(*name.split("/", 1)) for name in names]
        done = run(prefect_server, lambda bench: exported(bench, tmp_path, keys))
        return done, {f"{one.address.kind}/{one.address.name}": one.spec for one in done.manifests}

    return do


def deploy(server, name, flow_name, **fields):
    flow = server.post("/flows/", {"name": flow_name})
    return server.post("/deployments/", {"name": name, "flow_id": flow["id"], **fields})


def unchanged(server, folder, environment=None):
    """A plan of what was exported has nothing to do."""
    manifests = read(folder, environment or {}).manifests
    changes = run(server, lambda bench: bench.plan(manifests, environment)).changes
    assert [show(change) for change in changes if change.action is not Action.NONE] == []


def block_schema(server, slug):
    known = server.get(f"/block_types/slug/{slug}")
    [schema, *_] = server.post("/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [known["id"]]}}})
    return {"block_type_id": known["id"], "block_schema_id": schema["id"]}


def test_a_source_says_what_it_says_and_the_rest_is_written(prefect_server, export, tmp_path):
    source = '''
        from prefect import flow

        @flow
        def counts(n: int = 3):
            """Counts."""
    '''
    (tmp_path / "flows.py").write_text(textwrap.dedent(source))
    schema = {
        "title": "Parameters",
        "type": "object",
        "properties": {"n": {"title": "n", "type": "integer", "default": 3, "position": 0}},
        "required": [],
        "definitions": {},
    }
    fields = {"entrypoint": "flows.py:counts", "parameter_openapi_schema": schema}
    deploy(prefect_server, "unsaid-same", "counts", **fields, description="Counts.")
    other = {"title": "Parameters", "type": "object", "properties": {"n": {"title": "n", "type": "number"}}}
    fields["parameter_openapi_schema"] = {**other, "required": [], "definitions": {}}
    deploy(prefect_server, "unsaid-other", "unsaid-flow", **fields, description=None)
    done, specs = export("Deployment/counts/unsaid-same", "Deployment/unsaid-flow/unsaid-other")
    assert done.remarks == ()
    assert specs["Deployment/unsaid-same"] == {"entrypoint": "flows.py:counts"}
    assert specs["Deployment/unsaid-other"] == {
        "entrypoint": "flows.py:counts",
        "flow_name": "unsaid-flow",
        "description": None,
        "parameter_openapi_schema": other,
    }
    unchanged(prefect_server, tmp_path)


def test_an_entrypoint_that_is_nowhere_is_left_out_and_told(prefect_server, export, tmp_path):
    deploy(prefect_server, "unsaid-lost", "unsaid-flow", entrypoint="gone.py:run", tags=["a"])
    done, specs = export("Deployment/unsaid-flow/unsaid-lost")
    assert specs == {"Deployment/unsaid-lost": {"flow_name": "unsaid-flow", "tags": ["a"]}}
    assert [show_lost(remark) for remark in done.remarks] == [
        ("Deployment/unsaid-lost", "there is no file gone.py: entrypoint is left out")
    ]
    unchanged(prefect_server, tmp_path)


def test_schedules_need_no_slug_and_infra_variables_are_overrides(prefect_server, export, tmp_path):
    run(prefect_server, lambda bench: settle(bench, "InfraBlock", "unsaid-infra", {"type": "anyscale-job"}))
    prefect_server.post("/work_pools/", {"name": "unsaid-pool", "type": "anyscale"})
    deploy(
        prefect_server,
        "unsaid-infra",
        "unsaid-flow",
        work_pool_name="unsaid-pool",
        path="/srv",
        schedules=[{"schedule": {"cron": "0 3 * * *", "timezone": "UTC"}}, {"schedule": {"rrule": "FREQ=DAILY"}}],
        job_variables={
            "infra": "{{ prefect.blocks.anyscale-job.unsaid-infra }}",
            "max_retries": 2,
            "command": "x",
        },
    )
    done, specs = export("Deployment/unsaid-flow/unsaid-infra")
    assert specs["Deployment/unsaid-infra"] == {
        "flow_name": "unsaid-flow",
        "work_pool": "unsaid-pool",
        "infra_block": "unsaid-infra",
        "infra_overrides": {"max_retries": 2},
        "job_variables": {"command": "x"},
        "path": "/srv",
        "schedules": [{"cron": "0 3 * * *"}, {"rrule": "FREQ=DAILY"}],
    }
    assert done.project["spec"] == {"external": ["InfraBlock/unsaid-infra", "WorkPool/unsaid-pool"]}
    assert yaml.safe_load((tmp_path / "pfa-gitops.yaml").read_text()) == done.project
    unchanged(prefect_server, tmp_path)


def test_a_field_that_no_manifest_can_have_is_told(prefect_server, export, tmp_path):
    run(prefect_server, lambda bench: settle(bench, "InfraBlock", "unsaid-odd", {"type": "anyscale-job"}))
    found = prefect_server.get("/block_types/slug/anyscale-job/block_documents/name/unsaid-odd")
    data = {"max_retries": "often", "brand_new": 1, "timeout_s": 60, "priority": None}
    prefect_server.patch(f"/block_documents/{found['id']}", {"data": data})
    done, specs = export("InfraBlock/unsaid-odd")
    assert specs == {"InfraBlock/unsaid-odd": {"type": "anyscale-job", "timeout_s": 60}}
    assert sorted(remark.problem.message for remark in done.remarks) == [
        "its field brand_new has a value that no manifest can have",
        "its field max_retries has a value that no manifest can have",
    ]
    unchanged(prefect_server, tmp_path)


def test_a_key_file_is_one_secret_and_nothing_of_it_is_written(prefect_server, export, tmp_path):
    info = {"type": "service_account", "project_id": "p-9", "private_key": "k-9", "client_email": "joe-9"}
    body = {"name": "unsaid-gcp", "data": {"project": "p", "service_account_info": info}}
    prefect_server.post("/block_documents/", {**body, **block_schema(prefect_server, "gcp-credentials")})
    done, specs = export("Block/gcp-credentials/unsaid-gcp")
    data = {"project": "p", "service_account_info": {"from_env": "UNSAID_GCP_SERVICE_ACCOUNT_INFO"}}
    assert specs == {"Block/unsaid-gcp": {"type": "gcp-credentials", "data": data}}
    assert [remark.sort for remark in done.remarks] == [Sort.OPEN]
    assert not [text for text in ("p-9", "k-9", "joe-9") if text in texts(tmp_path) + str(done.remarks)]
    unchanged(prefect_server, tmp_path, {"UNSAID_GCP_SERVICE_ACCOUNT_INFO": str(info).replace("'", '"')})


def test_two_of_one_name_cannot_be_told_apart(prefect_server, export):
    trigger = {"type": "event", "posture": "Reactive", "threshold": 1, "within": 0}
    for _ in range(2):
        prefect_server.post(
            "/automations/", {"name": "unsaid twice", "trigger": trigger, "actions": [{"type": "do-nothing"}]}
        )
    done, specs = export("Automation/unsaid twice")
    assert specs == {}
    assert refused(done) == [
        "Prefect has 2 automations called unsaid twice, and nothing tells which one is meant"
    ] * len(refused(done))
    assert refused(done)
