"""examples/agent as it is: applied by the command, its key in AWS Secrets Manager, and a worker that polls."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agent import agents_answer
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.aws import SecretsManager, run_secrets_manager
from support.commands import Workdir
from support.prefect_server import PrefectServer

pytestmark = pytest.mark.slow  # minutes

EXAMPLE = Path(__file__).parents[3] / "examples" / "agent"
KEY = "pnu_the-key-in-aws"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    """What a cluster's role gives on Anyscale: the emulator hands its own environment to what it runs."""
    with run_secrets_manager() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        running.put("prefect-api-key", KEY)
        yield running


@pytest.fixture
def emulator(aws: SecretsManager, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyscaleEmulator]:
    running = AnyscaleEmulator(tmp_path_factory.mktemp("example") / "data").start()
    yield running
    running.stop()


def test_the_agents_example_gives_a_worker_that_polls(
    emulator: AnyscaleEmulator, prefect_server: PrefectServer, tmp_path: Path
):
    folder = shutil.copytree(EXAMPLE, tmp_path / "agent")
    project = Workdir(folder, {**prefect_server.environment, **emulator.env, "HOME": str(tmp_path)})
    applied = project.document("apply", "--auto-approve")
    assert [outcome["result"] for outcome in applied["outcomes"]] == ["done", "done"]

    found = emulator.call("GET", "/api/v2/services-v2/?name=agent-example&count=50")["results"]
    service = emulator.service(found[0]["id"])
    assert service["current_state"] == "RUNNING", "apply has waited for it"
    said = eventually(lambda: (now := agents_answer(emulator, service["id"])).get("ready") and now)
    assert (said["work_pool"], said["work_queues"], said["restarts"]) == ("agent-example", ["test"], 0)
    workers = prefect_server.post("/work_pools/agent-example/workers/filter")
    assert {worker["name"]: worker["status"] for worker in workers} == {"agent-example": "ONLINE"}
    assert KEY not in json.dumps([said, service, applied])
