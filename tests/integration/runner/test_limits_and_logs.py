"""Concurrency limits hold though the worker does not stay with its jobs; a job's log arrives, and once only."""

import itertools
from collections.abc import Iterator

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.prefect_server import PrefectServer
from support.prefect_worker import Workplace

QUICK = {"PFA_GITOPS_CLAIM_SECONDS": "10", "PFA_GITOPS_ORPHAN_GRACE_SECONDS": "3"}
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
TALK = """
    import sys, time
    from prefect import flow, get_run_logger

    @flow
    def run():
        get_run_logger().info("said by the flow")
        print("printed and not sent", flush=True)
        time.sleep(600)
    """


@pytest.fixture(scope="module")
def place(
    prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workplace]:
    place = Workplace(prefect_server, emulator, tmp_path_factory.mktemp("limits"), "limits")
    place.start_worker(QUICK)
    yield place
    place.stop_workers()


def one_after_the_other(place: Workplace, deployment: str) -> None:
    """Three runs of a deployment; no two of them have living jobs at the same time."""
    runs = [place.run(deployment) for _ in range(3)]
    for run_id in runs:
        place.wait(run_id, {"COMPLETED"})
    spans = sorted(span(place, run_id) for run_id in runs)
    for (_, ended), (began, _) in itertools.pairwise(spans):
        assert ended <= began


def span(place: Workplace, run_id: str) -> tuple[str, str]:
    """When Prefect first called the run Pending, and when it was over."""
    states = place.server.get(f"/flow_run_states/?flow_run_id={run_id}")
    over = next(state for state in states if state["type"] in FINAL)
    pending = [state for state in states if state["type"] == "PENDING" and state["timestamp"] < over["timestamp"]]
    return pending[-1 - (len(pending) > 1)]["timestamp"], over["timestamp"]


def test_a_pools_limit(place: Workplace):
    place.server.patch(f"/work_pools/{place.pool}", {"concurrency_limit": 1})
    try:
        one_after_the_other(place, place.light("pool-limit", 0.5))
    finally:
        place.server.patch(f"/work_pools/{place.pool}", {"concurrency_limit": None})


@pytest.mark.slow
def test_a_queues_limit(place: Workplace):
    place.server.patch(f"/work_pools/{place.pool}/queues/default", {"concurrency_limit": 1})
    try:
        one_after_the_other(place, place.light("queue-limit", 0.5))
    finally:
        place.server.patch(f"/work_pools/{place.pool}/queues/default", {"concurrency_limit": None})


@pytest.mark.slow
def test_a_deployments_limit(place: Workplace):
    deployment = place.light("deployment-limit", 0.5)
    place.server.patch(f"/deployments/{deployment}", {"concurrency_limit": 1})
    one_after_the_other(place, deployment)


@pytest.mark.slow
def test_a_deployments_slot_is_kept_while_its_job_waits_for_a_cluster(place: Workplace):
    deployment = place.light("slot", 0.5)
    options = {"collision_strategy": "ENQUEUE", "grace_period_seconds": 60}  # the shortest that Prefect takes
    place.server.patch(f"/deployments/{deployment}", {"concurrency_limit": 1, "concurrency_options": options})
    place.emulator.call("POST", "/_emulator/jobs/stuck", {"name": "^slot-first"})
    try:
        first = place.run(deployment, name="slot-first")
        eventually(lambda: place.flow_run(first)["infrastructure_pid"])
        second = place.run(deployment, name="slot-second")
        eventually(lambda: place.states(second).count("SCHEDULED") > 4, timeout_s=240)  # refused over and over
        assert place.jobs(second) == []
    finally:
        place.emulator.clear_faults()
    place.wait(first, {"COMPLETED"})
    place.wait(second, {"COMPLETED"})


def test_a_crashed_jobs_log_arrives_without_what_the_flow_has_sent_itself(place: Workplace):
    run_id = place.run(place.deployment("talk", TALK, {}))
    eventually(lambda: "said by the flow" in place.logs(run_id))
    (job,) = place.jobs(run_id)
    place.emulator.call("POST", f"/_emulator/jobs/{job['id']}/lose_node")
    place.wait(run_id, {"CRASHED"})
    eventually(lambda: "printed and not sent" in place.logs(run_id))
    assert place.logs(run_id).count("said by the flow") == 1
    assert place.logs(run_id).count("printed and not sent") == 1
    assert f"{place.emulator.url}/jobs/{job['id']}" in place.logs(run_id)


@pytest.mark.slow  # most of a minute
def test_a_workers_own_limit_counts_the_jobs_it_has_under_way(place: Workplace):
    place.stop_workers()
    place.start_worker(QUICK, "limited", limit=1)
    one_after_the_other(place, place.light("worker-limit", 0.5))
