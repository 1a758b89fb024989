"""Prefect is away for a while: runs and jobs go on, and what ended meanwhile is told when it is back."""

import os
import signal
import time
from pathlib import Path

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.prefect_server import run_prefect_server
from support.prefect_worker import Workplace

QUICK = {"PFA_GITOPS_CLAIM_SECONDS": "4", "PFA_GITOPS_ORPHAN_GRACE_SECONDS": "3"}


@pytest.mark.slow  # a minute each
@pytest.mark.parametrize("away_s", [8, 60])
def test_prefect_is_away(away_s: float, emulator: AnyscaleEmulator, tmp_path: Path, prefect_template: Path):
    """The server is stopped like a process, so that connections to it hang, and then goes on."""
    with run_prefect_server(tmp_path / "prefect", prefect_template) as server:
        place = Workplace(server, emulator, tmp_path, f"away-{away_s}")
        may_end = tmp_path / "may-end"
        goes_on, dies = (place.run(place.light(name, may_end)) for name in ("goes-on", "dies"))
        waits = place.light("waits", 0.5)
        place.start_worker(QUICK)
        try:
            for run_id in (goes_on, dies):
                place.wait(run_id, {"RUNNING"})
            submitted = place.run(waits)
            os.kill(server.process.pid, signal.SIGSTOP)
            (job,) = [job for job in named(emulator, dies) if job["current_state"] == "RUNNING"]
            emulator.call("POST", f"/_emulator/jobs/{job['id']}/lose_node")
            may_end.touch()
            time.sleep(away_s)
            os.kill(server.process.pid, signal.SIGCONT)
            place.wait(dies, {"CRASHED"})
            for run_id in (goes_on, submitted):
                place.wait(run_id, {"COMPLETED"})
            for run_id in (goes_on, dies, submitted):
                assert len(place.jobs(run_id)) == 1
        finally:
            place.stop_workers()


def named(emulator: AnyscaleEmulator, run_id: str) -> list[dict]:
    found = emulator.call("GET", f"/api/v2/decorated_ha_jobs/?tag_filter=flow_run_id:{run_id}")["results"]
    return [emulator.job(job["id"]) for job in found]
