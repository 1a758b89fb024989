"""The service that is an agent: from its spec to the SDK's ServiceConfig, and from what is live back. Pure.

References to secrets travel as references: the API key's in the application's arguments, those of variables as JSON
in PFA_GITOPS_SECRET_ENV. The service resolves them when it starts.
"""

import json
from collections.abc import Mapping
from typing import Any

from pfa_gitops.model.secrets import SecretRef, is_secret_ref
from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV, PrefectConnection, WorkerOptions
from pfa_gitops.platforms.anyscale._agent_spec import CERTIFICATE_PATH, AgentSpec, ExternalStorage, Tracing
from pfa_gitops.platforms.anyscale._answers import Service, ServiceVersion
from pfa_gitops.platforms.anyscale._source_files import is_remote
from pfa_gitops.platforms.compute_shapes import ComputeShape, sdk_document

IMPORT_PATH = "pfa_gitops.runner.agent_service:app"
FILES_DIGEST = "PFA_GITOPS_WORKING_DIR_DIGEST"
RESERVED = (SECRET_ENV, FILES_DIGEST)
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


def service_document(name: str, spec: AgentSpec, cloud: str, project: str) -> dict[str, Any]:
    """The ServiceConfig of an agent but for its image, as `ServiceConfig.from_dict` takes it."""
    place = {"cloud": cloud, "project": project}  # where jobs go that name no other
    application = {"name": "agent", "route_prefix": "/", "import_path": IMPORT_PATH}
    document: dict[str, Any] = {
        "name": name,
        **place,
        "applications": [{**application, "args": _args(name, spec) | {"anyscale": place}}],
        "env_vars": _variables(spec),
        **{field: getattr(spec, field) for field in PASSED_ON},
    }
    if isinstance(spec.compute_config, ComputeShape):
        document["compute_config"] = {**sdk_document(spec.compute_config), "cloud": cloud}
    else:
        document["compute_config"] = spec.compute_config
    for field in ("ray_gcs_external_storage_config", "tracing_config"):
        if (value := getattr(spec, field)) is not None:
            document[field] = value.model_dump(exclude_none=True)
    return {field: value for field, value in document.items() if value not in (None, {}, [])}


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


def is_agent(version: ServiceVersion) -> bool:
    """Whether a service is an agent at all."""
    applications = version.ray_serve_config.get("applications") or []
    return len(applications) == 1 and applications[0].get("import_path") == IMPORT_PATH


def live_fields(service: Service, version: ServiceVersion, wanted: AgentSpec) -> dict[str, Any]:
    """The fields of a live agent that its service tells by itself; image, compute config and tags are read apart."""
    serve = version.ray_serve_config
    application = serve["applications"][0]
    args = application.get("args") or {}
    environment = application.get("runtime_env") or {}
    variables = dict(environment.get("env_vars") or {})
    return {
        "name": service.name,
        "work_pool": args.get("work_pool"),
        "work_queues": args.get("work_queues") or [],
        "prefect": _live_prefect(args.get("prefect") or {}),
        "worker": _live_worker(args.get("worker") or {}, service.name, wanted.worker),
        "env": _live_env(variables),
        "development": bool(args.get("development")),
        "files_digest": variables.get(FILES_DIGEST),
        "requirements": _live_requirements(environment.get("pip")),
        "working_dir": _live_working_dir(environment, wanted),
        "py_modules": _live_modules(environment, wanted),
        "excludes": environment.get("excludes") or None,
        "py_executable": environment.get("py_executable"),
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


def _live_requirements(pip: Any) -> list[str] | None:
    """Ray takes a list, or a mapping that holds it."""
    packages = pip.get("packages") if isinstance(pip, Mapping) else pip
    return list(packages) if packages else None


def _live_working_dir(environment: Mapping[str, Any], wanted: AgentSpec) -> str | None:
    """A local directory is compared by `files_digest`: where it lies on whose machine means nothing.

    What the manifest does not name is told as the upload, so that another deploy takes that again.
    """
    if "working_dir" not in wanted.model_fields_set:
        return environment.get("working_dir")
    live = environment.get("user_provided_working_dir") or environment.get("working_dir")
    if live and wanted.working_dir and not is_remote(live) and not is_remote(wanted.working_dir):
        return wanted.working_dir
    return live


def _live_modules(environment: Mapping[str, Any], wanted: AgentSpec) -> list[str] | None:
    if "py_modules" not in wanted.model_fields_set:
        return environment.get("py_modules")
    live = environment.get("user_provided_py_modules") or environment.get("py_modules") or []
    asked = wanted.py_modules or []
    alike = len(live) == len(asked) and all(
        here == there or not (is_remote(here) or is_remote(there)) for here, there in zip(live, asked, strict=True)
    )
    return wanted.py_modules if alike else live or None


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
