"""Deploys agents as `apply` does, but for the plan, and reads what they say."""

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.anyscale_emulator import TOKEN, AnyscaleEmulator
from support.prefect_worker import Workplace

from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

QUICK = {
    "PREFECT_WORKER_QUERY_SECONDS": "0.5",
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
    "PFA_GITOPS_JOB_POLL_SECONDS": "1",
    "DO_NOT_TRACK": "1",
}


def deploy_agent(
    place: Workplace,
    name: str,
    arguments: Mapping[str, Any] | None = None,
    variables: Mapping[str, str] | None = None,
    **more: Any,
) -> str:
    """Deploy an agent for the workplace's pool, or a new version of it; the service's id.

    `arguments` are those of its application, `variables` its environment, `more` are fields of the ServiceConfig.
    """
    told = {"work_pool": place.pool, "worker": {"name": name}, "prefect": {"api_url": place.server.url}}
    application = {
        "name": "agent",
        "import_path": "pfa_gitops.runner.agent_service:app",
        "args": {**told, **(arguments or {})},
    }
    environment = {**QUICK, "PREFECT_HOME": str(place.folder / "home"), **(variables or {})}

    def deploy(connection: Any) -> str:
        from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - five seconds that collecting need not take

        config = ServiceConfig(name=name, applications=[application], env_vars=environment, **more)
        return str(connection.service.deploy(config))

    return _sent(place.emulator, deploy)


def end_agent(emulator: AnyscaleEmulator, name: str) -> None:
    _sent(emulator, lambda connection: connection.service.terminate(name=name))


def _sent(emulator: AnyscaleEmulator, what: Any) -> Any:
    sdk = Sdk(AnyscaleTarget(emulator.url, Sealed(TOKEN)))
    return asyncio.run(sdk.call(what, write=True))


def agents_answer(emulator: AnyscaleEmulator, service_id: str) -> dict[str, Any]:
    """What the agent says of its worker; nothing while it does not answer."""
    port = emulator.service(service_id)["port"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as reply:
            return dict(json.loads(reply.read()))
    except (OSError, ValueError):
        return {}


def agents_log(emulator: AnyscaleEmulator, version_id: str) -> str:
    """What a version and its worker have printed, Ray's own files included."""
    folder = emulator.data_dir / "services" / version_id
    ray = Path("/tmp", f"emu-{version_id[-8:]}")
    files = [folder / "output.log", *ray.glob("**/logs/serve/*.log")]
    return "\n".join(file.read_text(errors="replace") for file in files if file.is_file())
