"""The fields of an infra block: how a flow run becomes a job. Used by InfraBlock, and by a Deployment's overrides.

They are those of the runner's block classes, but for `type`; a test compares the names. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pfa_gitops.model.references import RefTo
from pfa_gitops.model.secrets import EnvValue
from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.compute_shapes import ComputeShape
from pfa_gitops.platforms.prefect._placeholders import PLACEHOLDERS, Placeholder, Text

ComputeConfigName = Annotated[
    str, Field(min_length=1), RefTo("ComputeConfig", pattern=r"(?P<name>[^:{}]+)(:(?P<item>\d+))?"), *PLACEHOLDERS
]
"""`name`, or `name:version`."""
ImageName = Annotated[
    str,
    Field(min_length=1),
    RefTo("Image", r"anyscale/image/(?P<name>[^:/{}]+)(:(?P<item>\d+))?", optional=True),
    *PLACEHOLDERS,
]
ClusterEnvName = Annotated[
    str,
    Field(min_length=1),
    RefTo("Image", r"(?P<name>[^:/{}]+)(:(?P<item>\d+))?", optional=True, yields_to="image_uri"),
    *PLACEHOLDERS,
]
Whole = Annotated[int, Field(ge=0)] | Placeholder
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)] | Placeholder

IMAGES = ("image_uri", "cluster_env", "containerfile")
HIGHEST_PRIORITY = 1000


def only_one(data: Any, names: Sequence[str]) -> Any:
    """To name one of these fields says that there is no other: what had another before loses it."""
    given = [name for name in names if isinstance(data, Mapping) and data.get(name) is not None]
    return {**dict.fromkeys(names), **data} if len(given) == 1 else data


class JobQueueSpec(Spec):
    """An Anyscale job queue, made by the first job that names it."""

    idle_timeout_s: int = Field(ge=0)
    """How long the queue's cluster is kept while no job runs, in seconds."""
    name: str | None = None
    """The queue's name, unique in the project."""
    execution_mode: Literal["FIFO", "LIFO", "PRIORITY"] = "FIFO"
    """The order in which jobs run."""
    compute_config: ComputeConfigName | None = None
    """The compute config of the queue's cluster."""
    max_concurrency: int = Field(default=1, ge=1)
    """How many jobs run at once."""
    auto_termination_threshold_job_count: int | None = Field(default=None, ge=1)
    """After how many jobs the cluster is replaced."""


class JobQueueConfigSpec(Spec):
    """The Anyscale job queue that a job goes through."""

    priority: int | None = Field(default=None, ge=0)
    """The job's priority in a queue of mode PRIORITY."""
    target_job_queue_name: str | None = None
    """A queue that exists. Not together with `job_queue_spec`."""
    job_queue_spec: JobQueueSpec | None = None
    """A queue that is made when it does not exist."""

    @model_validator(mode="before")
    @classmethod
    def _only_one_queue(cls, data: Any) -> Any:
        return only_one(data, ("target_job_queue_name", "job_queue_spec"))

    @model_validator(mode="after")
    def _one_queue(self) -> "JobQueueConfigSpec":
        if self.target_job_queue_name is not None and self.job_queue_spec is not None:
            raise ValueError("give target_job_queue_name or job_queue_spec, not both")
        return self


class ConnectionSpec(Spec):
    """A third-party connection of an Anyscale job."""

    type: str
    """The connection's type."""
    name: str
    """The connection's name."""


class SharedInfraFields(Spec):
    """What every type of infra block takes."""

    env: dict[str, Annotated[EnvValue, *PLACEHOLDERS]] = Field(default_factory=dict)
    """The job's environment variables: text, or references to secrets, which the job fetches when it starts."""
    working_dir: Text | None = Field(default=None, examples=[".", "s3://bucket/code.zip", "local:///app"])
    """A directory on the worker, which is uploaded, or a URI."""
    excludes: list[str] | None = None
    """Globs of files that are not uploaded with the working directory."""
    requirements: Text | list[Text] | None = None
    """Pip requirements, or the path of a requirements file on the worker."""
    py_modules: list[Text] | None = None
    """Directories on the worker, or URIs, that are added to the job's Python path."""
    py_executable: Text | None = None
    """The command that starts the Ray workers' Python; may include arguments."""
    tags: dict[str, Text] = Field(default_factory=dict)
    """Tags on the job, besides the runner's own."""


class AnyscaleInfraFields(SharedInfraFields):
    """What an `anyscale-job` takes."""

    image_uri: ImageName | None = Field(
        default=None, examples=["anyscale/image/team-image:3", "anyscale/ray:2.44.1-slim-py311"]
    )
    """The image: a registry's URI, or anyscale/image/NAME:VERSION."""
    cluster_env: ClusterEnvName | None = None
    """An image registered with Anyscale, as NAME (its latest version) or NAME:VERSION."""
    containerfile: Text | None = None
    """The path of a containerfile on the worker, which Anyscale builds before the job."""
    ray_version: Text | None = Field(default=None, examples=["2.44.1"])
    """The image's Ray version, X.Y.Z."""
    registry_login_secret: Text | None = None
    """The name of the secret with the login for the image's registry."""
    compute_config: ComputeConfigName | ComputeShape | None = None
    """A compute config's NAME or NAME:VERSION, or a compute config written out."""
    cloud: Text | None = None
    """The Anyscale cloud. Default: the organisation's default."""
    project: Text | None = None
    """The Anyscale project. Default: the cloud's default."""
    max_retries: Whole | None = None
    """How often Anyscale runs a failed job again. Default 0: retries are Prefect's business."""
    timeout_s: Whole | None = None
    """How long one run of the job may take, in seconds."""
    job_start_timeout_s: Whole | None = None
    """How long the job may wait for its cluster, in seconds, before its run is crashed and the job ended; 0: for ever.
    Default 3600; for ever in a job queue."""
    priority: Annotated[int, Field(ge=0, le=HIGHEST_PRIORITY)] | Placeholder | None = None
    """Scheduling priority, 0 to 1000."""
    job_queue_config: JobQueueConfigSpec | None = None
    """The Anyscale job queue that the job goes through."""
    connections: list[ConnectionSpec] | None = None
    """Third-party connections, each with type and name."""


class RayInfraFields(SharedInfraFields):
    """What a `ray-job` takes."""

    address: Text | None = Field(default=None, examples=["http://127.0.0.1:8265"])
    """The address of Ray's dashboard. Default: the cluster of the worker's own node."""
    entrypoint_num_cpus: Amount | None = None
    """CPUs reserved for the flow's own process."""
    entrypoint_num_gpus: Amount | None = None
    """GPUs reserved for the flow's own process."""
    entrypoint_memory: Whole | None = None
    """Bytes reserved for the flow's own process."""
    entrypoint_resources: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = None
    """Custom resources reserved for the flow's own process."""


class TriggeredJobFields(Spec):
    """What only an `anyscale-job` takes that a flow triggers. A run's job has a name and a command of its own."""

    job_name: Text | None = Field(default=None, examples=["train"])
    """What the name of a triggered job begins with. Default: the flow run's name."""
    entrypoint: Text | None = Field(default=None, examples=["python train.py"])
    """The command of a triggered job. A run's job ignores it."""


class InfraFields(AnyscaleInfraFields, RayInfraFields):
    """Single fields of an infra block of either type. All are optional; at most one names the image."""

    @model_validator(mode="after")
    def _one_image(self) -> "InfraFields":
        given = [name for name in IMAGES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(IMAGES)}, not {' and '.join(given)}")
        return self
