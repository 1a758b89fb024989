"""The agent as an Anyscale service: a Ray Serve application whose one replica keeps a Prefect worker running.

The service is as healthy as its worker: when that cannot be kept alive, the health check fails and Serve replaces the
replica. The only module that imports Ray Serve. Nothing imports it but Serve.
"""

import dataclasses
import logging
import os
from typing import Any

from ray import serve
from ray.serve import Application

from pfa_gitops.runner.agent_arguments import AgentArguments
from pfa_gitops.runner.worker_process import WorkerProcess

_log = logging.getLogger("ray.serve")


@serve.deployment(num_replicas=1, health_check_period_s=5, health_check_timeout_s=10, graceful_shutdown_timeout_s=20)
class Agent:
    """One worker for one work pool."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._arguments = AgentArguments.model_validate(arguments)
        self._worker = WorkerProcess(
            self._arguments.command(), lambda: self._arguments.environment(os.environ), _log.info
        )
        self._worker.start()

    async def __call__(self, _request: object) -> dict[str, Any]:
        """Tell how the worker is. Shows no secret: the arguments hold references, and those are left out too."""
        told = self._arguments
        return {
            "work_pool": told.work_pool,
            "work_queues": told.work_queues,
            "worker": told.worker.name,
            **dataclasses.asdict(self._worker.status()),
        }

    def check_health(self) -> None:
        """Serve calls this every few seconds. Raises when the worker cannot be kept alive."""
        self._worker.check()

    def __del__(self) -> None:
        """Serve calls this when the replica is to end."""
        if worker := getattr(self, "_worker", None):
            worker.stop()


def app(args: dict[str, Any]) -> Application:
    """Build the application. `args` are those of AgentArguments, as JSON."""
    AgentArguments.model_validate(args)
    return Agent.bind(args)  # type: ignore[attr-defined]  # Ray's decorator is untyped
