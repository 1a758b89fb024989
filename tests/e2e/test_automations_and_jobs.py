"""Automations, queues of other people's pools, job schedules and services, by the names that manifests use."""

import uuid

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.commands import Workdir

PROJECT = """\
apiVersion: pfa-gitops/v1
kind: Project
metadata: {{name: project-{id}}}
spec: {{external: [WorkPool/theirs-{id}]}}
"""
PREFECT = """\
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {{name: pool}}
spec: {{name: pool-{id}, type: {type}, queues: [{{name: urgent}}]}}
---
apiVersion: pfa-gitops/v1
kind: WorkQueue
metadata: {{name: mine}}
spec: {{work_pool: theirs-{id}, concurrency_limit: 2}}
---
apiVersion: pfa-gitops/v1
kind: Block
metadata: {{name: alerts-{id}}}
spec: {{type: slack-webhook, data: {{url: {{from_env: SLACK}}}}}}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {{name: nightly}}
spec:
  name: nightly-{id}
  flow_name: flow-{id}
  entrypoint: "a.py:a"
  path: /srv
  work_pool: theirs-{id}
  work_queue: mine
---
apiVersion: pfa-gitops/v1
kind: Automation
metadata: {{name: failed}}
spec:
  name: failed-{id}
  trigger:
    type: event
    expect: [prefect.flow-run.Failed]
    match_related: {{prefect.resource.id: [{{deployment: nightly}}, {{work_pool: pool}}]}}
  actions:
    - {{type: run-deployment, deployment: nightly}}
    - {{type: send-notification, block: slack-webhook/alerts-{id}, body: "{{{{ flow_run.name }}}}"}}
    - {{type: pause-work-pool, work_pool: pool}}
    - {{type: pause-work-queue, work_queue: {{pool: pool, name: urgent}}}}
    - {{type: pause-work-queue, work_queue: {{pool: theirs-{id}, name: mine}}}}
---
apiVersion: pfa-gitops/v1
kind: Automation
metadata: {{name: recovered}}
spec:
  name: recovered-{id}
  trigger: {{type: event, match: {{prefect.resource.id: {{automation: failed}}}}}}
  actions: [{{type: resume-automation, automation: failed}}]
"""
ANYSCALE = """\
apiVersion: pfa-gitops/v1
kind: ComputeConfig
metadata: {{name: small-{id}}}
spec: {{head_node: {{instance_type: {size}}}}}
---
apiVersion: pfa-gitops/v1
kind: JobSchedule
metadata: {{name: retrain-{id}}}
spec: {{cron_expression: "0 0 1 1 *", job_config: {{entrypoint: "true", compute_config: small-{id}}}}}
---
apiVersion: pfa-gitops/v1
kind: Service
metadata: {{name: model-{id}}}
spec: {{applications: [{{import_path: "app:api"}}], compute_config: small-{id}}}
"""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory):
    running = AnyscaleEmulator(tmp_path_factory.mktemp("quiet") / "data", "--no-run-services").start()
    yield running
    running.stop()


@pytest.fixture
def project(tmp_path, prefect_server, quiet):
    found = Workdir(tmp_path, {"HOME": str(tmp_path), "SLACK": "https://hooks.example.com/secret"})
    found.environment = {**found.environment, **prefect_server.environment, **quiet.env}
    return found


def results(document) -> set[str]:
    return {outcome["result"] for outcome in document["outcomes"]}


def test_names_lead_to_ids_and_back(project, prefect_server, quiet):
    known = uuid.uuid4().hex[:8]
    prefect_server.post("/work_pools/", {"name": f"theirs-{known}", "type": "process"})
    project.write("pfa-gitops.yaml", PROJECT.format(id=known))
    project.write("manifests/prefect.yaml", PREFECT.format(id=known, type="process"))
    project.write("manifests/anyscale.yaml", ANYSCALE.format(id=known, size="m5.large"))
    assert results(project.document("apply", "--auto-approve")) == {"done"}
    before = live(prefect_server, quiet, known)
    again = project.document("apply", "--auto-approve")
    assert again["outcomes"] == []
    assert live(prefect_server, quiet, known) == before
    shown = project.pfa("status").stdout
    assert "enabled" in shown
    assert "next job at" in shown
    # What is replaced has a new id, and what gets a new version is taken up.
    project.write("manifests/prefect.yaml", PREFECT.format(id=known, type="docker"))
    project.write("manifests/anyscale.yaml", ANYSCALE.format(id=known, size="m5.2xlarge"))
    changed = project.document("apply", "--auto-approve")
    assert results(changed) == {"done"}
    assert {outcome["address"] for outcome in changed["outcomes"]} == {
        "WorkPool/pool",
        "Automation/failed",
        f"ComputeConfig/small-{known}",
        f"JobSchedule/retrain-{known}",
        f"Service/model-{known}",
    }
    assert project.document("apply", "--auto-approve")["outcomes"] == []
    pool = prefect_server.get(f"/work_pools/pool-{known}")
    [failed] = prefect_server.post("/automations/filter", {"automations": {"name": {"any_": [f"failed-{known}"]}}})
    assert failed["actions"][2]["work_pool_id"] == pool["id"]


def live(prefect_server, quiet, known):
    """All that was made, with the times of its last write."""
    names = {"automations": {"name": {"any_": [f"failed-{known}", f"recovered-{known}"]}}}
    return [
        prefect_server.post("/automations/filter", names),
        prefect_server.get(f"/work_pools/theirs-{known}/queues/mine")["updated"],
        quiet.call("GET", f"/api/v2/experimental_cron_jobs/?name=retrain-{known}"),
        quiet.call("GET", f"/api/v2/services-v2/?name=model-{known}"),
    ]
