"""The Project document: which manifests, which environments, which variables. Reads nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, NonNegativeInt, model_validator

from pfa_gitops.model.places import Origins
from pfa_gitops.model.policy import Severity
from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.model.values import Spec

KIND = "Project"
DEFAULT_ENVIRONMENT = "default"
DEFAULT_MANIFESTS = ("manifests/**/*.yaml", "manifests/**/*.yml", "manifests/**/*.yaml.j2")


def _not_in_prefect(secret: SecretRef) -> SecretRef:
    """The client that would read a Prefect block is not there yet."""
    if secret.from_prefect_block is not None:
        raise ValueError("reading a Prefect block needs a connection; use from_env, from_aws_secret or from_file")
    return secret


ConnectionSecret = Annotated[SecretRef, AfterValidator(_not_in_prefect)]
"""A secret that is needed before any client can be made."""


class PrefectConnection(Spec):
    """Which Prefect server an environment uses. What is left out comes from Prefect's own variables and profiles."""

    api_url: str | None = Field(default=None, min_length=1)
    """The URL of the API, e.g. `http://127.0.0.1:4200/api`. Default: PREFECT_API_URL, else the active profile's."""
    api_key: ConnectionSecret | None = None
    """Where the API key is kept, other than in a Prefect block. Default: PREFECT_API_KEY, else the active profile's."""
    auth_string: ConnectionSecret | None = None
    """Where a self-hosted server's `user:password` is kept, other than in a Prefect block.

    Default: PREFECT_API_AUTH_STRING.
    """
    profile: str | None = Field(default=None, min_length=1)
    """The Prefect profile to read the rest from. Default: the active one."""


class AnyscaleConnection(Spec):
    """Which Anyscale an environment uses. What is left out comes from Anyscale's own variables and files."""

    cloud: str | None = Field(default=None, min_length=1)
    """The cloud's name. Default: the organisation's default cloud."""
    project: str | None = Field(default=None, min_length=1)
    """The project's name. Default: the cloud's default project."""
    host: str | None = Field(default=None, min_length=1)
    """The console's URL. Default: ANYSCALE_HOST, else Anyscale's own."""
    cli_token: ConnectionSecret | None = None
    """Where the token is kept, other than in a Prefect block.

    Default: ANYSCALE_CLI_TOKEN, else `~/.anyscale/credentials.json`.
    """


Forbidden = Literal["exposes_secret", "destroys", "loosens_protection", "drops_runs", "restarts_agent"]
"""Every Risk but `safe`."""


class Limits(Spec):
    """What one apply may do at most without `--ignore-limits`."""

    max_deletes: NonNegativeInt | None = None
    """How many objects one apply may delete or replace. Default: no limit."""
    max_percent: float | None = Field(default=None, ge=0, le=100)
    """How many of the project's objects one apply may delete or replace, in percent. Default: no limit."""
    max_runs_affected: NonNegativeInt | None = None
    """How many flow runs that have not ended one apply may drop, move or orphan. Default: no limit."""
    forbid: list[Forbidden] = Field(default_factory=list)
    """Risks that no change may have, e.g. `[destroys, exposes_secret]`. Default: none is forbidden."""


NoSecret = Annotated[str, Field(pattern="^from_(env|file|aws_secret|prefect_block) .+$")]


class Policy(Spec):
    """A rule of the project's own that plans may not break."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", max_length=100)
    """What the policy is called: lowercase letters, digits and dashes."""
    when: str = Field(min_length=1, max_length=10_000)
    """A CEL expression that is true where the policy is broken, e.g. `change.kind == 'WorkPool' && 'destroys' in
    change.risks`. One that names `change` is held against each change, any other against the plan."""
    message: str = Field(min_length=1, max_length=1_000)
    """What is told then."""
    severity: Severity = Severity.DENY
    """`deny`: the plan is not applied. `warn`: it is only told."""
    environments: list[str] = Field(default_factory=list)
    """The environments in which it holds. Default: all."""


class EnvironmentSpec(Spec):
    """One place where the manifests are applied to."""

    description: str | None = None
    """For people."""
    default: bool = False
    """Chosen when the command names none. At most one environment is the default."""
    protected: bool = False
    """Apply asks for the environment's name, or needs --auto-approve."""
    prefect: PrefectConnection = Field(default_factory=PrefectConnection)
    """Which Prefect server."""
    anyscale: AnyscaleConnection = Field(default_factory=AnyscaleConnection)
    """Which Anyscale."""
    limits: Limits = Field(default_factory=Limits)
    """What one apply may do at most without a flag."""
    vars: dict[str, Any] = Field(default_factory=dict)
    """Variables of this environment; they come before the project's."""


def _address(value: Any) -> Any:
    if isinstance(value, str) and "/" not in value.strip("/"):
        raise ValueError("it is no address; write KIND/NAME, e.g. Deployment/nightly")
    return value


AddressText = Annotated[str, BeforeValidator(_address)]


class Move(Spec):
    """An object whose manifest got another name, and that is to stay the same object."""

    former: AddressText = Field(alias="from")
    """The address that it had, e.g. `Variable/old`."""
    to: AddressText
    """The address that it has now, of the same kind."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Move":
        if self.former.partition("/")[0] != self.to.partition("/")[0]:
            raise ValueError("both addresses must be of one kind")
        return self


class ProjectSpec(Spec):
    """What belongs to a project."""

    description: str | None = None
    """For people."""
    manifests: list[str] = Field(default=list(DEFAULT_MANIFESTS), min_length=1)
    """Globs of the manifests' files, relative to this file. They may not lead outside of its directory."""
    environments: dict[str, EnvironmentSpec] = Field(default_factory=dict)
    """The environments by name. Without any there is one called `default`."""
    vars: dict[str, Any] = Field(default_factory=dict)
    """Variables for templates: `${{ vars.name }}`."""
    env: list[str] = Field(default_factory=list)
    """The environment variables that manifests may read: `${{ env.NAME }}`."""
    moved: list[Move] = Field(default_factory=list)
    """Objects whose manifests were renamed: `{from: Variable/old, to: Variable/new}`. They may stay once applied."""
    not_secret: list[NoSecret] = Field(default_factory=list)
    """References whose values are no secrets though they are kept as such, e.g. `from_env DB_HOST`: they may stand in
    clear."""
    policies: list[Policy] = Field(default_factory=list, max_length=100)
    """Rules that plans may not break, as CEL expressions."""
    external: list[str] = Field(default_factory=list)
    """Objects that exist outside of this project, e.g. `WorkPool/default` or `ComputeConfig/*`; they may be named."""


@dataclass(frozen=True)
class Project:
    """The project as one environment sees it."""

    name: str
    spec: ProjectSpec
    """Rendered; of the environments it holds the chosen one only."""
    file: str
    origins: Origins = field(default_factory=Origins, compare=False)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Environment:
    """The environment that was chosen."""

    name: str
    spec: EnvironmentSpec = field(default_factory=EnvironmentSpec)
