"""What a JobSchedule's manifest may say. Pure.

The names are those of the SDK's ScheduleConfig and JobConfig (0.26.112). What is left out on purpose stands in
docs/reference/left-out-anyscale.md.
"""

from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.secrets import EnvValue
from pfa_gitops.model.values import NamedSpec, Spec
from pfa_gitops.platforms.anyscale._workload_spec import ComputeConfigName, WorkloadFields

HIGHEST_PRIORITY = 1000


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


class JobQueue(Spec):
    """A job queue, which the first job that names it makes."""

    idle_timeout_s: int = Field(ge=0)
    """How long the queue's cluster is kept while no job runs, in seconds."""
    name: str | None = Field(default=None, min_length=1)
    """The queue's name, unique in the project."""
    execution_mode: Literal["FIFO", "LIFO", "PRIORITY"] = "FIFO"
    """The order in which jobs run."""
    compute_config: ComputeConfigName | None = None
    """The compute config of the queue's cluster."""
    max_concurrency: int = Field(default=1, ge=1)
    """How many jobs run at once."""
    auto_termination_threshold_job_count: int | None = Field(default=None, ge=1)
    """After how many jobs the cluster is replaced."""


class JobQueueConfig(Spec):
    """The job queue that the jobs go through."""

    priority: int | None = Field(default=None, ge=0)
    """The job's priority in a queue of mode PRIORITY."""
    target_job_queue_name: str | None = Field(default=None, min_length=1)
    """A queue that exists. Not together with `job_queue_spec`."""
    job_queue_spec: JobQueue | None = None
    """A queue that is made when it does not exist."""

    @model_validator(mode="after")
    def _one_queue(self) -> "JobQueueConfig":
        if (self.target_job_queue_name is None) == (self.job_queue_spec is None):
            raise ValueError("give one of target_job_queue_name and job_queue_spec")
        return self


class JobFields(WorkloadFields):
    """The job that is started."""

    entrypoint: str = Field(min_length=1)
    """The command. With references to secrets in `env_vars` it runs below pfa-gitops, which the image must have."""
    env_vars: Annotated[
        dict[str, EnvValue], BeforeValidator(_or_empty, json_schema_input_type=dict[str, EnvValue] | None)
    ] = Field(default_factory=dict)
    """Environment variables: text, or references to secrets, which the job fetches when it starts."""
    max_retries: int = Field(default=1, ge=0)
    """How often Anyscale runs a failed job again."""
    timeout_s: int | None = Field(default=None, ge=0)
    """How long one run of the job may take, in seconds."""
    priority: int | None = Field(default=None, ge=0, le=HIGHEST_PRIORITY)
    """Scheduling priority, 0 to 1000."""
    job_queue_config: JobQueueConfig | None = None
    """The job queue that the jobs go through."""


class JobScheduleSpec(NamedSpec):
    """An Anyscale schedule: a job that a cron expression starts."""

    cron_expression: str = Field(min_length=1)
    """When, e.g. `0 3 * * *`."""
    timezone: str = "UTC"
    """The IANA name of the time zone, e.g. `Europe/Berlin`."""
    enabled: bool = True
    """Whether it starts jobs."""
    job_config: JobFields
    """The job that is started."""

    @field_validator("timezone", mode="before")
    @classmethod
    def _null_is_utc(cls, value: Any) -> Any:
        return "UTC" if value is None else value

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        """The SDK's `local` would mean something else on every machine."""
        zones = {zone for zone in available_timezones() if "/" in zone or zone.isupper()}
        if value not in available_timezones():
            guess = did_you_mean(value, zones, "write its IANA name, e.g. Europe/Berlin")
            raise ValueError(f"there is no such time zone; {guess}")
        return value

    @field_validator("cron_expression")
    @classmethod
    def _one_space(cls, value: str) -> str:
        return " ".join(value.split())
