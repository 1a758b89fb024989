"""What an agent's manifest tells its service and the service reads: written by `apply`, read by the runner. Pure."""

from pydantic import Field

from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.model.values import Spec

SECRET_ENV = "PFA_GITOPS_SECRET_ENV"  # noqa: S105 - a variable's name
"""The variable of a service or job that holds its references to secrets: JSON, variable name to reference."""


class PrefectConnection(Spec):
    """How the worker reaches Prefect. Credentials are references, which the service resolves when it starts."""

    api_url: str = Field(min_length=1)
    """The API's URL as the service sees it, e.g. https://api.prefect.cloud/api/accounts/…/workspaces/…."""
    api_key: SecretRef | None = None
    """Where the service and its jobs find the API key, e.g.
    `{from_aws_secret: {id: prefect-api-key, region: us-west-2}}`. With `{from_env: NAME}` both the service's and the
    jobs' environment must have NAME. It cannot come from a Prefect block."""
    auth_string: SecretRef | None = None
    """Where the service and its jobs find the `user:password` of a self-hosted server. The same holds for it."""


class WorkerOptions(Spec):
    """Options of `prefect worker start`."""

    limit: int | None = Field(default=None, ge=1)
    """How many flow runs this worker runs at the same time, each from its submission to its job's end."""
    name: str | None = Field(default=None, min_length=1)
    """The worker's name in Prefect. Default: the service's name."""
    prefetch_seconds: int | None = Field(default=None, ge=0)
    """How long before its time a run is fetched, in seconds. Prefect's default is 10."""
