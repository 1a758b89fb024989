"""What a deployment itself says of its flow runs: who starts them where it has no pool, and its own limit. Pure."""

from collections.abc import Iterator
from typing import Any

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.platforms.base import FieldRules, Prospect
from pfa_gitops.platforms.prefect._deployment_spec import DeploymentSpec
from pfa_gitops.platforms.prospects import expected, slots

SERVED = "READY"
"""The status of a deployment that something polls runs of [Prefect's DeploymentStatus]."""
JOB_IS_MADE_OF = ("image_uri", "cluster_env", "compute_config")
"""The fields of an infra block that name images and compute configs."""
NO_POOL = "no work pool, and no process that serves it"
"""Nothing starts its runs."""


def deployment_links(prospect: Prospect[DeploymentSpec], rules: FieldRules) -> Iterator[Link]:
    """Its own links. What it refers to answers for itself."""
    spec = expected(prospect, rules)
    there = prospect.there(Part.DEPLOYMENT)
    if spec is None or there.verdict is not Verdict.OK:
        yield there
        return
    if spec.paused:
        reason = "it is paused: its schedules rest, and runs by hand start"
        yield prospect.link(Part.DEPLOYMENT, Verdict.OK, reason)
    details: dict[str, Any] = dict(prospect.live.details) if prospect.live else {}
    if spec.work_pool is None:
        served = details.get("status") == SERVED
        reason = "a process serves it" if served else f"it has {NO_POOL}"
        yield prospect.link(Part.POOL, Verdict.OK if served else Verdict.NOT, reason)
    yield from _elsewhere(prospect, spec)
    yield from _in_variables(prospect)
    # What is told is of whatever limit is linked now. One of its own that is yet to be made has all its slots.
    active = details.get("active_slots") if prospect.live and _own_limit(prospect.live.spec) is not None else 0
    yield from slots(prospect, "the deployment", _own_limit(spec), active)


def _in_variables(prospect: Prospect[DeploymentSpec]) -> Iterator[Link]:
    """What a run's job is made of may stand in free-form job variables, too, where no reference is seen."""
    names = [name for name in JOB_IS_MADE_OF if name in (prospect.manifest.spec.job_variables or {})]
    if names:
        reason = f"job_variables names {', '.join(names)}, which nobody looks at; infra_overrides is looked at"
        yield prospect.link(Part.CONFIGURATION, Verdict.UNKNOWN, reason)


def _own_limit(spec: DeploymentSpec) -> int | None:
    return spec.concurrency_limit.limit if spec.concurrency_limit else None


def _elsewhere(prospect: Prospect[DeploymentSpec], spec: DeploymentSpec) -> Iterator[Link]:
    """What the way does not lead to, as the manifest does not name it, or names another one than the live one."""
    wanted: DeploymentSpec = prospect.manifest.spec
    if spec.work_pool not in {None, wanted.work_pool}:
        message = f"it is in the pool {spec.work_pool}, which its manifest does not name: that one is not looked at"
        yield prospect.link(Part.POOL, Verdict.UNKNOWN, message)
    elif wanted.work_queue is not None and spec.work_queue not in {None, wanted.work_queue}:
        message = f"it is in the queue {spec.work_queue}, and its manifest says {wanted.work_queue}"
        yield prospect.link(Part.QUEUE, Verdict.UNKNOWN, message)
