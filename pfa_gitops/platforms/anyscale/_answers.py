"""What Anyscale answers, as far as it is read here. Pure.

Fields are those that the generated clients of the SDK 0.26.112 know; others are ignored. A token that an answer
carries is dropped on the way in.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

ALIAS = "anyscale/image/"
DEFAULT_IMAGE = "DEFAULT_APP_CONFIG_ID"
"""How the ids of Anyscale's own images start [the SDK's ImageURI]."""
SUCCEEDED = "succeeded"
UNDER_WAY = frozenset({"pending", "in_progress"})
"""The states of a build that has not ended [the SDK's ClusterEnvironmentBuildStatus]."""


class Answer(BaseModel):
    """One object of an answer."""

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=(), defer_build=True)


class Creator(Answer):
    """Who made an object."""

    email: str | None = None
    name: str | None = None


class Made(Answer):
    """What is told of an object's making."""

    created_at: str | None = None
    creator: Creator | None = None


class Cloud(Answer):
    """An Anyscale cloud."""

    id: str
    name: str


class Project(Answer):
    """A project of a cloud."""

    id: str
    name: str
    parent_cloud_id: str | None = None


class ComputeTemplate(Made):
    """One version of a compute config, or an anonymous one."""

    id: str
    name: str
    version: int
    anonymous: bool = False
    archived_at: str | None = None
    config: dict[str, Any]


class Image(Made):
    """An image: a name under which builds are kept."""

    id: str
    name: str
    anonymous: bool = False
    archived_at: str | None = None


class Build(Answer):
    """One revision of an image."""

    id: str
    image_id: str = Field(alias="cluster_environment_id")
    revision: int
    status: str
    is_byod: bool = False
    containerfile: str | None = None
    docker_image_name: str | None = None
    registry_login_secret: str | None = None
    ray_version: str | None = None
    error_message: str | None = None

    @property
    def is_default(self) -> bool:
        """Whether it is one of Anyscale's own images."""
        return self.image_id.startswith(DEFAULT_IMAGE)


class ServiceVersion(Made):
    """One version of a service's configuration. Nobody tells who made it."""

    id: str
    version: str | None = None
    build_id: str
    compute_config_id: str
    current_state: str | None = None
    ray_serve_config: dict[str, Any]
    ray_gcs_external_storage_config: dict[str, Any] | None = None
    tracing_config: dict[str, Any] | None = None


class Service(Made):
    """A service and its versions."""

    id: str
    name: str
    project_id: str
    cloud_id: str | None = None
    current_state: str
    error_message: str | None = None
    has_auth_token: bool = Field(default=False, validation_alias="auth_token")
    """Whether queries need a token. The token itself is not kept."""
    primary_version: ServiceVersion | None = None
    canary_version: ServiceVersion | None = None

    @field_validator("has_auth_token", mode="before")
    @classmethod
    def _drop_token(cls, value: Any) -> bool:
        return bool(value)

    @property
    def newest(self) -> ServiceVersion | None:
        """The version that was asked for last: the one that is rolled out, unless it is being taken back."""
        rolling_back = self.current_state == "ROLLING_BACK"
        return self.primary_version if rolling_back else self.canary_version or self.primary_version


class JobMoment(Answer):
    """How far a job is."""

    current_state: str
    error: str | None = None
    operation_message: str | None = None


class Job(Answer):
    """A job. Neither a listing nor a single look tells its tags."""

    id: str
    name: str
    created_at: str
    state: JobMoment
    last_job_run_id: str | None = None


class Schedule(Made):
    """A job that a cron expression starts."""

    id: str
    name: str
    config: dict[str, Any]
    """The job: entrypoint, runtime_env, build_id, compute_config_id and others."""
    job_queue_config: dict[str, Any] | None = None
    schedule: dict[str, Any]
    job_tags: dict[str, str] | None = None
    next_trigger_at: str | None = None
    """None: it is paused."""


class UserInfo(Answer):
    """Whose token it is."""

    organization_ids: list[str] = Field(default_factory=list)
