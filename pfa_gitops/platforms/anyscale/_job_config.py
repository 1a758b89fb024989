"""A schedule's job: from its spec to the SDK's JobConfig, and from what is live back. Pure."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV
from pfa_gitops.platforms.anyscale._answers import Schedule
from pfa_gitops.platforms.anyscale._job_command import fetching_secrets, without_fetching
from pfa_gitops.platforms.anyscale._job_spec import JobFields, JobQueue, JobQueueConfig
from pfa_gitops.platforms.anyscale._service_document import Place, compute_document
from pfa_gitops.platforms.anyscale._workload_live import live_runtime
from pfa_gitops.platforms.anyscale._workload_variables import live_variables, written_variables

PASSED_ON = (
    "requirements",
    "working_dir",
    "py_modules",
    "excludes",
    "py_executable",
    "max_retries",
    "timeout_s",
    "priority",
    "tags",
)
"""Fields that are called the same in the SDK's JobConfig and mean the same."""
QUEUE_ON_THE_WIRE = {"name": "job_queue_name", "idle_timeout_s": "idle_timeout_sec"}
"""The wire's name for a field of a queue."""


def job_document(name: str, job: JobFields, place: Place) -> dict[str, Any]:
    """The JobConfig but for its image, as `JobConfig.from_dict` takes it."""
    variables = written_variables(job.env_vars, job.files_digest)
    document: dict[str, Any] = {
        "name": name,
        **place._asdict(),
        "entrypoint": fetching_secrets(job.entrypoint) if SECRET_ENV in variables else job.entrypoint,
        "env_vars": variables,
        "compute_config": compute_document(job.compute_config, place.cloud),
        **{field: getattr(job, field) for field in PASSED_ON},
    }
    if job.job_queue_config is not None:
        document["job_queue_config"] = job.job_queue_config.model_dump(exclude_none=True)
    return {field: value for field, value in document.items() if value not in (None, {}, [])}


def live_job_fields(schedule: Schedule, wanted: JobFields) -> dict[str, Any]:
    """The fields that a schedule tells by itself; image, compute config and queue are read apart."""
    config = schedule.config
    environment = config.get("runtime_env") or {}
    tags = schedule.job_tags or {}
    return {
        **live_runtime(environment, wanted),
        "entrypoint": without_fetching(str(config.get("entrypoint") or "")),
        "env_vars": live_variables(environment.get("env_vars") or {}),
        "max_retries": config.get("max_retries"),
        "timeout_s": config.get("timeout_s"),
        "priority": config.get("priority"),
        "tags": tags if tags or wanted.tags else wanted.tags,
        "cloud": wanted.cloud,
        "project": wanted.project,
    }


def live_queue_config(config: Mapping[str, Any] | None, compute_config: str | None) -> JobQueueConfig | None:
    """The job queue, with the name of its compute config, which the wire tells by its id."""
    if not config:
        return None
    queue = config.get("job_queue_spec")
    fields = {name: queue.get(QUEUE_ON_THE_WIRE.get(name, name)) for name in JobQueue.model_fields} if queue else {}
    return JobQueueConfig.model_construct(
        priority=config.get("priority"),
        target_job_queue_name=config.get("target_job_queue_name"),
        job_queue_spec=JobQueue.model_construct(**fields | {"compute_config": compute_config}) if queue else None,
    )
