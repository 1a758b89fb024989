"""What an agent service is told, and what that makes of its worker: the command and the environment."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.anyscale._agent_arguments import PrefectConnection, WorkerOptions
from pfa_gitops.platforms.secret_stores import SecretStores
from pfa_gitops.runner.execute import fetch_into, references_in
from pfa_gitops.runner.job_environment import source_variable


class Place(Spec):
    """Where jobs go that name no cloud or project themselves."""

    cloud: str | None = None
    project: str | None = None


class AgentArguments(Spec):
    """The arguments of the Serve application `pfa_gitops.runner.agent_service:app`."""

    work_pool: str
    work_queues: list[str] = Field(default_factory=list)
    worker: WorkerOptions = Field(default_factory=WorkerOptions)
    prefect: PrefectConnection
    anyscale: Place = Field(default_factory=Place)
    development: bool = False
    """Whether the worker and its jobs run the package in the service's working directory."""

    def command(self) -> list[str]:
        """The worker's command."""
        options = {
            "--name": self.worker.name,
            "--limit": self.worker.limit,
            "--prefetch-seconds": self.worker.prefetch_seconds,
        }
        return [
            *(sys.executable, "-m", "prefect", "worker", "start", "--pool", self.work_pool, "--type", "anyscale"),
            "--no-create-pool-if-not-found",
            *(part for queue in self.work_queues for part in ("--work-queue", queue)),
            *(part for flag, value in options.items() if value is not None for part in (flag, str(value))),
        ]

    def environment(self, service: Mapping[str, str]) -> dict[str, str]:
        """The worker's environment: the service's, with all secrets fetched now. Raises SecretMissing."""
        environment = dict(service)
        environment["PREFECT_API_URL"] = self.prefect.api_url
        places = {"ANYSCALE_CLOUD": self.anyscale.cloud, "ANYSCALE_PROJECT": self.anyscale.project}
        environment |= {name: value for name, value in places.items() if value}
        asyncio.run(self._fetch_into(environment))
        return environment

    async def _fetch_into(self, environment: dict[str, str]) -> None:
        """Fetch the credentials, and say where jobs find theirs: the worker passes that on instead of the value."""
        credentials = self._credentials()
        for name, reference in (credentials | references_in(environment)).items():
            environment[source_variable(name)] = reference.model_dump_json(exclude_none=True)
        for name, reference in credentials.items():
            environment[name] = (await SecretStores(environment).fetch(reference)).reveal()
        await fetch_into(environment)

    def _credentials(self) -> dict[str, SecretRef]:
        pairs: dict[str, Any] = {
            "PREFECT_API_KEY": self.prefect.api_key,
            "PREFECT_API_AUTH_STRING": self.prefect.auth_string,
        }
        return {name: reference for name, reference in pairs.items() if reference is not None}
