"""The service that is an agent: from its spec to the SDK's ServiceConfig, and from what is live back. Pure.

References to secrets travel as references: the API key's in the application's arguments, those of variables as JSON
in PFA_GITOPS_SECRET_ENV. The service resolves them when it starts.
"""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.platforms.anyscale._agent_arguments import PrefectConnection, WorkerOptions
from pfa_gitops.platforms.anyscale._agent_spec import AgentSpec
from pfa_gitops.platforms.anyscale._answers import Service, ServiceVersion
from pfa_gitops.platforms.anyscale._service_document import Place, service_document
from pfa_gitops.platforms.anyscale._service_live import AGENT_IMPORT_PATH, live_service_fields
from pfa_gitops.platforms.anyscale._workload_variables import (
    live_reference,
    live_variables,
    reference,
    written_variables,
)


def agent_document(name: str, spec: AgentSpec, place: Place) -> dict[str, Any]:
    """The ServiceConfig of an agent but for its image, as `ServiceConfig.from_dict` takes it."""
    application = {"name": "agent", "route_prefix": "/", "import_path": AGENT_IMPORT_PATH}
    args = _args(name, spec) | {"anyscale": place._asdict()}  # where jobs go that name no other
    variables = written_variables(spec.env, spec.files_digest)
    return service_document(name, spec, place, [{**application, "args": args}], variables)


def _args(name: str, spec: AgentSpec) -> dict[str, Any]:
    worker = spec.worker.model_dump()
    development = {"development": True} if spec.development else {}  # an older image knows no such argument
    return {
        **development,
        "work_pool": spec.work_pool,
        "work_queues": spec.work_queues,
        "worker": {**worker, "name": worker["name"] or name},
        "prefect": {
            "api_url": spec.prefect.api_url,
            "api_key": reference(spec.prefect.api_key),
            "auth_string": reference(spec.prefect.auth_string),
        },
    }


def live_fields(service: Service, version: ServiceVersion, wanted: AgentSpec) -> dict[str, Any]:
    """The fields of a live agent that its service tells by itself; image, compute config and tags are read apart."""
    application = version.ray_serve_config["applications"][0]
    args = application.get("args") or {}
    environment = application.get("runtime_env") or {}
    variables = dict(environment.get("env_vars") or {})
    return {
        **live_service_fields(service, version, environment, wanted),
        "work_pool": args.get("work_pool"),
        "work_queues": args.get("work_queues") or [],
        "prefect": _live_prefect(args.get("prefect") or {}),
        "worker": _live_worker(args.get("worker") or {}, service.name, wanted.worker),
        "env": live_variables(variables),
        "development": bool(args.get("development")),
    }


def _live_worker(options: Mapping[str, Any], service: str, wanted: WorkerOptions) -> WorkerOptions:
    """The options. Where the manifest says null for the name, which means the service's, that one is told as null."""
    fields = {**dict.fromkeys(WorkerOptions.model_fields), **options}
    if wanted.name is None and fields["name"] == service:
        fields["name"] = None
    return WorkerOptions.model_construct(**fields)


def _live_prefect(prefect: Mapping[str, Any]) -> PrefectConnection:
    keys: dict[str, Any] = {name: live_reference(prefect.get(name)) for name in ("api_key", "auth_string")}
    return PrefectConnection.model_construct(api_url=str(prefect.get("api_url") or ""), **keys)
