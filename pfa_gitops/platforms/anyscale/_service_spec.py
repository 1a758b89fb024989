"""What every Anyscale service has, an agent's too. Pure.

The names are those of the SDK's ServiceConfig (0.26.112).
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from pfa_gitops.model.values import NamedSpec, Spec
from pfa_gitops.platforms.anyscale._workload_spec import FilledIn, WorkloadFields


def without(banned: frozenset[str]) -> AfterValidator:
    """Refuse options that Anyscale sets itself."""

    def check(options: dict[str, Any] | None) -> dict[str, Any] | None:
        if found := sorted(banned & (options or {}).keys()):
            raise ValueError(f"Anyscale does not let a service set {', '.join(found)}")
        return options or None

    return AfterValidator(check)


CERTIFICATE_PATH = "/etc/ssl/certs/ca-certificates.crt"
"""The SDK's default."""


def _or_default_path(value: Any) -> Any:
    return CERTIFICATE_PATH if value is None else value


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


class ServiceFields(WorkloadFields, NamedSpec):
    """The fields of any service."""

    query_auth_token_enabled: bool = True
    """Whether queries to the service need a token."""
    http_options: Annotated[dict[str, Any] | None, without(frozenset({"host", "port", "root_path"}))] = None
    """Ray Serve's HTTP options, but for host, port and root_path."""
    logging_config: Annotated[dict[str, Any] | None, without(frozenset())] = None
    """Ray Serve's logging options, e.g. `{log_level: INFO}`."""
    proxy_location: Literal["EveryNode", "HeadOnly"] | None = None
    """Where Ray Serve runs its proxies. Default: EveryNode."""
    ray_gcs_external_storage_config: ExternalStorage | None = None
    """Storage for Ray's control store."""
    tracing_config: Tracing | None = None
    """Tracing of requests."""
    state: FilledIn = None
    """Filled in: RUNNING. A service in SYSTEM_FAILURE is deployed again, though its configuration is right."""
