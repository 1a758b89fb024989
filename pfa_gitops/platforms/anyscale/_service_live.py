"""A live service in the manifest's terms, as far as every service has it. Pure."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.platforms.anyscale._answers import Service, ServiceVersion
from pfa_gitops.platforms.anyscale._service_spec import CERTIFICATE_PATH, ExternalStorage, ServiceFields, Tracing
from pfa_gitops.platforms.anyscale._workload_live import live_runtime

AGENT_IMPORT_PATH = "pfa_gitops.runner.agent_service:app"


def is_agent(version: ServiceVersion) -> bool:
    """Whether a service is an agent at all."""
    applications = version.ray_serve_config.get("applications") or []
    return len(applications) == 1 and applications[0].get("import_path") == AGENT_IMPORT_PATH


def live_service_fields(
    service: Service, version: ServiceVersion, environment: Mapping[str, Any], wanted: ServiceFields
) -> dict[str, Any]:
    """The fields that a service tells by itself; image, compute config and tags are read apart."""
    serve = version.ray_serve_config
    return {
        "name": service.name,
        **live_runtime(environment, wanted),
        "query_auth_token_enabled": service.has_auth_token,
        "http_options": serve.get("http_options") or None,
        "logging_config": serve.get("logging_config") or None,
        "proxy_location": serve.get("proxy_location"),
        "ray_gcs_external_storage_config": _live_storage(version.ray_gcs_external_storage_config),
        "tracing_config": _live_tracing(version.tracing_config),
        "cloud": wanted.cloud,
        "project": wanted.project,
        "state": _live_state(service, version),
    }


def _live_storage(config: Mapping[str, Any] | None) -> ExternalStorage | None:
    if config is None:
        return None
    return ExternalStorage.model_construct(
        enabled=bool(config.get("enable")),
        address=config.get("address"),
        certificate_path=config.get("redis_certificate_path") or CERTIFICATE_PATH,
    )


def _live_tracing(config: Mapping[str, Any] | None) -> Tracing | None:
    if config is None:
        return None
    ratio = config.get("sampling_ratio")
    return Tracing.model_construct(
        enabled=bool(config.get("enabled")),
        exporter_import_path=config.get("exporter_import_path"),
        sampling_ratio=1.0 if ratio is None else float(ratio),
    )


def _live_state(service: Service, version: ServiceVersion) -> str:
    """What is under way or may recover by itself counts as running."""
    failed = {"SYSTEM_FAILURE", "USER_ERROR_FAILURE"} & {service.current_state, version.current_state}
    return next(iter(failed), "RUNNING")
