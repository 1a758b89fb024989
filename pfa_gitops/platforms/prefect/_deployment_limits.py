"""A deployment's limits, its own and a global one that it shares, as the REST API tells and takes them. Pure.

Prefect keeps one link to a global limit, and makes one called `deployment:<id>` for a limit of the deployment's own.
Two traps follow. `concurrency_limit: null` deletes whatever limit is linked, a shared one too; and so does DELETE of
the deployment. A number given while a shared limit is linked changes that limit for everybody.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pfa_gitops.model.values import Live
from pfa_gitops.platforms.prefect._deployment_spec import Concurrency, DeploymentSpec

OWN = "deployment:"
OPTIONS = ("collision_strategy", "grace_period_seconds")

Body = dict[str, Any]
UNLINK: Body = {"global_concurrency_limit_id": None}
"""Lets go of a limit and leaves it alone."""


class Limits(NamedTuple):
    """The limits as the fields of a Deployment."""

    own: Concurrency | None
    shared: str | None


def read(item: Mapping[str, Any], wanted: Concurrency | None) -> Limits:
    """The limits of a deployment as the server tells it. `concurrency_limit` there is always null.

    Where the manifest writes a mapping, it is told as one though there is no limit: a field of it may be null.
    """
    linked = item.get("global_concurrency_limit") or {}
    options = {name: value for name, value in (item.get("concurrency_options") or {}).items() if name in OPTIONS}
    shared = linked.get("name") if not str(linked.get("name", OWN)).startswith(OWN) else None
    limit = {} if shared or not linked else {"limit": linked["limit"]}
    own = Concurrency.model_construct(**limit, **options) if limit or options or wanted else None
    return Limits(own, shared)


def before_update(desired: DeploymentSpec, live: DeploymentSpec) -> Body:
    """What must be written first, where one sort of limit takes the other's place; else nothing."""
    if live.global_concurrency_limit and desired.concurrency_limit and desired.concurrency_limit.limit:
        return dict(UNLINK)
    has_own = live.concurrency_limit is not None and live.concurrency_limit.limit is not None
    if desired.global_concurrency_limit and has_own:
        return {"concurrency_limit": None}
    return {}


def own_body(desired: DeploymentSpec, live: Live[DeploymentSpec] | None) -> Body:
    """The fields that set the deployment's own limit, laid over what is live."""
    wanted, before = desired.concurrency_limit, live.spec.concurrency_limit if live else None
    if wanted is None:
        gone = {"concurrency_limit": None} if _may_be_deleted(desired, before) else {}
        return gone | ({"concurrency_options": None} if live else {})
    named = wanted.model_fields_set
    body: Body = {"concurrency_limit": wanted.limit} if wanted.limit is not None else {}
    if "limit" in named and wanted.limit is None and _may_be_deleted(desired, before):
        body["concurrency_limit"] = None
    if named & set(OPTIONS):
        kept = {name: getattr(before, name) for name in OPTIONS if before and name in before.model_fields_set}
        options = {"collision_strategy": "ENQUEUE"} | kept
        body["concurrency_options"] = options | {name: getattr(wanted, name) for name in OPTIONS if name in named}
    return body


def _may_be_deleted(desired: DeploymentSpec, before: Concurrency | None) -> bool:
    """Only a limit of the deployment's own, and only where no shared one takes its place in the same request."""
    has_own = before is not None and before.limit is not None
    return has_own and desired.global_concurrency_limit is None
