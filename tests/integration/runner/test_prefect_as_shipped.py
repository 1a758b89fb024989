"""Runs are neither lost nor doubled on a Prefect server that answers parallel writers with 503."""

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.prefect_server import run_prefect_server
from support.prefect_worker import Workplace


@pytest.mark.slow  # such a server may stand still for a minute
def test_each_run_gets_one_job_and_completes(emulator: AnyscaleEmulator, tmp_path, prefect_template):
    with run_prefect_server(tmp_path / "prefect", prefect_template, as_shipped=True) as server:
        place = Workplace(server, emulator, tmp_path, "as-shipped")
        deployment = place.light("as-shipped", 1)
        place.start_worker({})
        runs = [place.run(deployment) for _ in range(8)]
        try:
            for run_id in runs:
                place.wait(run_id, {"COMPLETED"})
                assert len(place.jobs(run_id)) == 1
                assert place.states(run_id).count("COMPLETED") == 1
        finally:
            place.stop_workers()
