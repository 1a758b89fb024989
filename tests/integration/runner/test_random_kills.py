"""A worker that is killed at any moment, and started again, or another one: one job and one final state per run."""

import os
import random
import signal
import time
from collections.abc import Iterator

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.prefect_server import PrefectServer
from support.prefect_worker import Workplace

KILLS = int(os.environ.get("PFA_TEST_KILLS", "100"))
LONGEST_S = 12.0  # a worker takes some seconds to start, and one to pick up, claim, submit and note
QUICK = {"PFA_GITOPS_CLAIM_SECONDS": "3", "PFA_GITOPS_ORPHAN_GRACE_SECONDS": "3"}
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@pytest.fixture
def place(
    prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workplace]:
    place = Workplace(prefect_server, emulator, tmp_path_factory.mktemp("kills"), "kills")
    yield place
    place.stop_workers()


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killing_the_worker_at_random_moments_loses_and_doubles_nothing(place: Workplace):
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    deployment = place.light("killed", 1)
    runs = []
    for _ in range(KILLS):
        place.start_worker(QUICK, moments.choice(["one", "other"]))
        runs += [place.run(deployment) for _ in range(2)]
        time.sleep(moments.uniform(0, LONGEST_S))
        for name in ("one", "other"):
            place.stop_worker(name, signal.SIGKILL)
    place.start_worker(QUICK, "last")
    for run_id in runs:
        place.wait(run_id, FINAL)
    told = f"seed {seed}"
    for run_id in runs:
        states = place.states(run_id)
        assert [state for state in states if state in FINAL] == ["COMPLETED"], told
        assert states.count("RUNNING") == 1, told
        assert len(place.jobs(run_id)) == 1, told
