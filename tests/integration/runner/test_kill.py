"""`kill_infrastructure`, which Prefect's server asks for when a run was cancelled and its job does not notice."""

import asyncio

import pytest
from prefect.exceptions import InfrastructureNotAvailable, InfrastructureNotFound
from support.anyscale_emulator import AnyscaleEmulator

from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale._jobs import job_state, submit_job, terminate_job
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.runner.configuration import AnyscaleConfiguration
from pfa_gitops.runner.worker import AnyscaleWorker


@pytest.fixture(autouse=True)
def anyscale(emulator: AnyscaleEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def sdk(emulator: AnyscaleEmulator) -> Sdk:
    return Sdk(AnyscaleTarget(emulator.url, Sealed("aph0_test-token")))


def kill(job_id: str) -> None:
    worker = AnyscaleWorker("some-pool")  # its connections live in one event loop
    asyncio.run(worker.kill_infrastructure(job_id, AnyscaleConfiguration(infra={}), grace_seconds=120))


def test_a_running_job_is_ended(sdk: Sdk):
    job_id = asyncio.run(submit_job(sdk, {"name": "hung", "entrypoint": "sleep 300", "max_retries": 0}))
    kill(job_id)
    assert asyncio.run(job_state(sdk, job_id)).status == "TERMINATED"
    with pytest.raises(InfrastructureNotFound, match="TERMINATED"):
        kill(job_id)


def test_a_job_that_never_was_is_not_found():
    with pytest.raises(InfrastructureNotFound):
        kill("prodjob_unknown")


@pytest.mark.slow  # a minute; a listing that fails: test_tending.py
def test_an_anyscale_that_does_not_answer_is_not_the_same_as_no_job(sdk: Sdk, emulator: AnyscaleEmulator):
    job_id = asyncio.run(submit_job(sdk, {"name": "lasting", "entrypoint": "sleep 300", "max_retries": 0}))
    try:
        emulator.fault("status", path="production_jobs", status=500, count=0)
        with pytest.raises(InfrastructureNotAvailable):
            kill(job_id)
    finally:
        emulator.clear_faults()
        asyncio.run(terminate_job(sdk, job_id))
