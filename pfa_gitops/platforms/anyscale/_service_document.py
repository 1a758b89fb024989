"""The SDK's ServiceConfig of a service, but for its image. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pfa_gitops.platforms.anyscale._service_spec import ServiceFields
from pfa_gitops.platforms.compute_shapes import ComputeShape, sdk_document

PASSED_ON = (
    "requirements",
    "working_dir",
    "py_modules",
    "excludes",
    "py_executable",
    "query_auth_token_enabled",
    "http_options",
    "logging_config",
    "proxy_location",
    "tags",
)
"""Fields that are called the same in the SDK's ServiceConfig and mean the same."""


class Place(NamedTuple):
    """Where a workload is, by names."""

    cloud: str
    project: str


def service_document(
    name: str,
    spec: ServiceFields,
    place: Place,
    applications: Sequence[Mapping[str, Any]],
    variables: Mapping[str, str],
) -> dict[str, Any]:
    """As `ServiceConfig.from_dict` takes it."""
    document: dict[str, Any] = {
        "name": name,
        **place._asdict(),
        "applications": list(applications),
        "env_vars": dict(variables),
        "compute_config": compute_document(spec.compute_config, place.cloud),
        **{field: getattr(spec, field) for field in PASSED_ON},
    }
    for field in ("ray_gcs_external_storage_config", "tracing_config"):
        if (value := getattr(spec, field)) is not None:
            document[field] = value.model_dump(exclude_none=True)
    return {field: value for field, value in document.items() if value not in (None, {}, [])}


def compute_document(shape: str | ComputeShape | None, cloud: str) -> Any:
    """A compute config as the SDK takes it within another config."""
    return {**sdk_document(shape), "cloud": cloud} if isinstance(shape, ComputeShape) else shape
