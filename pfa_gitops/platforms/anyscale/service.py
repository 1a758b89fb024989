"""The kind Service: any Anyscale service but an agent, with Ray Serve applications of its own."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pfa_gitops.model.errors import Invalid, Problem
from pfa_gitops.model.values import Change, Ids, Manifest, Spec
from pfa_gitops.platforms.anyscale._answers import Service as LiveService
from pfa_gitops.platforms.anyscale._answers import ServiceVersion
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._service_applications import (
    CLEAR_MEND,
    application_flaws,
    canonical,
    told_apart,
    with_their_own,
)
from pfa_gitops.platforms.anyscale._service_document import Place, service_document
from pfa_gitops.platforms.anyscale._service_kind import KEYED, PLACE, UNORDERED, ServiceKind
from pfa_gitops.platforms.anyscale._service_lifecycle import find
from pfa_gitops.platforms.anyscale._service_live import is_agent, live_service_fields
from pfa_gitops.platforms.anyscale._service_spec import ServiceFields, without
from pfa_gitops.platforms.anyscale._workload_variables import (
    RESERVED,
    cloud_flaws,
    variable_flaws,
    written_variables,
)
from pfa_gitops.platforms.base import READY, FieldRules, Flaw, Keyed, Readiness

ALL = 100
CLUSTER_FIELDS = frozenset(
    {
        "image_uri",
        "cluster_env",
        "containerfile",
        "ray_version",
        "registry_login_secret",
        "compute_config",
        "ray_gcs_external_storage_config",
        "tracing_config",
        "query_auth_token_enabled",
    }
)
"""What an update in place leaves as it is, and says nothing of."""


class Rollout(Spec):
    """How a change is rolled out. It is no part of the service: a change of it alone changes nothing."""

    in_place: bool = False
    """Whether the running version takes the new configuration, on the cluster that it has."""
    canary_percent: int | None = Field(default=None, ge=0, le=ALL)
    """How much of the traffic the new version gets. Below 100 it stays so until somebody ends it in Anyscale."""
    max_surge_percent: int | None = Field(default=None, ge=0, le=ALL)
    """How much more capacity than before a rollout may take."""

    @model_validator(mode="after")
    def _in_place_alone(self) -> "Rollout":
        if self.in_place and (self.canary_percent is not None or self.max_surge_percent is not None):
            raise ValueError("in_place knows no canary_percent and no max_surge_percent")
        return self


class ServiceSpec(ServiceFields):
    """An Anyscale service with Ray Serve applications."""

    applications: Annotated[list[dict[str, Any]], AfterValidator(canonical)] = Field(min_length=1)
    """Ray Serve's applications, as Serve has them: `import_path`, `name`, `route_prefix`, `args`, `deployments`, …."""
    env_vars: Annotated[
        dict[str, str],
        BeforeValidator(lambda value: {} if value is None else value, json_schema_input_type=dict[str, str] | None),
    ] = Field(default_factory=dict)
    """Environment variables of all applications. Anyscale shows them: they are no place for secrets."""
    grpc_options: Annotated[dict[str, Any] | None, without(frozenset({"port"}))] = None
    """Ray Serve's gRPC options, e.g. `{service_names: [rpc], grpc_servicer_functions: ["app:add_servicer"]}`."""
    rollout: Rollout | None = None
    """How a change is rolled out. Default: as Anyscale does it, at 100 percent."""


class Service(ServiceKind[ServiceSpec]):
    """A service with applications of the project's own."""

    name = "Service"
    summary = "an Anyscale service with Ray Serve applications"
    stranger = "is an agent"
    rules = FieldRules(
        keyed={path: Keyed("name") for path in KEYED},
        unordered=frozenset(UNORDERED),
        whole=frozenset({"containerfile"}),
        place=PLACE,
    )

    @property
    def spec(self) -> type[ServiceSpec]:
        """The Spec class."""
        return ServiceSpec

    def check(self, manifest: Manifest[ServiceSpec]) -> Iterable[Problem]:
        """Applications that Serve cannot run, credentials in clear, and a second cloud."""
        for flaw in _flaws(manifest.spec):
            yield manifest.problem(*flaw)

    def owns(self, version: ServiceVersion) -> bool:
        """Every service that is no agent."""
        return not is_agent(version)

    def document(self, name: str, spec: ServiceSpec, place: Place) -> dict[str, Any]:
        """The applications as they are."""
        variables = written_variables(spec.env_vars, spec.files_digest)
        document = service_document(name, spec, place, spec.applications, variables)
        return document | ({"grpc_options": spec.grpc_options} if spec.grpc_options else {})

    def options(self, spec: ServiceSpec) -> Mapping[str, Any]:
        """The rollout's."""
        return spec.rollout.model_dump(exclude_none=True) if spec.rollout else {}

    def bare_fields(self, version: ServiceVersion) -> dict[str, Any]:
        """The applications, with what is not the same in all of them."""
        return {"applications": with_their_own(version.ray_serve_config.get("applications") or [])}

    def live_fields(self, service: LiveService, version: ServiceVersion, wanted: ServiceSpec) -> dict[str, Any]:
        """The applications, and what was put into their runtime environments for all of them."""
        serve = version.ray_serve_config
        applications, environment = told_apart(serve.get("applications") or [], wanted.applications)
        variables = environment.get("env_vars") or {}
        return {
            **live_service_fields(service, version, environment, wanted),
            "applications": applications,
            "env_vars": {name: text for name, text in variables.items() if name not in RESERVED},
            "grpc_options": serve.get("grpc_options") or None,
            "rollout": wanted.rollout,
        }

    async def update(self, client: AnyscaleClient, change: Change, ids: Ids) -> None:
        """Refuse what an update in place would pass over without a word."""
        spec: ServiceSpec = change.manifest.spec
        if spec.rollout and spec.rollout.in_place and (fixed := sorted(change.changed & CLUSTER_FIELDS)):
            message = f"an update in place cannot change {', '.join(fixed)}"
            raise Invalid(message, "set rollout.in_place to false for this change")
        await super().update(client, change, ids)

    async def readiness(self, client: AnyscaleClient, manifest: Manifest[ServiceSpec]) -> Readiness:
        """A canary that holds at its share is ready once it runs."""
        rollout = manifest.spec.rollout
        if rollout is not None and rollout.canary_percent is not None and rollout.canary_percent < ALL:
            service = await find(client, manifest)
            canary = service.canary_version if service else None
            if canary is not None and canary.current_state == "RUNNING":
                return READY
        return await super().readiness(client, manifest)


def _flaws(spec: ServiceSpec) -> Iterable[Flaw]:
    fields = {name: getattr(spec, name) for name in spec.model_fields_set}
    yield from application_flaws(spec.applications, fields)
    yield from variable_flaws(spec.env_vars, ("env_vars",), CLEAR_MEND)
    yield from cloud_flaws(spec, (), "the service")


KIND = Service()
