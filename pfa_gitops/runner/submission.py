"""What a job is called, tagged, given and told to do: a run's own job, and one that a flow triggers. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV
from pfa_gitops.platforms.anyscale._job_command import EXECUTE, fetching_secrets
from pfa_gitops.runner.infra import AnyscaleJobInfra, Infra

DEFAULT_COMMAND = "prefect flow-run execute"
POOL_TAG = "work_pool_id"
RUN_TAG = "flow_run_id"
_RUN = r"(?P<run>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_NAME = re.compile(rf"[a-z0-9-]+?-{_RUN}-(?P<attempt>\d+)")
_TRIGGERED_NAME = re.compile(rf".+?-{_RUN}-(?P<number>\d+)-[0-9a-f]{{12}}")
_LONGEST_SLUG = 40
_LONGEST_WORDS = 60
_LONGEST_TAG = 255  # the widest value that the clouds' own tags take
_TAKEN_AS_THEY_ARE = (
    "containerfile",
    "ray_version",
    "registry_login_secret",
    "compute_config",
    "working_dir",
    "excludes",
    "requirements",
    "py_modules",
    "py_executable",
    "cloud",
    "project",
    "timeout_s",
    "priority",
    "job_queue_config",
    "connections",
)


class Attempt(NamedTuple):
    """One try at a run, which gets a job of its own."""

    run_id: str
    number: int
    """Counted from 1: `Claim.attempt`."""


class Beginning(NamedTuple):
    """One start of a run's flow, in which it may trigger jobs. A retry inside the flow's process is a start, too."""

    run_id: str
    number: int
    """Counted from 1: Prefect's `run_count`."""


@dataclass(frozen=True)
class Job:
    """One run's job, on whatever infrastructure."""

    name: str
    tags: Mapping[str, str]
    environment: Mapping[str, str]
    """As it may be stored: nothing secret in clear."""
    command: str | None = None
    """Default: `prefect flow-run execute`."""


def job_name(run_name: str, run_id: UUID | str, attempt: int) -> str:
    """The job's name: the same for every try to submit the same attempt of the same run, and for nothing else."""
    slug = re.sub("[^a-z0-9]+", "-", run_name.lower())[:_LONGEST_SLUG].strip("-") or "flow-run"
    return f"{slug}-{run_id}-{attempt}"


def attempt_of(name: str) -> Attempt | None:
    """The attempt that a job's name tells, the inverse of `job_name`."""
    found = _NAME.fullmatch(name)
    return Attempt(found["run"], int(found["attempt"])) if found else None


def triggered_name(words: str, by: Beginning | None, suffix: UUID) -> str:
    """The name of a job that a flow triggers. No other job has it: after a lost answer the job is looked up by it.

    It tells what a worker must know of the job, as no listing tells a job's tags.
    """
    legible = re.sub(r"[^\w.-]+", "-", words)[:_LONGEST_WORDS].strip("-") or "prefect-job"
    whose = f"-{by.run_id}-{by.number}" if by else ""
    return f"{legible}{whose}-{suffix.hex[:12]}"


def triggered_by(name: str) -> Beginning | None:
    """What `triggered_name` was given as `by`, from the name."""
    found = _TRIGGERED_NAME.fullmatch(name)
    return Beginning(found["run"], int(found["number"])) if found else None


def run_tags(
    infra: Infra, run_name: str, run_id: UUID | str, attempt: int, labels: Mapping[str, str]
) -> dict[str, str]:
    """The job's tags: the block's own, and which run it is. `labels` are Prefect's labels for infrastructure.

    The pool's id is the one that tells our jobs from all others: a pool's name is there on many Prefect servers.
    """
    flow, deployment = labels.get("prefect.io/flow-name"), labels.get("prefect.io/deployment-name")
    tags = {
        RUN_TAG: str(run_id),
        "flow_run": run_name,
        "attempt": str(attempt),
        "deployment": f"{flow}/{deployment}" if deployment else None,
        "project": infra.project if isinstance(infra, AnyscaleJobInfra) else None,
        "work_pool": labels.get("prefect.io/work-pool-name"),
        POOL_TAG: labels.get("prefect.io/work-pool-id"),
    }
    return {**infra.tags, **{name: tag_value(value) for name, value in tags.items() if value}}


def tag_value(text: str) -> str:
    """`text` as a tag's value. Anyscale lists its filters as KEY:VALUE, and its clouds tag machines with them."""
    return re.sub(r"[^\w .=+@/-]", "-", text)[:_LONGEST_TAG]


def entrypoint(command: str | None, environment: Mapping[str, str]) -> str:
    """The job's command, run by our own process: it fetches secrets and prepares the flow's environment.

    A command of the user's without secrets stays as it is: its image need not have the package.
    """
    if command in {None, "", DEFAULT_COMMAND}:
        return EXECUTE
    command = str(command)
    return fetching_secrets(command) if SECRET_ENV in environment else command


def job_config(infra: AnyscaleJobInfra, job: Job) -> dict[str, Any]:
    """The fields of the SDK's JobConfig but for the image's URI, which may have to be looked up."""
    given = {field: getattr(infra, field) for field in _TAKEN_AS_THEY_ARE}
    return {
        **{field: value for field, value in given.items() if value is not None},
        "name": job.name,
        "tags": dict(job.tags),
        "env_vars": dict(job.environment),
        "entrypoint": entrypoint(job.command, job.environment),
        "max_retries": infra.max_retries or 0,  # Anyscale's own default, 1, would run the flow twice
    }
