"""A credential is rotated while an agent runs: the agent finds the new one by itself, with no deploy.

Real parts: a Prefect server that asks for a login, moto's server as AWS Secrets Manager behind the real boto3, and the
agent as a Serve application.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import prefect_server as servers
from support.agent import agents_answer, deploy_agent
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.aws import SecretsManager, run_secrets_manager
from support.prefect_server import PrefectServer, run_prefect_server
from support.prefect_worker import Workplace

pytestmark = pytest.mark.slow  # minutes

FORMER, NEW = "runner:the-former-password", "runner:the-new-password"
REFERENCE = {"from_aws_secret": {"id": "prefect-login", "region": "us-west-2"}}


@pytest.fixture
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyscaleEmulator]:
    running = AnyscaleEmulator(tmp_path_factory.mktemp("rotation") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def aws() -> Iterator[SecretsManager]:
    with run_secrets_manager() as running:
        yield running


class Prefect:
    """A Prefect server that comes back at the same address with another login."""

    def __init__(self, home: Path, template: Path, patch: pytest.MonkeyPatch) -> None:
        port = servers._free_port()
        patch.setattr(servers, "_free_port", lambda: port)
        self.home, self.template = home, template

    def asking_for(self, login: str):
        template = None if (self.home / "prefect.db").exists() else self.template  # it would take the database's place
        return run_prefect_server(self.home, template, {"PREFECT_SERVER_API_AUTH_STRING": login})


def logged_in(server: PrefectServer, login: str) -> PrefectServer:
    server.headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    return server


def test_a_rotated_login_is_found_without_a_deploy_and_is_no_crash(
    emulator, aws, tmp_path, prefect_template, monkeypatch
):
    aws.put("prefect-login", FORMER)
    prefect = Prefect(tmp_path / "prefect", prefect_template, monkeypatch)
    with prefect.asking_for(FORMER) as server:
        place = Workplace(logged_in(server, FORMER), emulator, tmp_path, "rotation-pool")
        arguments = {"prefect": {"api_url": server.url, "auth_string": REFERENCE}}
        service = deploy_agent(place, "rotating", arguments, aws.environment)
        first = eventually(lambda: ready(emulator, service), timeout_s=240)

    with prefect.asking_for(NEW) as server:  # the store is behind: it still has the former login
        refused = eventually(lambda: (now := agents_answer(emulator, service)).get("excused", 0) > 1 and now)
        assert refused["problem"] == "Prefect refuses the worker's credentials (401)"
        aws.put("prefect-login", NEW)
        second = eventually(lambda: (now := polling(emulator, service, refused)) and now)
        place.server = logged_in(server, NEW)
        assert second["restarts"] >= refused["restarts"] > first["restarts"], "one replica lived through it"
        shown = json.dumps([second, refused, emulator.service(service)])
        assert FORMER not in shown
        assert NEW not in shown
        assert eventually(lambda: state(emulator, service) == "RUNNING")


def ready(emulator: AnyscaleEmulator, service: str) -> dict[str, Any] | None:
    said = agents_answer(emulator, service)
    return said if said.get("ready") else None


def polling(emulator: AnyscaleEmulator, service: str, before: dict[str, Any]) -> dict[str, Any] | None:
    """What the agent says once a worker polls again; the former one's last poll is in `before`."""
    said = agents_answer(emulator, service)
    return said if said.get("pid") and said["last_poll"] > before["last_poll"] else None


def state(emulator: AnyscaleEmulator, service: str) -> str:
    return str(emulator.service(service)["current_state"])
