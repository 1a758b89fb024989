"""What the worker of type `anyscale` is configured with, per pool, deployment and run. Reads the environment only.

The pool's template has a variable `infra`, which refers to a block, and one variable for each of its fields. The
block's values are read when the run is picked up; a field that is set in the pool, the deployment or the run wins.
"""

import os
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from prefect.client.utilities import inject_client
from prefect.exceptions import InfrastructureError
from prefect.workers.base import BaseJobConfiguration
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from pfa_gitops.runner.development import with_code
from pfa_gitops.runner.infra import FIELDS, Infra, merged
from pfa_gitops.runner.job_environment import job_environment
from pfa_gitops.runner.prefect_away import patiently
from pfa_gitops.runner.secret_placeholders import refuse_secrets

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import Flow, FlowRun, WorkPool
    from prefect.client.schemas.responses import DeploymentResponse

# A variable is of any type, because the server checks job variables before a placeholder is replaced; and its default
# is null, because any other default would look like an override.
Variables: type[BaseModel] = create_model(
    "Variables",
    __doc__="The variables of the pool's template.",
    infra=(
        Any,
        Field(
            default=None,
            description="A reference to a block of type anyscale-job or ray-job, or its fields.",
        ),
    ),
    command=(
        str | None,
        Field(default=None, description="The job's command. Default: prefect flow-run execute."),
    ),
    **{  # type: ignore[call-overload]  # the fields are computed
        name: (Any, Field(default=None, title=info.title, description=info.description))
        for name, info in FIELDS.items()
    },
)


class AnyscaleConfiguration(BaseJobConfiguration):
    """One run's configuration: the infra block with the overrides applied, and the job's environment."""

    model_config = ConfigDict(hide_input_in_errors=True)  # a run's state tells the error, and an input may be secret

    infra: Infra = Field(description="The infra block, with single fields overridden.")
    env: dict[str, Any] = Field(default_factory=dict, description="The job's environment; secrets are references.")

    @model_validator(mode="before")
    @classmethod
    def _override(cls, values: dict[str, Any]) -> dict[str, Any]:
        if isinstance(values.get("infra"), BaseModel):
            return values
        infra = merged(values.get("infra") or {}, values)
        kept = {name: value for name, value in values.items() if name not in FIELDS}
        # A null also takes out what the worker would hand on, so it stays until `prepare_for_flow_run`.
        unset = dict.fromkeys(name for name, value in (values.get("env") or {}).items() if value is None)
        return {**kept, "infra": infra, "env": {**unset, **infra.env}}

    @field_validator("env", mode="before")
    @classmethod
    def _coerce_env(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Keep the references, which the base class would turn into text; `merged` has made texts of the rest."""
        return value

    @classmethod
    def json_template(cls) -> dict[str, Any]:
        """The pool's `job_configuration`: each variable by its own name."""
        return {name: f"{{{{ {name} }}}}" for name in Variables.model_fields}

    @classmethod
    async def resolve_for_flow_run(cls, flow_run: "FlowRun", **known: Any) -> Self:
        """Wait for a Prefect that is away: the base class would crash the run.

        Each try gets the run anew, as the base class takes `env` out of its job variables.
        """
        resolve = super().resolve_for_flow_run
        try:
            return await patiently(lambda: resolve(flow_run.model_copy(deep=True), **known))
        except ValidationError as error:
            said = "; ".join(problem["msg"].removeprefix("Value error, ") for problem in error.errors())
            raise InfrastructureError(f"The block or its overrides are wrong: {said}") from None

    @classmethod
    @inject_client
    async def from_template_and_values(
        cls, base_job_template: dict[str, Any], values: dict[str, Any], client: "PrefectClient | None" = None
    ) -> Self:
        """Refuse a secret that Prefect would fill in: it would be seen in the job's environment, tags or entrypoint."""
        assert client is not None  # noqa: S101 - for mypy: the decorator gives one
        await refuse_secrets(client, base_job_template, values)
        made: Self = await super().from_template_and_values(base_job_template, values, client=client)
        return made

    def prepare_for_flow_run(  # noqa: PLR0917 - Prefect passes these and no fewer
        self,
        flow_run: "FlowRun",
        deployment: "DeploymentResponse | None" = None,
        flow: "Flow | None" = None,
        work_pool: "WorkPool | None" = None,
        worker_name: str | None = None,
        worker_id: UUID | None = None,
    ) -> None:
        """Add what Prefect gives a job, and take out what is the worker's own or a secret in clear."""
        own = dict(self.env)
        super().prepare_for_flow_run(flow_run, deployment, flow, work_pool, worker_name, worker_id)
        self.env = job_environment(own, self.env)
        self.infra = with_code(self.infra, os.environ)
