"""No run and no job is lost, doubled or left running: what a worker of its pool makes of every mishap."""

from collections.abc import Iterator

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.prefect_server import PrefectServer
from support.prefect_worker import Workplace

QUICK = {
    "PFA_GITOPS_CLAIM_SECONDS": "4",
    "PFA_GITOPS_CANCEL_GRACE_SECONDS": "3",
    "PFA_GITOPS_ORPHAN_GRACE_SECONDS": "3",
}
TRIGGERS_AND_DIES = """
import os, signal
from prefect import flow
from pfa_gitops import AnyscaleJob

@flow
def run():
    AnyscaleJob(name="left-by-a-flow", entrypoint="sleep 600").trigger()
    os.killpg(0, signal.SIGKILL)
"""
ENDED = {"SUCCESS", "OUT_OF_RETRIES", "TERMINATED", "BROKEN"}


@pytest.fixture(scope="module")
def place(
    prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workplace]:
    place = Workplace(prefect_server, emulator, tmp_path_factory.mktemp("tending"), "tending")
    place.start_worker(QUICK)
    yield place
    place.stop_workers()


@pytest.fixture
def restarted(place: Workplace) -> Iterator[Workplace]:
    """For tests that end the worker: there is one again afterwards."""
    yield place
    place.stop_workers()
    place.start_worker(QUICK)


@pytest.fixture
def faults(place: Workplace) -> Iterator[AnyscaleEmulator]:
    yield place.emulator
    place.emulator.clear_faults()


def stick(emulator: AnyscaleEmulator, **values: object) -> None:
    emulator.call("POST", "/_emulator/jobs/stuck", values)


def one_job(place: Workplace, run_id: str) -> dict:
    """The run's job; fails where there is none or more than one."""
    (job,) = place.jobs(run_id)
    return job


def ended(place: Workplace, run_id: str) -> dict:
    return eventually(lambda: (job := one_job(place, run_id))["current_state"] in ENDED and job)


def cancel(place: Workplace, run_id: str) -> None:
    place.server.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})


class TestReadoption:
    def test_a_job_outlives_its_worker_and_the_next_one_sees_how_it_ends(self, restarted: Workplace):
        place = restarted
        may_end = place.folder / "completes-may-end"
        completes = place.run(place.light("completes", may_end))
        doomed = place.run(place.light("doomed", 300))
        dead = place.run(place.light("dead", 300))
        for run_id in (completes, doomed, dead):
            place.wait(run_id, {"RUNNING"})
        place.stop_workers()
        place.emulator.call("POST", f"/_emulator/jobs/{one_job(place, dead)['id']}/lose_node")
        may_end.touch()
        place.wait(completes, {"COMPLETED"})
        place.start_worker(QUICK, "successor")
        crashed = place.wait(dead, {"CRASHED"})
        assert "The node was lost." in crashed["state"]["message"]
        assert eventually(lambda: "told RUNNING: ACCEPT" in place.logs(dead))
        place.emulator.call("POST", f"/_emulator/jobs/{one_job(place, doomed)['id']}/lose_node")
        place.wait(doomed, {"CRASHED"})
        assert place.states(completes)[-1] == "COMPLETED"
        for run_id in (completes, doomed, dead):
            assert len(place.jobs(run_id)) == 1
            assert sum(state in {"COMPLETED", "CRASHED"} for state in place.states(run_id)) == 1

    def test_a_worker_that_dies_between_submit_and_note_leaves_a_job_that_is_found(
        self, restarted: Workplace, faults: AnyscaleEmulator
    ):
        place = restarted
        faults.fault("delay", path="decorated_ha_jobs/create", seconds=60)
        may_end = place.folder / "unnoted-may-end"
        run_id = place.run(place.light("unnoted", may_end))
        eventually(lambda: place.jobs(run_id))
        place.stop_workers()
        faults.clear_faults()
        assert place.flow_run(run_id)["infrastructure_pid"] is None
        place.start_worker(QUICK, "finder")
        assert eventually(lambda: place.flow_run(run_id)["infrastructure_pid"]) == one_job(place, run_id)["id"]
        may_end.touch()
        place.wait(run_id, {"COMPLETED"})

    @pytest.mark.slow
    def test_a_worker_that_dies_before_the_submit_leaves_a_run_that_is_done_by_the_next(
        self, restarted: Workplace, faults: AnyscaleEmulator
    ):
        place = restarted
        faults.fault("hang", path="decorated_ha_jobs/create", count=0)
        run_id = place.run(place.light("unsent"))
        eventually(lambda: "pfa-gitops.attempt" in place.flow_run(run_id)["labels"])
        place.stop_workers()
        faults.clear_faults()
        place.start_worker(QUICK, "second")
        place.wait(run_id, {"COMPLETED"})
        assert one_job(place, run_id)["name"].endswith(f"{run_id}-1")
        assert "SCHEDULED" in place.states(run_id)[1:]


class TestCancel:
    def test_before_the_submit(self, place: Workplace, faults: AnyscaleEmulator):
        faults.fault("delay", method="GET", path="clouds/default|builds/default|projects", seconds=3, count=3)
        run_id = place.run(place.light("cancel-early", 60))
        place.wait(run_id, {"PENDING"})
        cancel(place, run_id)
        place.wait(run_id, {"CANCELLED"})
        for job in place.jobs(run_id):
            eventually(lambda job_id=job["id"]: place.emulator.job(job_id)["current_state"] in ENDED)

    def test_while_the_job_waits_for_its_cluster(self, place: Workplace, faults: AnyscaleEmulator):
        stick(faults, name="cancel-starting")
        run_id = place.run(place.light("cancel-starting"), name="cancel-starting")
        eventually(lambda: place.flow_run(run_id)["infrastructure_pid"])
        cancel(place, run_id)
        place.wait(run_id, {"CANCELLED"})
        assert ended(place, run_id)["current_state"] == "TERMINATED"

    def test_of_a_flow_that_never_notices(self, place: Workplace):
        run_id = place.run(place.light("cancel-hung", 600))
        place.wait(run_id, {"RUNNING"})
        cancel(place, run_id)
        place.wait(run_id, {"CANCELLED"})
        assert ended(place, run_id)["current_state"] == "TERMINATED"
        assert place.states(run_id)[-2:] == ["CANCELLING", "CANCELLED"]


class TestOrphans:
    def test_a_job_whose_run_is_gone_or_over_is_ended_and_what_is_not_ours_is_not(self, place: Workplace):
        deleted, forced = (place.run(place.light(name, 600)) for name in ("deleted", "forced"))
        jobs = [one_job(place, run_id) for run_id in (deleted, forced) if place.wait(run_id, {"RUNNING"})]
        foreign = jobs[0]["config"]
        bodies = (
            {"name": "nightly", "tags": {"work_pool_id": place.pool_id}},
            {"name": jobs[0]["name"], "tags": {"work_pool_id": "another", "flow_run_id": "another"}},
        )
        others = [
            place.emulator.call("POST", "/api/v2/decorated_ha_jobs/create", {**body, "config": foreign})["result"]["id"]
            for body in bodies
        ]
        place.server.send("DELETE", f"/flow_runs/{deleted}")
        place.server.post(f"/flow_runs/{forced}/set_state", {"state": {"type": "CRASHED"}, "force": True})
        for job in jobs:
            eventually(lambda job_id=job["id"]: place.emulator.job(job_id)["current_state"] == "TERMINATED")
        assert [place.emulator.job(job_id)["current_state"] for job_id in others] == ["RUNNING", "RUNNING"]
        for job_id in others:
            place.emulator.call("POST", f"/ext/v0/production_jobs/{job_id}/terminate")

    def test_what_a_flow_triggered_is_ended_once_its_process_was_killed(self, place: Workplace):
        run_id = place.run(place.deployment("killed", TRIGGERS_AND_DIES, {}))
        place.wait(run_id, {"CRASHED"})
        query = f"tag_filter=parent_flow_run_id:{run_id}&archive_status=ALL"
        (left,) = place.emulator.call("GET", f"/api/v2/decorated_ha_jobs/?{query}")["results"]
        eventually(lambda: place.emulator.job(left["id"])["current_state"] == "TERMINATED")


class TestStart:
    def test_an_image_that_cannot_be_pulled(self, place: Workplace, faults: AnyscaleEmulator):
        stick(faults, name="no-image", message="Failed to pull the image.", broken=True)
        run = place.wait(place.run(place.light("no-image"), name="no-image"), {"CRASHED"})
        assert "BROKEN. Failed to pull the image." in run["state"]["message"]

    def test_no_capacity(self, place: Workplace, faults: AnyscaleEmulator):
        stick(faults, name="no-capacity", message="Waiting for 8 H100.")
        run_id = place.run(place.light("no-capacity", job_start_timeout_s=2), name="no-capacity")
        run = place.wait(run_id, {"CRASHED"})
        assert "job_start_timeout_s (2 s)" in run["state"]["message"]
        assert "Waiting for 8 H100." in run["state"]["message"]
        assert ended(place, run_id)["current_state"] == "TERMINATED"

    def test_a_bad_entrypoint_told_once_by_its_own_words(self, place: Workplace):
        variables = {"command": "echo first; no-such-program"}
        run_id = place.run(place.deployment("bad-entrypoint", "", variables))
        assert "exited with 127" in place.wait(run_id, {"CRASHED"})["state"]["message"]
        assert eventually(lambda: "no-such-program: command not found" in place.logs(run_id))
        assert place.logs(run_id).count("command not found") == 1

    def test_a_lost_node_is_anyscales_to_retry_and_no_failure(self, place: Workplace):
        run_id = place.run(place.light("preempted", 5, max_retries=1))
        place.wait(run_id, {"RUNNING"})
        place.emulator.call("POST", f"/_emulator/jobs/{one_job(place, run_id)['id']}/lose_node")
        place.wait(run_id, {"COMPLETED"})
        assert len(ended(place, run_id)["runs"]) == 2
        assert "CRASHED" not in place.states(run_id)


class TestAnyscaleMisbehaves:
    @pytest.mark.parametrize(
        ("action", "values"),
        [
            pytest.param("status", {"status": 500, "count": 3}, marks=pytest.mark.slow),
            pytest.param("status", {"status": 429, "retry_after": 1}, marks=pytest.mark.slow),
            ("status", {"status": 401, "path": "decorated_ha_jobs/create|userinfo", "count": 2}),
            ("lose_reply", {"count": 2}),
            pytest.param("drop", {"count": 3}, marks=pytest.mark.slow),
        ],
    )
    def test_a_submit(self, place: Workplace, faults: AnyscaleEmulator, action: str, values: dict):
        faults.fault(action, **{"path": "decorated_ha_jobs/create", **values})
        name = f"submit-{action}-{values.get('status', '')}"
        run_id = place.run(place.light(name))
        place.wait(run_id, {"COMPLETED"})
        assert len(place.jobs(run_id)) == 1

    @pytest.mark.parametrize(
        "status", [pytest.param(401, marks=pytest.mark.slow), 429, pytest.param(500, marks=pytest.mark.slow)]
    )
    def test_a_listing(self, place: Workplace, faults: AnyscaleEmulator, status: int):
        run_id = place.run(place.light(f"listing-{status}", 2))
        place.wait(run_id, {"RUNNING"})
        faults.fault("status", method="GET", path="decorated_ha_jobs/$", status=status, count=4)
        place.wait(run_id, {"COMPLETED"})
        assert place.states(run_id).count("COMPLETED") == 1


@pytest.mark.slow  # two workers and a dozen runs
def test_two_workers_do_not_fight_and_one_drains_while_runs_come(restarted: Workplace):
    place = restarted
    place.start_worker(QUICK, "other")
    deployment = place.light("shared", 1)
    runs = [place.run(deployment) for _ in range(6)]
    took = place.stop_worker("tester")
    runs += [place.run(deployment) for _ in range(6)]
    for run_id in runs:
        place.wait(run_id, {"COMPLETED"})
        assert len(place.jobs(run_id)) == 1
        assert place.states(run_id).count("COMPLETED") == 1
    assert took < 60


def test_a_worker_that_is_told_to_end_finishes_its_submit(restarted: Workplace, faults: AnyscaleEmulator):
    place = restarted
    faults.fault("delay", path="decorated_ha_jobs/create", seconds=8)
    may_end = place.folder / "drained-may-end"
    run_id = place.run(place.light("drained", may_end))
    place.wait(run_id, {"RUNNING"})
    place.stop_worker()
    may_end.touch()
    assert place.flow_run(run_id)["infrastructure_pid"] == one_job(place, run_id)["id"]
    place.wait(run_id, {"COMPLETED"})


def test_a_flow_that_is_over_before_its_submit_is_answered_has_its_job_written_down(
    place: Workplace, faults: AnyscaleEmulator
):
    faults.fault("delay", path="decorated_ha_jobs/create", seconds=12)
    run_id = place.run(place.light("over-soon", 0))
    place.wait(run_id, {"COMPLETED"})
    assert place.flow_run(run_id)["infrastructure_pid"] is None
    job = one_job(place, run_id)
    assert eventually(lambda: place.flow_run(run_id)["infrastructure_pid"]) == job["id"]
