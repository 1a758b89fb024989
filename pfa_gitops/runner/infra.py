"""How a flow run becomes a job: the fields of the two infra blocks, and how overrides go over a block. Pure.

The fields are those of the Anyscale SDK's JobConfig (0.26.112) and of Ray's job API. A run's job gets its name and its
entrypoint from the runner; only a job that is triggered from a flow has those of its block.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pfa_gitops.model.secrets import is_secret_ref

ANYSCALE_JOB: Literal["anyscale-job"] = "anyscale-job"
RAY_JOB: Literal["ray-job"] = "ray-job"

EnvValue = str | dict[str, Any]


class _Shared(BaseModel):
    """What both kinds of job take."""

    model_config = ConfigDict(extra="ignore")

    type: str = Field(description="The kind of infrastructure.")
    env: dict[str, EnvValue] = Field(
        default_factory=dict,
        title="Environment Variables",
        description=(
            "The job's environment variables: texts, or references to secrets such as "
            '{"from_aws_secret": {"id": "db-password", "region": "us-west-2"}}, which the job fetches when it starts.'
        ),
    )
    working_dir: str | None = Field(
        default=None,
        description="A directory on the worker, which is uploaded, or a URI such as s3://… or local:///app.",
    )
    excludes: list[str] | None = Field(
        default=None, description="Globs of files that are not uploaded with the working directory."
    )
    requirements: str | list[str] | None = Field(
        default=None, description="Pip requirements, or the path of a requirements file on the worker."
    )
    py_modules: list[str] | None = Field(
        default=None, description="Directories on the worker, or URIs, that are added to the job's Python path."
    )
    py_executable: str | None = Field(
        default=None, description="The command that starts the Ray workers' Python; may include arguments."
    )
    tags: dict[str, str] = Field(default_factory=dict, description="Tags on the job, besides the runner's own.")


class AnyscaleJobInfra(_Shared):
    """An Anyscale job."""

    type: Literal["anyscale-job"] = Field(default=ANYSCALE_JOB, description="The kind of infrastructure.")
    name: str | None = Field(
        default=None,
        description="The beginning of a triggered job's name. Default: the flow run's name. A run's job has its own.",
    )
    entrypoint: str | None = Field(
        default=None, description="The command of a triggered job. A run's job executes the run and ignores it."
    )
    image_uri: str | None = Field(
        default=None,
        description="The image: a registry's URI, or anyscale/image/NAME:VERSION. Wins over cluster_env.",
    )
    cluster_env: str | None = Field(
        default=None,
        description="An image registered with Anyscale, as NAME (its latest version) or NAME:VERSION.",
    )
    containerfile: str | None = Field(
        default=None, description="The path of a containerfile on the worker, which Anyscale builds before the job."
    )
    ray_version: str | None = Field(default=None, description="The image's Ray version, X.Y.Z.")
    registry_login_secret: str | None = Field(
        default=None, description="The name of the secret with the login for the image's registry."
    )
    compute_config: str | dict[str, Any] | None = Field(
        default=None, description="A compute config's NAME or NAME:VERSION, or a compute config written out."
    )
    cloud: str | None = Field(default=None, description="The Anyscale cloud. Default: the organisation's default.")
    project: str | None = Field(default=None, description="The Anyscale project. Default: the cloud's default.")
    max_retries: int | None = Field(
        default=None,
        description="How often Anyscale runs a failed job again. Default 0: retries are Prefect's business.",
    )
    timeout_s: int | None = Field(default=None, description="How long one run of the job may take, in seconds.")
    job_start_timeout_s: int | None = Field(
        default=None,
        ge=0,
        description=(
            "How long the job may wait for its cluster, in seconds, before its run is crashed and the job ended; "
            "0: for ever. Default 3600; for ever in a job queue."
        ),
    )
    priority: int | None = Field(default=None, description="Scheduling priority, 0 to 1000.")
    job_queue_config: dict[str, Any] | None = Field(
        default=None, description="The Anyscale job queue: priority, target_job_queue_name or job_queue_spec."
    )
    connections: list[dict[str, Any]] | None = Field(
        default=None, description="Third-party connections, each with type and name."
    )


class RayJobInfra(_Shared):
    """A job on the Ray cluster of the node that the worker runs on."""

    type: Literal["ray-job"] = Field(default=RAY_JOB, description="The kind of infrastructure.")
    address: str | None = Field(
        default=None,
        description="The address of Ray's dashboard, http://HOST:8265. Default: the cluster of the worker's own node.",
    )
    entrypoint_num_cpus: float | None = Field(default=None, description="CPUs reserved for the flow's own process.")
    entrypoint_num_gpus: float | None = Field(default=None, description="GPUs reserved for the flow's own process.")
    entrypoint_memory: int | None = Field(default=None, description="Bytes reserved for the flow's own process.")
    entrypoint_resources: dict[str, float] | None = Field(
        default=None, description="Custom resources reserved for the flow's own process."
    )


Infra = AnyscaleJobInfra | RayJobInfra
_BY_TYPE: Mapping[str, type[AnyscaleJobInfra] | type[RayJobInfra]] = {
    ANYSCALE_JOB: AnyscaleJobInfra,
    RAY_JOB: RayJobInfra,
}
_MERGED = ("env", "tags")

FIELDS = {name: info for model in (RayJobInfra, AnyscaleJobInfra) for name, info in model.model_fields.items()}
# A block says what it is; an override cannot. And of a run's job the runner decides name and entrypoint.
for _own in ("type", "name", "entrypoint"):
    del FIELDS[_own]


def merged(block: Any, overrides: Mapping[str, Any]) -> Infra:
    """Return a block's fields with single fields overridden. None overrides nothing; env and tags merge key by key.

    A value of env or tags becomes text, and null takes it out, as with Prefect's own workers. Raises ValueError, which
    quotes no value: any may be a secret.
    """
    if not isinstance(block, Mapping):
        raise ValueError("`infra` must be a block: {{ prefect.blocks.anyscale-job.NAME }}")
    kind = str(block.get("type") or block.get("block_type_slug") or ANYSCALE_JOB)
    if kind not in _BY_TYPE:
        raise ValueError(f"`infra` is a block of type {kind}; it must be one of {', '.join(_BY_TYPE)}")
    values = {name: value for name, value in block.items() if value is not None and name != "type"}
    for name, value in overrides.items():
        if name in FIELDS and value is not None:
            both = name in _MERGED and isinstance(value, Mapping)
            values[name] = {**values.get(name, {}), **value} if both else value
    values |= {name: _texts(values[name]) for name in _MERGED if isinstance(values.get(name), Mapping)}
    try:
        return _BY_TYPE[kind].model_validate({**values, "type": kind})
    except ValidationError as error:
        raise ValueError("; ".join(_said(problem["loc"], problem["msg"]) for problem in error.errors())) from None


def _texts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if is_secret_ref(value) else str(value) for name, value in values.items() if value is not None}


def _said(place: tuple[int | str, ...], message: str) -> str:
    return f"`{'.'.join(str(part) for part in place)}`: {message}"
