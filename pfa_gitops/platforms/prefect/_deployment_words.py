"""A live deployment as people write it in a manifest. Pure."""

from typing import Any

from pydantic import ValidationError

from pfa_gitops.model.values import Live
from pfa_gitops.platforms.prefect._deployment_spec import Concurrency, DeploymentSpec
from pfa_gitops.platforms.prefect._infra_fields import InfraFields
from pfa_gitops.platforms.prefect._schedules import Schedule, derived_slug
from pfa_gitops.platforms.prefect._work_queues import DEFAULT_QUEUE

NO_LIMIT = Concurrency()


def worded(live: Live[DeploymentSpec]) -> DeploymentSpec:
    """The spec without what Prefect fills in."""
    spec = live.spec
    overrides, variables = _overrides(spec)
    fields: dict[str, Any] = {name: getattr(spec, name) for name in type(spec).model_fields} | {
        "infra_overrides": overrides,
        "job_variables": variables,
        "schedules": [
            _schedule(one, one.slug in live.details["unslugged"])
            for one in sorted(spec.schedules, key=lambda schedule: schedule.slug or "")
        ],
        "pull_steps": spec.pull_steps or None,
        "concurrency_limit": _limit(spec.concurrency_limit),
        "work_queue": None if spec.work_queue == DEFAULT_QUEUE else spec.work_queue,
    }
    return DeploymentSpec.model_construct(**fields)


def _overrides(spec: DeploymentSpec) -> tuple[InfraFields | None, dict[str, Any]]:
    """Beside an infra block, the job variables that are fields of one are overrides of it."""
    if spec.infra_block is None:
        return None, spec.job_variables
    over = {name: value for name, value in spec.job_variables.items() if name in InfraFields.model_fields}
    try:
        overrides = InfraFields.model_validate(over)
    except ValidationError:  # the platform takes any value
        return None, spec.job_variables
    return overrides if over else None, {
        name: spec.job_variables[name] for name in spec.job_variables if name not in over
    }


def _schedule(schedule: Schedule, made_up: bool) -> Schedule:
    """A slug that nobody gave is not written: it is made of the content again, and is the same."""
    made_up = made_up or schedule.slug == derived_slug(schedule)
    fields = {name: getattr(schedule, name) for name in schedule.model_fields_set}
    return Schedule.model_construct(**{name: value for name, value in fields.items() if name != "slug" or not made_up})


def _limit(limit: Concurrency | None) -> Concurrency | None:
    """Options that are at their defaults say nothing."""
    return (
        None
        if limit is None
        or all(getattr(limit, name, None) == getattr(NO_LIMIT, name) for name in Concurrency.model_fields)
        else limit
    )
