"""A Prefect automation: what is done when events are seen, or are not seen.

PUT makes the triggers anew, so that what they have counted so far is lost; `enabled` alone goes by PATCH.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.plain import plain
from pfa_gitops.model.references import RefTo, mentions
from pfa_gitops.model.status import Cell, Health, Status, absent
from pfa_gitops.model.values import Change, Ids, Key, Live, Manifest
from pfa_gitops.platforms.base import FieldRules, Flaw, Found, Kind, Observation, Worded
from pfa_gitops.platforms.overlaid import overlaid
from pfa_gitops.platforms.prefect._automation_checks import flaws, only_in_cloud
from pfa_gitops.platforms.prefect._automation_names import NamesById, read_ids, read_names
from pfa_gitops.platforms.prefect._automation_resources import Named, named_in
from pfa_gitops.platforms.prefect._automation_spec import AutomationSpec
from pfa_gitops.platforms.prefect._automation_triggers import EventTrigger
from pfa_gitops.platforms.prefect._automation_wire import Body, Item, from_wire, ids_in, to_wire
from pfa_gitops.platforms.prefect._client import PrefectClient, any_of
from pfa_gitops.platforms.prefect._touches import made, touch

Wanted = Sequence[Manifest[AutomationSpec]]


class Automation(Kind[AutomationSpec, PrefectClient]):
    """Automations are listed by name, which need not be unique; what they refer to is read by id, in bulk."""

    name = "Automation"
    platform = "prefect"
    summary = "a Prefect automation"
    rules = FieldRules(
        unordered=frozenset({"tags"}),
        lasting=frozenset({"trigger.within"}),  # its default depends on the posture, and is the server's
    )

    @property
    def spec(self) -> type[AutomationSpec]:
        """The Spec class."""
        return AutomationSpec

    def check(self, manifest: Manifest[AutomationSpec]) -> Iterable[Problem]:
        """Names in the wrong place, and runs that start runs without end."""
        return [manifest.problem(*flaw) for flaw in flaws(manifest.spec)]

    async def observe(self, client: PrefectClient, wanted: Wanted) -> Observation:
        """One listing of the automations, and one of each sort of resource that they refer to."""
        found = await _by_name(client, wanted)
        names = await read_names(client, (one for items in found.values() for item in items for one in ids_in(item)))
        lives, problems = [], [*_cloud_problems(client, wanted), *_half_names(wanted)]
        for manifest in wanted:
            items = found[manifest.key.name]
            if (problem := _in_the_way(manifest, items, names)) is not None:
                problems.append(problem)
            elif items:
                spec = from_wire(items[0], manifest.spec, names)
                lives.append(Live(manifest.key, spec, items[0]["id"]))
        return Observation(lives, problems)

    async def discover(self, client: PrefectClient) -> Sequence[Found[AutomationSpec]]:
        """One listing of the automations, and one of each sort of resource that they refer to."""
        items = await client.listing("/automations/filter", {})
        names = await read_names(client, (one for item in items for one in ids_in(item)))
        return [self._found(client, item, _owner(item, names)) for item in items]

    def _found(self, client: PrefectClient, item: Item, owner: str | None) -> Found[AutomationSpec]:
        spec = AutomationSpec.model_construct(name=item["name"], trigger=EventTrigger(type="event"))
        page = _page(client, item["id"])
        made_by = f"`prefect deploy`, for {owner}" if owner else ""
        return Found(self.bare(item["name"], spec), item["id"], page, made(item), touch(item), made_by=made_by)

    async def worded(
        self, client: PrefectClient, lives: Sequence[Live[AutomationSpec]]
    ) -> Sequence[Worded[AutomationSpec]]:
        """As it is; what it names and is gone is told, as no manifest can name it."""
        return [
            Worded(_worded(live.spec), [_gone(one) for one in sorted(set(ids_in(plain(live.spec))))]) for live in lives
        ]

    async def create(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """POST."""
        body = await _body(client, change.manifest.spec, change.key, ids)
        return str((await client.post("/automations/", body))["id"])

    async def update(self, client: PrefectClient, change: Change, ids: Ids) -> None:
        """PATCH where it is only switched on or off, else PUT the whole."""
        path, desired = f"/automations/{change.existing.id}", change.manifest.spec
        if change.changed == {"enabled"}:
            await client.patch(path, {"enabled": desired.enabled})
            return
        whole = overlaid(desired, change.existing.spec, self.rules)
        await client.put(path, await _body(client, whole, change.key, ids))

    async def delete(self, client: PrefectClient, live: Live[AutomationSpec]) -> None:
        """DELETE by id."""
        await client.remove(f"/automations/{live.id}")

    def page(self, client: PrefectClient, live: Live[AutomationSpec]) -> str:
        """By its id."""
        return _page(client, live.id)

    async def status(self, client: PrefectClient, wanted: Wanted) -> Sequence[Status]:
        """Whether it is on, and whether all is there that it acts upon."""
        found = await _by_name(client, wanted)
        names = await read_names(client, (one for items in found.values() for item in items for one in ids_in(item)))
        return [_status(manifest, found[manifest.key.name], names) for manifest in wanted]


def _worded(spec: AutomationSpec) -> AutomationSpec:
    """Without a time that is no time: the one of a trigger that reacts at once."""
    trigger = spec.trigger
    if not isinstance(trigger, EventTrigger) or trigger.within:
        return spec
    fields = {name: getattr(trigger, name) for name in trigger.model_fields_set - {"within"}}
    return spec.model_copy(update={"trigger": EventTrigger.model_construct(**fields)})


def _gone(resource: Named) -> Flaw:
    shown = resource.sort.replace("_", " ")
    return Flaw(
        (), f"it names a {shown} that is gone: {resource.name}", "take it out in Prefect, or write what it meant"
    )


async def _body(client: PrefectClient, spec: AutomationSpec, key: Key, ids: Ids) -> Body:
    return to_wire(spec, key.name, await read_ids(client, named_in(spec), ids))


async def _by_name(client: PrefectClient, wanted: Wanted) -> Mapping[str, list[Item]]:
    body = {"automations": {"name": any_of(manifest.key.name for manifest in wanted)}}
    found: dict[str, list[Item]] = defaultdict(list)
    for item in await client.listing("/automations/filter", body):
        found[item["name"]].append(item)
    return found


def _in_the_way(manifest: Manifest[AutomationSpec], items: Sequence[Item], names: NamesById) -> Problem | None:
    """Why the automation of this name cannot be written."""
    name = manifest.key.name
    if len(items) > 1:
        message = f"Prefect has {len(items)} automations called {name}, and nothing tells which one is meant"
        return manifest.problem(("name",), message, "rename or delete all but one of them in Prefect")
    known = manifest.adopt or manifest.applied  # by now `prefect deploy` is said to run no more, or it is ours anyway
    if items and not known and (owner := _owner(items[0], names)) is not None:
        message = f"the automation {name} belongs to {owner}: `prefect deploy` makes it anew each time"
        mend = (
            f"give yours another name; or, once `prefect deploy` runs no more, `pfa-gitops import {manifest.address}`"
        )
        return manifest.problem(("name",), message, mend)
    return None


def _owner(item: Item, names: NamesById) -> str | None:
    """Whose automation it is. A server of one's own does not tell; there the name that `prefect deploy` gives does."""
    if owner := item.get("owner_resource"):
        return str(owner)
    steps: Sequence[Mapping[str, Any]] = item["actions"]
    if [step["type"] for step in steps] != ["run-deployment"]:
        return None
    deployment = names.get(Named("deployment", steps[0].get("deployment_id") or ""), "")
    given = re.escape(deployment.partition("/")[2])
    return f"the deployment {deployment}" if re.fullmatch(rf"{given}__automation_\d+", item["name"]) else None


def _cloud_problems(client: PrefectClient, wanted: Wanted) -> Iterable[Problem]:
    """A server of one's own refuses the whole automation, and does not say why in words that help."""
    if client.target.cloud:
        return
    for manifest in wanted:
        for path, what in only_in_cloud(manifest.spec):
            mend = "leave it out, or set PREFECT_CLOUD_API_URL where this is a Prefect Cloud"
            yield manifest.problem(path, f"{what} is for Prefect Cloud only", mend)


def _half_names(wanted: Wanted) -> Iterable[Problem]:
    """Of a deployment that no manifest declares, its own name alone does not tell which one is meant."""
    for manifest in wanted:
        for place in mentions(manifest.spec):
            if isinstance(place.marker, RefTo) and place.marker.kind == "Deployment" and "/" not in place.text:
                message = f"the deployment {place.text} is not of this project, so that its flow is not known"
                yield manifest.problem(place.path, message, f"write `flow name/{place.text}`")


def _page(client: PrefectClient, automation_id: str) -> str:
    return f"{client.target.console}/automations/automation/{automation_id}"


def _status(manifest: Manifest[AutomationSpec], items: Sequence[Item], names: NamesById) -> Status:
    if not items:
        return absent(manifest.address)
    if len(items) > 1:
        return Status(manifest.address, Health.ATTENTION, f"there are {len(items)} of this name")
    item = items[0]
    facts: dict[str, Cell] = {"enabled": bool(item["enabled"]), "trigger": str(item["trigger"].get("type"))}
    gone = sorted({resource for resource in ids_in(item) if resource not in names})
    if gone:
        message = f"it names a {gone[0].sort.replace('_', ' ')} that is gone: {gone[0].name}"
        return Status(manifest.address, Health.BAD, message, facts=facts)
    health = Health.GOOD if item["enabled"] else Health.ATTENTION
    return Status(manifest.address, health, "enabled" if item["enabled"] else "disabled", facts=facts)


KIND = Automation()
