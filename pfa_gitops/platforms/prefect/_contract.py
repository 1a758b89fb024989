"""What a plan does to the parameters that deployments take, and who still gives what no longer fits. Reads only.

The automations and the runs are listed only where a change breaks something, once for all deployments.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pfa_gitops.model.contract import ContractChange, Hit, HitSort
from pfa_gitops.model.errors import Unauthorized
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change
from pfa_gitops.platforms.prefect._automation_actions import RunDeployment
from pfa_gitops.platforms.prefect._automation_spec import AutomationSpec
from pfa_gitops.platforms.prefect._automation_wire import STEP_LISTS
from pfa_gitops.platforms.prefect._client import Item, Listing, PrefectClient
from pfa_gitops.platforms.prefect._parameter_values import RENDERED_BY_PREFECT, missing, mistyped, unknown
from pfa_gitops.platforms.prefect._runs import grouped, is_coming, is_under_way, of_deployment, unfinished
from pfa_gitops.platforms.prefect._schema_changes import contract_changes
from pfa_gitops.platforms.prefect._schema_parts import Schema

Contracts = Mapping[Address, Sequence[ContractChange]]
Parameters = Mapping[str, Any]
Misfits = Callable[[Parameters, Parameters], set[str]]
"""The names of parameters that fit the live schema and not the desired one. Takes those that somebody gives, and those
that the run has in the end."""
SCHEMA = "parameter_openapi_schema"
TEMPLATE = "{{"


async def contracts(client: PrefectClient, changes: Sequence[Change], plan: Sequence[Change]) -> Contracts:
    """The changes to the parameters of each deployment whose schema changes; `plan` has those of all kinds."""
    found = {change.address: (change, _contract(change)) for change in changes if _changes_schema(change)}
    broken = [change for change, contract in found.values() if any(one.breaking for one in contract)]
    if not broken:
        return {address: contract for address, (_, contract) in found.items()}
    automations, runs = await asyncio.gather(
        _automations(client),
        unfinished(client, flow_runs=of_deployment(*(change.existing.id for change in broken))),
    )
    foreign = _not_in(plan, automations)
    runs = [run for run in runs if not is_under_way(run) and not is_coming(run, client.now_at_most())]
    by_deployment = grouped(runs, "deployment_id")
    return {
        address: _with_hits(contract, who_is_hit(change, plan, foreign, by_deployment[change.existing.id]))
        for address, (change, contract) in found.items()
    }


async def _automations(client: PrefectClient) -> Listing:
    """All automations; none where the key may not read them, as the plan itself does not need them."""
    try:
        return await client.listing("/automations/filter", {})
    except Unauthorized:
        return []


def _changes_schema(change: Change) -> bool:
    return change.desired is not None and change.live is not None and SCHEMA in change.changed


def _contract(change: Change) -> list[ContractChange]:
    live, desired = (side.spec.parameter_openapi_schema for side in (change.existing, change.manifest))
    return contract_changes(live, desired, _afterwards(change, "parameters"))


def _afterwards(change: Change, field: str) -> Any:
    """The value of a field once the change is applied: what no manifest names stays."""
    named = field in change.manifest.spec.model_fields_set
    return getattr(change.manifest.spec if named else change.existing.spec, field)


def _not_in(plan: Sequence[Change], automations: Listing) -> Listing:
    """The live automations that the plan says nothing of."""
    known = {change.live.id for change in plan if change.live and change.address.kind == "Automation"}
    return [item for item in automations if item["id"] not in known]


def _with_hits(contract: Sequence[ContractChange], hits: Sequence[tuple[str, Hit]]) -> list[ContractChange]:
    """Each hit at the first change that breaks its parameter."""
    left = dict.fromkeys(name for name, _ in hits)
    made = []
    for change in contract:
        own = change.breaking and change.parameter in left
        if own:
            del left[change.parameter]
        made.append(change._replace(hits=tuple(hit for name, hit in hits if own and name == change.parameter)))
    return made


def who_is_hit(change: Change, plan: Sequence[Change], automations: Listing, runs: Listing) -> list[tuple[str, Hit]]:
    """Whom the change hits, by parameter."""
    misfits = _misfits(change.existing.spec.parameter_openapi_schema, change.manifest.spec.parameter_openapi_schema)
    own: Parameters = _afterwards(change, "parameters")
    hits = [(name, Hit(HitSort.DEPLOYMENT, change.address.name)) for name in sorted(misfits(own, own) & own.keys())]
    for schedule in _afterwards(change, "schedules"):
        names = misfits(schedule.parameters, {**own, **schedule.parameters})
        hits += [(name, Hit(HitSort.SCHEDULE, str(schedule.slug))) for name in sorted(names)]
    for automation, given in [*_planned(change, plan), *_live(change, automations)]:
        names = misfits(_rendered(given), {**own, **given})
        hits += [(name, Hit(HitSort.AUTOMATION, automation)) for name in sorted(names)]
    return [*hits, *_runs_hit(misfits, runs)]


def _misfits(live: Schema, desired: Schema) -> Misfits:
    def wrong(schema: Schema, given: Parameters, whole: Parameters) -> set[str]:
        told = [*unknown(schema, given), *mistyped(schema, given)]
        return {str(flaw.path[0]) for flaw in told} | set(missing(schema, whole))

    return lambda given, whole: wrong(desired, given, whole) - wrong(live, given, whole)


def _planned(change: Change, plan: Sequence[Change]) -> Iterator[tuple[str, Parameters]]:
    """The automations of the manifests that start runs of the deployment, and what they give them."""
    names = {change.address.name, change.key.name}
    for other in plan:
        spec = other.desired.spec if other.desired and other.action is not Action.DELETE else None
        if isinstance(spec, AutomationSpec):
            for step in (step for field in STEP_LISTS for step in getattr(spec, field)):
                if isinstance(step, RunDeployment) and step.deployment in names:
                    yield other.address.name, step.parameters


def _live(change: Change, automations: Listing) -> Iterator[tuple[str, Parameters]]:
    for item in automations:
        for step in (step for field in STEP_LISTS for step in item.get(field) or []):
            if step.get("type") == "run-deployment" and step.get("deployment_id") == change.existing.id:
                yield item["name"], step.get("parameters") or {}


def _rendered(value: Any) -> Any:
    """Texts that Prefect renders when the automation acts may become anything."""
    if isinstance(value, str) and TEMPLATE in value:
        return {RENDERED_BY_PREFECT: "jinja"}
    if isinstance(value, Mapping):
        return {name: _rendered(item) for name, item in value.items()}
    return [_rendered(item) for item in value] if isinstance(value, list) else value


def _runs_hit(misfits: Misfits, runs: Sequence[Item]) -> Iterator[tuple[str, Hit]]:
    """For each parameter one hit, with one run's name and how many there are."""
    by_parameter: dict[str, list[str]] = {}
    for run in runs:
        given = run.get("parameters") or {}
        for name in misfits(given, given):
            by_parameter.setdefault(name, []).append(run["name"])
    for name, hit in sorted(by_parameter.items()):
        yield name, Hit(HitSort.RUN, min(hit), len(hit))
