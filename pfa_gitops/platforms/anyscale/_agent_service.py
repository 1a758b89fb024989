"""The service that is an agent: from its spec to the SDK's ServiceConfig, and from what is live back. Pure.

References to secrets travel as references: the API key's in the application's arguments, those of variables as JSON
in PFA_GITOPS_SECRET_ENV. The service resolves them when it starts.
"""

import json
from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.secrets import SecretRef, is_secret_ref
from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV, PrefectConnection, WorkerOptions
from pfa_gitops.platforms.anyscale._agent_spec import AgentSpec
from pfa_gitops.platforms.anyscale._answers import Service, ServiceVersion
from pfa_gitops.platforms.anyscale._service_document import Place, service_document
from pfa_gitops.platforms.anyscale._service_live import AGENT_IMPORT_PATH, live_service_fields
from pfa_gitops.platforms.anyscale._workload_live import FILES_DIGEST

RESERVED = (SECRET_ENV, FILES_DIGEST)


def agent_document(name: str, spec: AgentSpec, place: Place) -> dict[str, Any]:
    """The ServiceConfig of an agent but for its image, as `ServiceConfig.from_dict` takes it."""
    application = {"name": "agent", "route_prefix": "/", "import_path": AGENT_IMPORT_PATH}
    applications = [
        {**application, "args": _args(name, spec) | {"anyscale": place._asdict()}}
    ]  # where jobs go that name no other
    return service_document(name, spec, place, applications, _variables(spec))


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
            "api_key": _reference(spec.prefect.api_key),
            "auth_string": _reference(spec.prefect.auth_string),
        },
    }


def _reference(ref: SecretRef | None) -> dict[str, Any] | None:
    return None if ref is None else ref.model_dump(exclude_none=True)


def _variables(spec: AgentSpec) -> dict[str, str]:
    references = {name: _reference(value) for name, value in spec.env.items() if isinstance(value, SecretRef)}
    variables = {name: value for name, value in spec.env.items() if isinstance(value, str)}
    if references:
        variables[SECRET_ENV] = json.dumps(references, sort_keys=True)
    if spec.files_digest:
        variables[FILES_DIGEST] = spec.files_digest
    return variables


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
        "env": _live_env(variables),
        "development": bool(args.get("development")),
    }


def _live_worker(options: Mapping[str, Any], service: str, wanted: WorkerOptions) -> WorkerOptions:
    """The options. Where the manifest says null for the name, which means the service's, that one is told as null."""
    fields = {**dict.fromkeys(WorkerOptions.model_fields), **options}
    if wanted.name is None and fields["name"] == service:
        fields["name"] = None
    return WorkerOptions.model_construct(**fields)


def _live_prefect(prefect: Mapping[str, Any]) -> PrefectConnection:
    keys = {name: _live_reference(prefect.get(name)) for name in ("api_key", "auth_string")}
    return PrefectConnection.model_construct(api_url=str(prefect.get("api_url") or ""), **keys)


def _live_reference(value: Any) -> Any:
    return SecretRef.model_validate(value) if is_secret_ref(value) else None


def _live_env(variables: Mapping[str, str]) -> dict[str, Any]:
    try:
        references = json.loads(variables.get(SECRET_ENV, "{}"))
    except ValueError:
        references = {}
    clear = {name: value for name, value in variables.items() if name not in RESERVED}
    return clear | {name: _live_reference(value) for name, value in references.items()}
