"""The agent under the emulator: a real Serve application, a real worker, a real pool."""

import asyncio
import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.prefect_server import PrefectServer
from support.prefect_worker import Workplace

from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

KEY = "pnu_the-agents-key"
FLOW = """
    from prefect import flow

    @flow
    def run():
        pass
    """


@pytest.fixture(scope="module")
def place(
    prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Workplace:
    return Workplace(prefect_server, emulator, tmp_path_factory.mktemp("agent"), "agent-pool")


@pytest.fixture(scope="module")
def service(place: Workplace) -> Iterator[str]:
    """The id of a deployed agent."""
    secret = place.folder / "key"
    secret.write_text(KEY)
    sdk = Sdk(AnyscaleTarget(place.emulator.url, Sealed("aph0_test-token")))
    yield asyncio.run(sdk.call(lambda connection: _deploy(connection, place, secret), write=True))
    asyncio.run(sdk.call(lambda connection: connection.service.terminate(name="agent-under-test")))


def _deploy(connection: Any, place: Workplace, secret: Path) -> str:
    from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - five seconds that collecting need not take

    arguments = {
        "work_pool": place.pool,
        "work_queues": ["default"],
        "worker": {"name": "agent-worker", "limit": 5},
        "prefect": {"api_url": place.server.url, "api_key": {"from_file": str(secret)}},
    }
    application = {"name": "agent", "import_path": "pfa_gitops.runner.agent_service:app", "args": arguments}
    quick = {"PREFECT_WORKER_QUERY_SECONDS": "0.5", "PREFECT_WORKER_HEARTBEAT_SECONDS": "2"}
    home = {"PREFECT_HOME": str(place.folder / "home"), "DO_NOT_TRACK": "1", "PFA_GITOPS_JOB_POLL_SECONDS": "1"}
    return str(
        connection.service.deploy(
            ServiceConfig(name="agent-under-test", applications=[application], env_vars={**quick, **home})
        )
    )


def answer(place: Workplace, service: str) -> dict[str, Any]:
    """What the agent says of its worker; nothing while it does not answer."""
    port = place.emulator.service(service)["port"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as reply:
            return dict(json.loads(reply.read()))
    except (OSError, ValueError):
        return {}


def workers(place: Workplace) -> dict[str, str]:
    """The pool's workers and their status, as Prefect has them."""
    found = place.server.post(f"/work_pools/{place.pool}/workers/filter")
    return {worker["name"]: worker["status"] for worker in found}


def state(place: Workplace, service: str) -> str:
    return str(place.emulator.service(service)["current_state"])


@pytest.mark.slow  # Ray takes its time; the demo runs an agent each time
def test_the_agent_runs_a_worker_for_its_pool_and_shows_no_key(place: Workplace, service: str):
    said = eventually(lambda: answer(place, service), timeout_s=180)
    assert said["work_pool"] == "agent-pool"
    assert said["work_queues"] == ["default"]
    assert eventually(lambda: workers(place) == {"agent-worker": "ONLINE"})
    assert KEY not in json.dumps([said, place.emulator.service(service)])


@pytest.mark.slow  # the demo does it each time
def test_its_worker_turns_runs_into_jobs_that_know_where_the_key_is(place: Workplace, service: str):
    run_id = place.run(place.deployment("agents-work", FLOW, {"infra": {}, "command": "true"}))
    eventually(lambda: place.flow_run(run_id)["infrastructure_pid"])
    config = place.job(run_id)["config"]
    secrets = json.loads(config["runtime_env"]["env_vars"]["PFA_GITOPS_SECRET_ENV"])
    assert secrets == {"PREFECT_API_KEY": {"from_file": str(place.folder / "key")}}
    assert KEY not in json.dumps(config)


@pytest.mark.slow  # the same without Serve: tests/unit/runner/test_kept_worker.py
def test_a_killed_worker_is_started_again(place: Workplace, service: str):
    before = eventually(lambda: answer(place, service).get("pid"))
    os.kill(before, signal.SIGKILL)
    said = eventually(lambda: (now := answer(place, service)).get("pid") not in {None, before} and now)
    assert said["restarts"] == 1
    assert said["problem"] == "the worker ended with signal SIGKILL"


@pytest.mark.slow  # the same without Serve: tests/unit/runner/test_worker_process.py
def test_an_agent_whose_worker_cannot_start_is_unhealthy_until_it_can(place: Workplace, service: str):
    before = eventually(lambda: answer(place, service).get("pid"))
    key = place.folder / "key"
    key.unlink()
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: state(place, service) == "UNHEALTHY", timeout_s=180)
    key.write_text(KEY)
    assert eventually(lambda: state(place, service) == "RUNNING", timeout_s=180)
    assert eventually(lambda: answer(place, service).get("pid"))
