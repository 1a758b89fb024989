"""The agent as an Anyscale service: a Ray Serve application whose one replica keeps a Prefect worker running.

The service is as healthy as its worker. Its replica has started once the worker polls, so that a rollout ends the
former version only then; and the health check fails when the worker cannot be kept alive or stopped polling, whereupon
Serve replaces the replica. The only module that imports Ray Serve. Nothing imports it but Serve.
"""

import logging
import os
from importlib.metadata import version
from typing import Any

from ray import serve
from ray.serve import Application

from pfa_gitops.runner.agent_arguments import AgentArguments
from pfa_gitops.runner.kept_worker import SHUTDOWN_SECONDS, KeptWorker

_log = logging.getLogger("ray.serve")


@serve.deployment(
    num_replicas=1, health_check_period_s=5, health_check_timeout_s=10, graceful_shutdown_timeout_s=SHUTDOWN_SECONDS
)
class Agent:
    """One worker for one work pool."""

    async def __init__(self, arguments: dict[str, Any]) -> None:  # type: ignore[misc]  # Serve awaits it
        """Return when the worker polls. Raises WorkerDown when it never does."""
        self._arguments = AgentArguments.model_validate(arguments)
        self._worker = KeptWorker(self._arguments, os.environ, _log.info)
        await self._worker.start()

    async def __call__(self, _request: object) -> dict[str, Any]:
        """Tell how the worker is. Shows no secret: the arguments hold references, and those are left out too."""
        told = self._arguments
        return {
            "work_pool": told.work_pool,
            "work_queues": told.work_queues,
            "worker": told.worker.name,
            "development": told.development,
            "version": version("pfa-gitops"),
            **self._worker.told(),
        }

    def check_health(self) -> None:
        """Serve calls this every few seconds. Raises when the worker cannot be kept alive, or does not poll."""
        self._worker.check()

    def __del__(self) -> None:
        """Serve calls this when the replica is to end, also while it starts."""
        if worker := getattr(self, "_worker", None):
            worker.stop()


def app(args: dict[str, Any]) -> Application:
    """Build the application. `args` are those of AgentArguments, as JSON."""
    AgentArguments.model_validate(args)
    return Agent.bind(args)  # type: ignore[attr-defined]  # Ray's decorator is untyped
