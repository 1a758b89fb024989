"""What an Agent's manifest may say. Pure.

The names are those of the SDK's ServiceConfig (0.26.112), but for what makes the service an agent. What is left out on
purpose stands in docs/reference/left-out-anyscale.md.
"""

from typing import Annotated

from pydantic import Field

from pfa_gitops.model.references import ItemOf, RefTo
from pfa_gitops.model.secrets import EnvValue
from pfa_gitops.platforms.anyscale._agent_arguments import PrefectConnection, WorkerOptions
from pfa_gitops.platforms.anyscale._service_spec import ServiceFields

QueueName = Annotated[str, Field(min_length=1), ItemOf("work_pool", "queues", frozenset({"default"}), "WorkQueue")]


class AgentSpec(ServiceFields):
    """An Anyscale service that runs a Prefect worker for a work pool."""

    work_pool: Annotated[str, RefTo("WorkPool", serves=True)] = Field(min_length=1)
    """The work pool whose runs become Anyscale jobs."""
    work_queues: list[QueueName] = Field(default_factory=list)
    """The pool's queues that the worker takes runs from. None: all of them."""
    prefect: PrefectConnection
    """How the worker reaches Prefect."""
    worker: WorkerOptions = Field(default_factory=WorkerOptions)
    """Options of the worker."""
    env: dict[str, EnvValue] = Field(default_factory=dict)
    """Environment variables. A reference to a secret is resolved by the service when it starts."""
    development: bool = False
    """Whether the service installs the package that lies in `working_dir`, a checkout of pfa-gitops or of a fork, when
    it starts: its worker and the worker's jobs run that one, and no image is built. Not for production."""
