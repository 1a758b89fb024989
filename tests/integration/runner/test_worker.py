"""Flow runs become Anyscale jobs: a real Prefect server, a real worker process, the real SDK, the emulator."""

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from support.anyscale_emulator import eventually
from support.prefect_worker import Workplace

ENDED = {"SUCCESS", "OUT_OF_RETRIES", "TERMINATED"}
INFRA = "{{ prefect.blocks.anyscale-job.runner-infra }}"
WORKERS_KEY = "pnu_the-workers-own-key"
JOBS_KEY = "pnu_the-key-in-the-jobs-store"

COUNT = """
    import os
    from prefect import flow, get_run_logger

    @flow(log_prints=True)
    def run(highest: int = 2):
        get_run_logger().info("colour %s, size %s", os.environ["COLOUR"], os.environ.get("SIZE"))
        print("key ends in", os.environ["PREFECT_API_KEY"][-5:], os.environ.get("PFA_GITOPS_SECRET_ENV"))
        for number in range(highest):
            print("counted", number)
    """


SLEEP = """
    import time
    from prefect import flow

    @flow
    def run():
        time.sleep(300)
    """

FAIL = """
    from prefect import flow

    @flow
    def run():
        raise ValueError("the data is late")
    """


class Started(NamedTuple):
    """The runs whose flows really execute. They start together: most of their time goes into imports."""

    counting: str
    sleeping: str
    failing: str


@pytest.fixture(scope="module")
def started(workplace: Workplace) -> Started:
    overrides = {"infra": INFRA, "timeout_s": 300, "tags": {"team": "ml"}, "env": {"SIZE": "m"}}
    counting = workplace.deployment("count", COUNT, overrides)
    own = {"timeout_s": 200, "env": {"SIZE": "l"}}
    return Started(
        workplace.run(counting, name="Quick Fox", parameters={"highest": 3}, job_variables=own),
        workplace.run(workplace.deployment("sleeper", SLEEP, {"infra": INFRA})),
        workplace.run(workplace.deployment("failing", FAIL, {"infra": INFRA})),
    )


@pytest.fixture(scope="module")
def counted(workplace: Workplace, started: Started) -> str:
    """A run that completed, with overrides from its deployment and its own."""
    workplace.wait(started.counting, {"COMPLETED"})
    return started.counting


def test_a_run_completes_as_a_job_and_its_logs_are_in_prefect(workplace: Workplace, counted: str):
    assert eventually(lambda: "counted 2" in workplace.logs(counted))
    logs = workplace.logs(counted)
    assert "colour red, size l" in logs
    assert f"{workplace.emulator.url}/jobs/prodjob_" in logs
    assert eventually(lambda: workplace.job(counted)["current_state"] == "SUCCESS")


def test_the_job_is_named_and_tagged_after_the_run(workplace: Workplace, counted: str):
    assert workplace.job(counted)["name"] == f"quick-fox-{counted}-1"
    assert workplace.job_tags(counted) == {
        "team": "ml",
        "flow_run_id": counted,
        "flow_run": "Quick Fox",
        "attempt": "1",
        "deployment": "count/test",
        "work_pool": "runner",
        "work_pool_id": workplace.pool_id,
    }


def test_single_fields_are_overridden_per_deployment_and_per_run(workplace: Workplace, counted: str):
    config = workplace.job(counted)["config"]
    assert config["timeout_s"] == 200
    assert config["max_retries"] == 0
    assert config["runtime_env"]["env_vars"]["COLOUR"] == "red"
    assert config["runtime_env"]["env_vars"]["SIZE"] == "l"


def test_the_job_gets_its_key_from_the_store_and_no_key_stands_in_its_config(workplace: Workplace, counted: str):
    job = workplace.job(counted)
    assert job["config"]["entrypoint"] == "python -m pfa_gitops.runner.execute"
    assert set(json.loads(job["config"]["runtime_env"]["env_vars"]["PFA_GITOPS_SECRET_ENV"])) == {"PREFECT_API_KEY"}
    for text in (json.dumps(job), workplace.logs(counted), workplace.log.read_text()):
        assert WORKERS_KEY not in text
        assert JOBS_KEY not in text
    assert "key ends in store None" in workplace.logs(counted)


def test_the_workers_own_settings_stay_with_the_worker(workplace: Workplace, counted: str):
    env = workplace.job(counted)["config"]["runtime_env"]["env_vars"]
    assert env["PREFECT_API_URL"] == workplace.server.url
    assert env["PREFECT_HOME"].endswith("job-home")  # what a block sets stays
    assert {name for name in env if name.startswith(("PREFECT_WORKER_", "PREFECT_SERVER_", "PREFECT_CLI_"))} == set()


def test_the_block_is_read_when_the_run_is_picked_up(workplace: Workplace):
    block_id = workplace.block("anyscale-job", "changing", {"timeout_s": 100})
    variables = {"infra": "{{ prefect.blocks.anyscale-job.changing }}", "command": "true"}
    deployment = workplace.deployment("changing", COUNT, variables)
    workplace.server.patch(f"/block_documents/{block_id}", {"data": {"timeout_s": 101}, "merge_existing_data": True})
    run_id = workplace.run(deployment)
    eventually(lambda: workplace.flow_run(run_id)["infrastructure_pid"])
    assert workplace.job(run_id)["config"]["timeout_s"] == 101


def test_a_job_that_dies_before_the_flow_starts_makes_its_run_crashed_with_the_reason(workplace: Workplace):
    variables = {"infra": INFRA, "command": "echo no such image >&2; exit 7"}
    run_id = workplace.run(workplace.deployment("stillborn", COUNT, variables))
    run = workplace.wait(run_id, {"CRASHED"})
    assert "OUT_OF_RETRIES" in run["state"]["message"]
    assert "exited with 7" in run["state"]["message"]
    assert eventually(lambda: "no such image" in workplace.logs(run_id))


def test_a_secret_in_clear_is_refused(workplace: Workplace):
    variables = {"infra": INFRA, "env": {"PREFECT_API_AUTH_STRING": "admin:pass"}}
    run = workplace.wait(workplace.run(workplace.deployment("indiscreet", COUNT, variables)), {"CRASHED"})
    assert "a job's environment is no place for a secret" in run["state"]["message"]
    assert "PFA_GITOPS_PREFECT_API_AUTH_STRING_SOURCE" in run["state"]["message"]
    assert run["infrastructure_pid"] is None


@pytest.mark.parametrize(
    "variables",
    [
        {"env": {"TOKEN": "{{ prefect.blocks.secret.hush }}"}},
        {"command": "echo {{ prefect.blocks.secret.hush.value }}"},
        {"tags": {"token": "a-{{prefect.blocks.secret.hush}}"}},
    ],
    ids=["env", "command", "tags"],
)
def test_a_placeholder_for_a_secret_is_refused_before_anything_is_submitted(workplace: Workplace, variables):
    server = workplace.server
    kind = server.get("/block_types/slug/secret")
    schemas = server.post("/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}})
    document = {"name": "hush", "block_type_id": kind["id"], "block_schema_id": schemas[0]["id"]}
    if not server.post("/block_documents/filter", {"block_documents": {"name": {"any_": ["hush"]}}}):
        server.post("/block_documents/", {**document, "data": {"value": "clear-text-of-hush"}})
    deployment = workplace.deployment("careless", COUNT, {"infra": INFRA})
    run = workplace.wait(workplace.run(deployment, job_variables=variables), {"CRASHED"})
    assert "The secret of prefect.blocks.secret.hush" in run["state"]["message"]
    assert run["infrastructure_pid"] is None
    assert "clear-text-of-hush" not in workplace.log.read_text()


def test_a_cancelled_run_ends_with_its_job(workplace: Workplace, started: Started):
    workplace.wait(started.sleeping, {"RUNNING"})
    workplace.server.post(f"/flow_runs/{started.sleeping}/set_state", {"state": {"type": "CANCELLING"}})
    workplace.wait(started.sleeping, {"CANCELLED"})
    eventually(lambda: workplace.job(started.sleeping)["current_state"] in ENDED)
    assert workplace.state(started.sleeping) == "CANCELLED"


def test_a_flow_that_fails_stays_failed_with_its_own_message(workplace: Workplace, started: Started):
    workplace.wait(started.failing, {"FAILED"})
    eventually(lambda: workplace.job(started.failing)["current_state"] in ENDED)
    assert "the data is late" in workplace.flow_run(started.failing)["state"]["message"]


def test_a_job_whose_submit_got_no_answer_is_found_and_followed(workplace: Workplace, counted: str):
    deployment = workplace.deployment("unanswered", COUNT, {"infra": INFRA, "command": "echo unanswered; exit 4"})
    workplace.emulator.fault("lose_reply", path="decorated_ha_jobs/create")
    try:
        run_id = workplace.run(deployment, name="unanswered")
        run = workplace.wait(run_id, {"CRASHED"})
    finally:
        workplace.emulator.clear_faults()
    found = workplace.emulator.call("GET", f"/api/v2/decorated_ha_jobs/?name=unanswered-{run_id}-1")["results"]
    assert [job["id"] for job in found] == [run["infrastructure_pid"]]
    assert "exited with 4" in run["state"]["message"]


def test_a_compound_command_has_its_secrets_to_the_end(workplace: Workplace):
    command = "cd / && true; echo it ends in ${PREFECT_API_KEY: -5}; exit 3"
    run_id = workplace.run(workplace.deployment("compound", COUNT, {"infra": INFRA, "command": command}))
    workplace.wait(run_id, {"CRASHED"})
    assert eventually(lambda: "it ends in store" in workplace.logs(run_id))


def test_a_run_that_goes_on_without_its_job_is_left_alone(workplace: Workplace):
    may_end = workplace.folder / "may-end"
    variables = {"infra": INFRA, "command": f"until test -e {may_end}; do sleep 0.2; done; exit 3"}
    deployment = workplace.deployment("goes-on", COUNT, variables)
    waiting, suspended, doomed = (workplace.run(deployment) for _ in range(3))
    for run_id in (waiting, suspended, doomed):
        eventually(lambda run_id=run_id: job_of(workplace, run_id))
        force(workplace, run_id, {"type": "RUNNING"})
    later = {"scheduled_time": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    force(workplace, waiting, {"type": "FAILED"})
    force(workplace, waiting, {"type": "SCHEDULED", "name": "AwaitingRetry", "state_details": later})
    force(workplace, suspended, {"type": "PAUSED", "name": "Suspended", "state_details": {"pause_reschedule": True}})
    may_end.touch()
    workplace.wait(doomed, {"CRASHED"})
    assert workplace.flow_run(waiting)["state"]["name"] == "AwaitingRetry"
    assert workplace.flow_run(suspended)["state"]["name"] == "Suspended"
    force(workplace, suspended, {"type": "CANCELLED"})
    force(workplace, waiting, {"type": "CANCELLED"})


def job_of(workplace: Workplace, run_id: str) -> str | None:
    return workplace.flow_run(run_id)["infrastructure_pid"]


def force(workplace: Workplace, run_id: str, state: dict[str, object]) -> None:
    workplace.server.post(f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})
