"""What an Agent's manifest may say. Pure.

The names are those of the SDK's ServiceConfig (0.26.112), but for what makes the service an agent. What is left out on
purpose stands in docs/reference/left-out-anyscale.md.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pfa_gitops.model.references import ItemOf, RefTo
from pfa_gitops.model.secrets import EnvValue
from pfa_gitops.model.values import Action, NamedSpec, Spec
from pfa_gitops.platforms.anyscale._agent_arguments import PrefectConnection, WorkerOptions
from pfa_gitops.platforms.anyscale._image_names import ANYSCALES, RAY_VERSION
from pfa_gitops.platforms.compute_shapes import ComputeShape

WRITTEN = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE})
"""What makes a new version of what a bare name stands for."""


def _without(banned: frozenset[str]) -> AfterValidator:
    """Anyscale sets some options itself and refuses others."""

    def check(options: dict[str, Any] | None) -> dict[str, Any] | None:
        if found := sorted(banned & (options or {}).keys()):
            raise ValueError(f"Anyscale does not let a service set {', '.join(found)}")
        return options or None

    return AfterValidator(check)


def _or_none(value: Any) -> Any:
    """An empty list is not sent, and comes back as none."""
    return value or None


ComputeConfigName = Annotated[
    str,
    Field(min_length=1),
    RefTo("ComputeConfig", r"(?P<name>[^:]+)", rewritten_on=WRITTEN),
    RefTo("ComputeConfig", r"(?P<name>[^:]+):\d+"),
]
ImageName = Annotated[
    str,
    Field(min_length=1),
    RefTo("Image", r"anyscale/image/(?P<name>[^:]+)", optional=True, rewritten_on=WRITTEN),
    RefTo("Image", r"anyscale/image/(?P<name>[^:]+):\d+", optional=True),
]
ClusterEnvName = Annotated[
    str,
    Field(min_length=1),
    RefTo("Image", r"(?P<name>[^:]+)", optional=True, rewritten_on=WRITTEN),
    RefTo("Image", r"(?P<name>[^:]+):\d+", optional=True),
]
QueueName = Annotated[str, Field(min_length=1), ItemOf("work_pool", "queues", frozenset({"default"}), "WorkQueue")]


CERTIFICATE_PATH = "/etc/ssl/certs/ca-certificates.crt"
"""The SDK's default."""


def _or_default_path(value: Any) -> Any:
    return CERTIFICATE_PATH if value is None else value


def _refuse(value: Any) -> Any:
    raise ValueError("pfa-gitops fills it in: take it out")


FilledIn = Annotated[str | None, BeforeValidator(_refuse), Field(json_schema_extra={"readOnly": True})]


class ExternalStorage(Spec):
    """Storage for Ray's control store outside of the cluster, so that a service survives its head node."""

    enabled: bool = True
    """False: the other fields count for nothing."""
    address: str | None = Field(default=None, min_length=1)
    """The Redis address. Default: the cloud's."""
    certificate_path: Annotated[str, BeforeValidator(_or_default_path, json_schema_input_type=str | None)] = Field(
        default=CERTIFICATE_PATH, min_length=1
    )
    """Path of the TLS certificate."""


class Tracing(Spec):
    """Tracing of requests to the service. Experimental at Anyscale."""

    enabled: bool = True
    """False: the other fields count for nothing."""
    exporter_import_path: str | None = None
    """Import path of the function that returns the exporter. Default: Anyscale's, which writes to Serve's logs."""
    sampling_ratio: float = Field(default=1.0, ge=0, le=1)
    """How much of all traces is recorded."""


class AgentSpec(NamedSpec):
    """An Anyscale service that runs a Prefect worker for a work pool."""

    work_pool: Annotated[str, RefTo("WorkPool")] = Field(min_length=1)
    """The work pool whose runs become Anyscale jobs."""
    work_queues: list[QueueName] = Field(default_factory=list)
    """The pool's queues that the worker takes runs from. None: all of them."""
    prefect: PrefectConnection
    """How the worker reaches Prefect."""
    worker: WorkerOptions = Field(default_factory=WorkerOptions)
    """Options of the worker."""
    compute_config: ComputeConfigName | ComputeShape | None = None
    """The cluster: a ComputeConfig's name, with `:VERSION` to stay at a version, or a shape written out.
    Default: the cloud's default compute config."""
    image_uri: ImageName | None = None
    """The image: a URI in a registry, or `anyscale/image/NAME[:REVISION]`."""
    cluster_env: ClusterEnvName | None = None
    """The image by the older name: `NAME[:REVISION]`, the same as `anyscale/image/NAME[:REVISION]`."""
    containerfile: str | None = Field(default=None, min_length=1)
    """The path of a containerfile, relative to the project's directory; or its text, which has a line break."""
    ray_version: str | None = Field(default=None, pattern=RAY_VERSION)
    """The Ray version of the image in a registry, or of `containerfile`, where it counts only when that changes."""
    registry_login_secret: str | None = Field(default=None, min_length=1)
    """The name of the secret that holds the registry's login. Only with an `image_uri` in a registry."""
    env: dict[str, EnvValue] = Field(default_factory=dict)
    """Environment variables. A reference to a secret is resolved by the service when it starts."""
    requirements: Annotated[list[str] | str | None, AfterValidator(_or_none)] = None
    """Packages that pip installs, or the path of a requirements file, relative to the project's directory."""
    working_dir: str | None = Field(default=None, min_length=1)
    """A directory, relative to the project's directory, that is uploaded; or a URI such as s3://… or local:///app."""
    development: bool = False
    """Whether the service installs the package that lies in `working_dir`, a checkout of pfa-gitops or of a fork, when
    it starts: its worker and the worker's jobs run that one, and no image is built. Not for production."""
    py_modules: Annotated[list[str] | None, AfterValidator(_or_none)] = None
    """Directories, relative to the project's directory, or URIs that are added to the Python path."""
    excludes: Annotated[list[str] | None, AfterValidator(_or_none)] = None
    """Globs of files that are not uploaded. `.git`, `.venv`, `venv` and `__pycache__` never are."""
    py_executable: str | None = Field(default=None, min_length=1)
    """The command that starts Ray's Python workers."""
    query_auth_token_enabled: bool = True
    """Whether queries to the service need a token. The agent's only answer is whether its worker lives."""
    http_options: Annotated[dict[str, Any] | None, _without(frozenset({"host", "port", "root_path"}))] = None
    """Ray Serve's HTTP options, but for host, port and root_path."""
    logging_config: Annotated[dict[str, Any] | None, _without(frozenset())] = None
    """Ray Serve's logging options, e.g. `{log_level: INFO}`."""
    proxy_location: Literal["EveryNode", "HeadOnly"] | None = None
    """Where Ray Serve runs its proxies. Default: EveryNode."""
    ray_gcs_external_storage_config: ExternalStorage | None = None
    """Storage for Ray's control store."""
    tracing_config: Tracing | None = None
    """Tracing of requests."""
    cloud: str | None = Field(default=None, min_length=1)
    """The Anyscale cloud. Default: the environment's, else the organisation's default."""
    project: str | None = Field(default=None, min_length=1)
    """The Anyscale project. Default: the environment's, else the cloud's default."""
    tags: dict[str, str] | None = None
    """Tags of the service. Without this field tags are neither read nor written."""
    files_digest: FilledIn = None
    """Filled in: a digest of the local directories in `working_dir` and `py_modules`, by which they are compared."""
    state: FilledIn = None
    """Filled in: RUNNING. A service in SYSTEM_FAILURE is deployed again, though its configuration is right."""

    @model_validator(mode="after")
    def _check_one_image(self) -> "AgentSpec":
        named = [name for name in IMAGE_FIELDS if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"give one of {' and '.join(named)}, not both")
        return self

    @model_validator(mode="after")
    def _check_image_details(self) -> "AgentSpec":
        """Of its own images Anyscale knows them, and does not take them."""
        in_registry = self.image_uri is not None and not self.image_uri.startswith(ANYSCALES)
        if self.registry_login_secret is not None and not in_registry:
            raise ValueError("registry_login_secret goes with an image_uri in a registry only")
        if self.ray_version is not None and not in_registry and self.containerfile is None:
            raise ValueError("ray_version goes with containerfile or an image_uri in a registry only")
        return self


IMAGE_FIELDS = ("image_uri", "cluster_env", "containerfile")
