"""The real SDK behind `Sdk.call`, against an emulator that misbehaves: every failure is one of our errors, in time."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.anyscale_emulator import PATIENCE_S, AnyscaleEmulator, eventually

from pfa_gitops.model.errors import (
    Conflict,
    CutOff,
    Invalid,
    MaybeArrived,
    NotFound,
    PfaError,
    PlatformError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale import _jobs, _sdk
from pfa_gitops.platforms.anyscale._jobs import job_log_tail, job_state, submit_job, terminate_job
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

TOKEN = "aph0_test-token"
QUICK_JOB = {"name": "quick", "entrypoint": "echo $GREETING; cat there.txt", "max_retries": 0}


@pytest.fixture(scope="module")
def job_id(sdk: Sdk, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A job with an uploaded working directory, that ended."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "there.txt").write_text("uploaded\n")
    config = {**QUICK_JOB, "working_dir": str(folder), "env_vars": {"GREETING": "hello"}}

    submitted = asyncio.run(submit_job(sdk, config))
    eventually(lambda: asyncio.run(job_state(sdk, submitted)).finished)
    return submitted


@pytest.fixture(scope="module")
def sdk(emulator: AnyscaleEmulator) -> Sdk:
    return Sdk(AnyscaleTarget(emulator.url, Sealed(TOKEN)))


@pytest.fixture
def faults(emulator: AnyscaleEmulator) -> Iterator[AnyscaleEmulator]:
    yield emulator
    emulator.clear_faults()


def failure(call: Any) -> PfaError:
    with pytest.raises(PfaError) as caught:
        asyncio.run(call)
    assert TOKEN not in str(caught.value)
    assert type(caught.value) is not PfaError
    return caught.value


def test_host_and_token_need_no_environment_and_the_sdk_is_silent(sdk: Sdk, job_id: str, capfd, monkeypatch):
    monkeypatch.delenv("ANYSCALE_CLI_TOKEN", raising=False)
    assert asyncio.run(job_state(sdk, job_id)).succeeded
    assert asyncio.run(job_log_tail(sdk, job_id, 5)).split() == ["hello", "uploaded"]
    asyncio.run(terminate_job(sdk, job_id))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, Invalid),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, NotFound),
        (409, Conflict),
        (422, Invalid),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_an_answers_status_decides_also_where_the_sdk_hides_it(sdk: Sdk, faults, job_id: str, status: int, meaning):
    faults.fault("status", path="production_jobs/.*/terminate", status=status, count=0)
    assert type(failure(terminate_job(sdk, job_id))) is meaning
    faults.clear_faults()
    faults.fault("status", path="production_jobs/", status=status, count=0)
    found = failure(sdk.call(lambda connection: connection.job.status(id=job_id)))
    # Of a job that is not there the SDK's public call says so in words only; `job_state` asks below it.
    assert type(found) is (PlatformError if status == 404 else meaning)


@pytest.mark.parametrize(("action", "values"), [("lose_reply", {}), ("drop", {}), ("status", {"status": 500})])
def test_a_submit_without_an_answer_leaves_one_job(sdk: Sdk, faults, action: str, values: dict[str, Any]):
    name = f"submitted-once-{action}"
    faults.fault(action, path="decorated_ha_jobs/create", **values)
    submitted = asyncio.run(submit_job(sdk, {**QUICK_JOB, "name": name}))
    assert jobs_named(faults, name) == [submitted]


def test_a_submit_that_never_arrives_is_given_up(sdk: Sdk, faults, monkeypatch):
    monkeypatch.setattr(_jobs, "_LOOKS_AFTER_S", (0.01, 0.01))
    faults.forget_requests()
    faults.fault("status", path="decorated_ha_jobs/create", status=500, count=0)
    config = {**QUICK_JOB, "name": "never-arrives"}
    assert type(failure(submit_job(sdk, config))) is MaybeArrived
    assert faults.requests().count(("POST", "/api/v2/decorated_ha_jobs/create")) == 3
    faults.fault("status", path="decorated_ha_jobs/$", status=500, count=0)
    assert type(failure(submit_job(sdk, config))) is MaybeArrived  # nobody can tell whether it is there


def test_a_submit_that_takes_too_long_is_not_sent_again(sdk: Sdk, faults, monkeypatch):
    monkeypatch.setattr(_jobs, "_LOOKS_AFTER_S", (0.01,))
    monkeypatch.setattr(_jobs, "SUBMIT_TIMEOUT_S", 1.0)
    faults.forget_requests()
    faults.fault("hang", path="decorated_ha_jobs/create", count=0)
    assert type(failure(submit_job(sdk, {**QUICK_JOB, "name": "hangs"}))) is CutOff
    assert faults.requests().count(("POST", "/api/v2/decorated_ha_jobs/create")) <= 1


def jobs_named(emulator: AnyscaleEmulator, name: str) -> list[str]:
    return [job["id"] for job in emulator.call("GET", f"/api/v2/decorated_ha_jobs/?name={name}")["results"]]


def test_a_deploy_without_an_answer_is_sent_once(sdk: Sdk, faults):
    faults.forget_requests()
    faults.fault("lose_reply", method="PUT", path="services-v2/apply", count=0)
    assert type(failure(sdk.call(lambda connection: deploy(connection, "sent-once"), write=True))) is MaybeArrived
    assert faults.requests().count(("PUT", "/api/v2/services-v2/apply")) == 1
    asyncio.run(sdk.call(lambda connection: connection.service.terminate(name="sent-once")))


def test_a_deploy_that_was_refused_for_now_is_sent_again(sdk: Sdk, faults):
    faults.forget_requests()
    faults.fault("status", method="PUT", path="services-v2/apply", status=429, retry_after=0)
    asyncio.run(sdk.call(lambda connection: deploy(connection, "sent-again"), write=True))
    assert faults.requests().count(("PUT", "/api/v2/services-v2/apply")) == 2


def deploy(connection: Any, name: str) -> None:
    from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - five seconds that collecting need not take

    connection.service.deploy(ServiceConfig(name=name, applications=[{"import_path": "nothing:here"}]))
    connection.service.terminate(name=name)


def test_a_server_that_hangs_is_given_up_in_time(emulator: AnyscaleEmulator, faults, job_id: str):
    impatient = Sdk(AnyscaleTarget(emulator.url, Sealed(TOKEN)), timeout_s=1.5)
    faults.fault("hang", path="production_jobs/|decorated_ha_jobs/create", count=0)
    asyncio.run(impatient.call(lambda connection: connection.compute_config, timeout_s=PATIENCE_S))
    began = time.monotonic()
    assert type(failure(job_state(impatient, job_id))) is Unavailable
    assert type(failure(impatient.call(lambda connection: connection.job.status(id=job_id), write=True))) is CutOff
    assert time.monotonic() - began < _sdk.REQUEST_TIMEOUT_S  # when the requests would have ended by themselves


def test_a_request_that_hangs_ends_by_itself(emulator: AnyscaleEmulator, faults, job_id: str, monkeypatch):
    monkeypatch.setattr(_sdk, "REQUEST_TIMEOUT_S", 1)
    before = set(threading.enumerate())
    patient = Sdk(AnyscaleTarget(emulator.url, Sealed(TOKEN)), timeout_s=PATIENCE_S)
    faults.fault("hang", path="production_jobs/", count=0)
    began = time.monotonic()
    assert type(failure(job_state(patient, job_id))) is Unavailable
    assert time.monotonic() - began < PATIENCE_S
    assert eventually(lambda: set(threading.enumerate()) <= before)


def test_a_login_that_hangs_holds_up_nobody_for_long(emulator: AnyscaleEmulator, faults, job_id: str, monkeypatch):
    monkeypatch.setattr(_sdk, "REQUEST_TIMEOUT_S", 1)
    impatient = Sdk(AnyscaleTarget(emulator.url, Sealed(TOKEN)), timeout_s=0.5)
    faults.fault("hang", path="userinfo", count=1)
    assert type(failure(job_state(impatient, job_id))) is Unavailable
    assert asyncio.run(impatient.call(lambda connection: connection is not None, timeout_s=PATIENCE_S))


def test_nobody_there_and_a_refused_token(emulator: AnyscaleEmulator, faults):
    nobody = Sdk(AnyscaleTarget("http://127.0.0.1:1", Sealed(TOKEN)))
    assert type(failure(job_state(nobody, "x"))) is Unreachable
    faults.fault("status", path="userinfo", status=401)
    stranger = Sdk(AnyscaleTarget(emulator.url, Sealed(TOKEN)))
    assert type(failure(job_state(stranger, "x"))) is Unauthorized
    assert type(failure(job_state(stranger, "x"))) is NotFound  # the refusal is not remembered


def test_a_config_that_the_sdk_refuses_is_invalid(sdk: Sdk):
    assert type(failure(submit_job(sdk, {"name": "x", "entrypoint": ""}))) is Invalid
    assert type(failure(submit_job(sdk, {**QUICK_JOB, "compute_config": "no-such-config"}))) is Invalid


def test_the_sdk_means_the_host_that_was_chosen_and_the_environment_stays_as_it_was(emulator):
    program = (
        "import asyncio, os, sys\n"
        "from pfa_gitops.model.secrets import Sealed\n"
        "from pfa_gitops.platforms.anyscale._sdk import Sdk\n"
        "from pfa_gitops.platforms.anyscale._target import AnyscaleTarget\n"
        "asyncio.run(Sdk(AnyscaleTarget(sys.argv[1], Sealed(sys.argv[2]))).call(lambda sdk: sdk))\n"
        "from anyscale.shared_anyscale_utils.conf import ANYSCALE_HOST\n"
        "print(ANYSCALE_HOST, os.environ['ANYSCALE_HOST'])\n"
    )
    other = "http://127.0.0.1:9"  # the SDK is imported once a process, so that this takes one of its own
    told = subprocess.run(
        [sys.executable, "-c", program, emulator.url, TOKEN],
        env={**os.environ, "ANYSCALE_HOST": other},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [emulator.url, other]
