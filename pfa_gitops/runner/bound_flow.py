"""Binds a flow to a work pool of type `anyscale`: calling it runs it there as an Anyscale job.

All of it is Prefect's own; only the worker class is ours. The pool needs storage for the bundles of code that Prefect
makes: `prefect work-pool storage configure`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from prefect.flows import Flow, InfrastructureBoundFlow, bind_flow_to_infrastructure

from pfa_gitops.runner.worker import AnyscaleWorker

P = ParamSpec("P")
R = TypeVar("R")


def anyscale_job(
    work_pool: str,
    *,
    launcher: Any = None,
    include_files: Sequence[str] | None = None,
    include_files_base_dir: Path | str | None = None,
    **job_variables: Any,
) -> Callable[[Flow[P, R]], InfrastructureBoundFlow[P, R]]:
    """Decorate a flow: `@anyscale_job(work_pool="anyscale", compute_config="gpu")` above `@flow`.

    `job_variables` are those of the pool: the fields of an infra block, or `infra` with a reference to one. The other
    arguments are those of Prefect's `bind_flow_to_infrastructure`. The flow is then called like a function: the call
    submits the job, waits for the run and returns its result.
    """

    def bind(flow: Flow[P, R]) -> InfrastructureBoundFlow[P, R]:
        return bind_flow_to_infrastructure(
            flow,
            work_pool,
            AnyscaleWorker,
            job_variables,
            launcher,
            include_files,
            include_files_base_dir=include_files_base_dir,
        )

    return bind
