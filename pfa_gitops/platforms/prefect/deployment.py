"""Deployment: a Prefect deployment, and its flow.

The writes are the smallest that do it. Any write drops the deployment's coming runs, and POST, which is an upsert,
makes all schedules anew; so POST is sent only for what is not there, and PATCH only with what differs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path as FilePath

from pfa_gitops.model.chain import Link
from pfa_gitops.model.contract import ContractChange
from pfa_gitops.model.errors import Conflict, NotFound, Problem
from pfa_gitops.model.impact import AffectedRun
from pfa_gitops.model.places import Address
from pfa_gitops.model.status import Status
from pfa_gitops.model.values import Action, Change, Ids, Key, Live, Manifest, Touch
from pfa_gitops.platforms.base import Completed, FieldRules, Flaw, Found, Keyed, Kind, Observation, Prospect, Worded
from pfa_gitops.platforms.prefect import (
    _deployment_checks,
    _deployment_limits,
    _deployment_succession,
    _deployment_words,
    _deployment_writes,
    _schedules,
)
from pfa_gitops.platforms.prefect._block_names import block_names
from pfa_gitops.platforms.prefect._client import Item, PrefectClient, any_of
from pfa_gitops.platforms.prefect._deployment_links import deployment_links
from pfa_gitops.platforms.prefect._deployment_listing import read_every, read_wanted
from pfa_gitops.platforms.prefect._deployment_names import find_deployment
from pfa_gitops.platforms.prefect._deployment_spec import AS_IN_PREFECT, DeploymentSpec, Storage, canonical_schema
from pfa_gitops.platforms.prefect._deployment_status import deployment_statuses
from pfa_gitops.platforms.prefect._events import last_changes
from pfa_gitops.platforms.prefect._flow_source import SourceFlaw, read_flow
from pfa_gitops.platforms.prefect._job_variables import BlockTypes, split
from pfa_gitops.platforms.prefect._left_over_runs import cancel, left_over
from pfa_gitops.platforms.prefect._owners import labels_of, owner_in
from pfa_gitops.platforms.prefect._placeholders import INFRA_TYPES
from pfa_gitops.platforms.prefect._run_impact import on_deployment
from pfa_gitops.platforms.prefect._runs import grouped, of_deployment, unfinished
from pfa_gitops.platforms.prefect._slots import schedule_from, scheduler_is_done
from pfa_gitops.platforms.prefect._touches import made, touch


class Deployment(Kind[DeploymentSpec, PrefectClient]):
    """Observes and writes deployments."""

    name = "Deployment"
    platform = "prefect"
    summary = "Prefect deployment, and its flow"
    runs = True
    rules = FieldRules(
        keyed={"schedules": Keyed("slug")},
        unordered=frozenset({"tags"}),
        whole=frozenset({"parameter_openapi_schema"}),
        filled=frozenset({"flow_name", "description", "parameter_openapi_schema"}),
        lasting=frozenset({"schedules.anchor_date"}),  # another one would move all runs to come
        guards=frozenset({"concurrency_limit.limit", "global_concurrency_limit", "enforce_parameter_schema"}),
    )

    @property
    def spec(self) -> type[DeploymentSpec]:
        """The Spec class."""
        return DeploymentSpec

    def complete(self, spec: DeploymentSpec, root: FilePath) -> Completed[DeploymentSpec]:
        """Fill in what the flow's source says. It may be absent where the code comes from elsewhere."""
        if spec.entrypoint is None:
            return Completed(spec, () if spec.flow_name else (_nameless("neither entrypoint nor flow_name is set"),))
        try:
            source = read_flow(root, spec.entrypoint)
        except SourceFlaw as error:
            return Completed(spec, _flaws_of(error, spec))
        found = {
            "flow_name": source.name,
            "description": source.description,
            "parameter_openapi_schema": canonical_schema(source.schema),
        }
        missing = {
            name: value for name, value in found.items() if name not in spec.model_fields_set and value is not None
        }
        if source.name is None and spec.flow_name is None:
            return Completed(spec, (_nameless(f"the name of the flow {spec.entrypoint} is not a constant"),))
        return Completed(spec.model_copy(update=missing))

    def key(self, name: str, spec: DeploymentSpec) -> Key:
        """A deployment's name is its own within its flow only."""
        return Key(self.name, f"{spec.flow_name}/{spec.name or name}")

    def check(self, manifest: Manifest[DeploymentSpec]) -> Iterable[Problem]:
        """What is wrong beyond types: clashing fields, schedules, parameters."""
        return _deployment_checks.check(manifest)

    async def observe(self, client: PrefectClient, wanted: Sequence[Manifest[DeploymentSpec]]) -> Observation:
        """Read the deployments of the wanted flows and names, the flows, and where needed blocks."""
        by_key = {manifest.key: manifest for manifest in wanted}
        items, types = await asyncio.gather(read_wanted(client, wanted), _block_types(client, wanted))
        ours = {key: item for key, item in items.items() if key in by_key}
        storages = await block_names(client, (item["storage_document_id"] for item in ours.values()))
        return Observation([_live(key, item, by_key[key].spec, types, storages) for key, item in ours.items()])

    async def discover(self, client: PrefectClient) -> Sequence[Found[DeploymentSpec]]:
        """One listing of the deployments, and one of the flows."""
        items = await read_every(client)
        return [self._found(client, key, item) for key, item in items.items()]

    def _found(self, client: PrefectClient, key: Key, item: Item) -> Found[DeploymentSpec]:
        flow_name = key.name.removesuffix(f"/{item['name']}")
        manifest = self.bare(item["name"], DeploymentSpec(name=item["name"], flow_name=flow_name))
        owner = owner_in(item.get("labels"))
        return Found(manifest, item["id"], _page(client, item["id"]), made(item), touch(item), owner)

    async def worded(
        self, client: PrefectClient, lives: Sequence[Live[DeploymentSpec]]
    ) -> Sequence[Worded[DeploymentSpec]]:
        """With overrides where there is an infra block, and without slugs that nobody gave."""
        return [Worded(_deployment_words.worded(live)) for live in lives]

    async def create(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """Make the flow where it is missing, then the deployment, which must not be there: POST would overwrite it."""
        spec, name = change.manifest.spec, change.key.name
        flow_name, _, deployment_name = name.partition("/")
        flow_id = await _deployment_writes.flow_id(client, flow_name)
        if await find_deployment(client, name) is not None:
            raise Conflict(f"the deployment {name} was made by somebody else meanwhile", "plan and apply again")
        body = await _deployment_writes.body(client, spec, None, ids)
        body |= {"name": deployment_name, "flow_id": flow_id, "labels": labels_of(client.owner, client.source)}
        made = await client.post("/deployments/", body)
        if again := _deployment_writes.sent_again(spec.schedules, {}):
            await client.patch(f"/deployments/{made['id']}", {"schedules": again})
        return str(made["id"])

    async def update(self, client: PrefectClient, change: Change, ids: Ids) -> None:
        """Write what differs: what must go first, then one PATCH."""
        await _deployment_writes.update(client, change, ids)

    async def succeed(self, client: PrefectClient, change: Change, create: Callable[[Change], Awaitable[str]]) -> str:
        """The new one is there, and has what waits, before the old one goes."""
        made = await _deployment_succession.succeed(client, change, create)
        await self.delete(client, change.existing)
        return made

    async def afterwards(self, client: PrefectClient, change: Change) -> None:
        """Drop what Prefect's scheduler may have made meanwhile of what it had read before the write."""
        starts = _deployment_writes.starts_runs(change)
        other_runs = change.action is Action.UPDATE and change.changed & _deployment_writes.RUNS_HAVE
        if other_runs and (starts or _deployment_writes.started_runs(change)):
            await scheduler_is_done()
            body, since = _deployment_writes.accepted({}, change.existing), client.now()
            await client.patch(f"/deployments/{change.existing.id}", body)
            if starts:
                await schedule_from(client, change.existing.id, since)

    async def last_changes(
        self, client: PrefectClient, drifted: Mapping[str, Collection[str]]
    ) -> Mapping[str, Touch | None]:
        """From Prefect's events."""
        return await last_changes(client, "deployment", drifted)

    async def impact(self, client: PrefectClient, changes: Sequence[Change]) -> Mapping[Address, Sequence[AffectedRun]]:
        """One listing of the unfinished runs of what is to be written."""
        existing = {change.live.id: change for change in changes if change.live}
        if not existing:
            return {}
        runs = await unfinished(client, flow_runs=of_deployment(*existing))
        groups, now = grouped(runs, "deployment_id"), client.now_at_most()
        return {change.address: on_deployment(change, groups[id_], now) for id_, change in existing.items()}

    async def contract(
        self, client: PrefectClient, changes: Sequence[Change], plan: Sequence[Change]
    ) -> Mapping[Address, Sequence[ContractChange]]:
        """Two listings where something breaks, none where nothing does."""
        if not any(change.live and "parameter_openapi_schema" in change.changed for change in changes):
            return {}  # of what is new, nobody has used the parameters
        from pfa_gitops.platforms.prefect._contract import contracts  # noqa: PLC0415 - brings what automations are

        return await contracts(client, changes, plan)

    async def delete(self, client: PrefectClient, live: Live[DeploymentSpec]) -> None:
        """Remove the deployment: cancel what waits before, and let go of a shared limit, which would go with it."""
        path = f"/deployments/{live.id}"
        runs = await left_over(client, flow_runs=of_deployment(live.id))
        await cancel(client, runs, f"the deployment {live.key.name} was deleted")
        if live.spec.global_concurrency_limit:
            with suppress(NotFound):  # it is gone already
                await client.patch(path, _deployment_writes.accepted(dict(_deployment_limits.UNLINK), live))
        await client.remove(path)

    async def status(self, client: PrefectClient, wanted: Sequence[Manifest[DeploymentSpec]]) -> Sequence[Status]:
        """Whether it is there, whether it is paused, and its last run."""
        items = await read_wanted(client, wanted)
        return await deployment_statuses(client, {manifest.address: items.get(manifest.key) for manifest in wanted})

    async def links(self, client: PrefectClient, prospects: Sequence[Prospect[DeploymentSpec]]) -> Sequence[Link]:
        """Whether it has a pool, and its own limit. What was observed tells all of that."""
        return [link for prospect in prospects for link in deployment_links(prospect, self.rules)]

    def page(self, client: PrefectClient, live: Live[DeploymentSpec]) -> str:
        """By its id."""
        return _page(client, live.id)


def _page(client: PrefectClient, deployment_id: str) -> str:
    return f"{client.target.console}/deployments/deployment/{deployment_id}"


def _nameless(message: str, mend: str = "") -> Flaw:
    return Flaw(("flow_name",), message, f"{mend} write the flow's name as `flow_name:`".lstrip())


def _flaws_of(error: SourceFlaw, spec: DeploymentSpec) -> tuple[Flaw, ...]:
    """A file that the project does not hold is no flaw where the manifest says where the code is.

    Nor is a flow that only running the file would tell of, where the manifest names it.
    """
    if error.unseen and spec.flow_name:
        return ()
    elsewhere = any(part is not None for part in (spec.pull_steps, spec.storage, spec.path))
    if not (error.absent and elsewhere):
        return (Flaw(("entrypoint",), error.message, error.mend),)
    if spec.flow_name:
        return ()
    mend = f"{error.mend} Else" if error.mend.endswith("?") else ""
    return (_nameless(f"{error.message}, so that the flow's name is not known", mend),)


async def _block_types(client: PrefectClient, wanted: Sequence[Manifest[DeploymentSpec]]) -> BlockTypes:
    """The types of the live infra blocks by name, asked for only where a manifest refers to one."""
    if not any(manifest.spec.infra_block for manifest in wanted):
        return {}
    body = {"block_types": {"slug": any_of(INFRA_TYPES)}, "sort": "BLOCK_TYPE_AND_NAME_ASC"}
    documents = await client.listing("/block_documents/filter", body)
    names = {document["name"] for document in documents}
    return {
        name: frozenset(document["block_type"]["slug"] for document in documents if document["name"] == name)
        for name in names
    }


def _live(
    key: Key, item: Item, wanted: DeploymentSpec, types: BlockTypes, storages: Mapping[str, str]
) -> Live[DeploymentSpec]:
    """A deployment as the server tells it, in the manifest's terms."""
    schedules = _schedules.with_slugs([_schedules.from_wire(schedule) for schedule in item["schedules"]])
    limits = _deployment_limits.read(item, wanted.concurrency_limit)
    parts = split(item["job_variables"] or {}, wanted, types)
    storage = storages.get(item["storage_document_id"])
    fields = {name: item[name] for name in AS_IN_PREFECT} | parts._asdict()
    spec = DeploymentSpec.model_construct(
        **fields,
        flow_name=wanted.flow_name,
        name=item["name"],
        work_pool=item["work_pool_name"],
        work_queue=_work_queue(item, wanted),
        storage=Storage(block=storage) if storage else None,
        parameter_openapi_schema=canonical_schema(item["parameter_openapi_schema"]),
        schedules=_schedules.in_terms_of(schedules, wanted.schedules),
        concurrency_limit=limits.own,
        global_concurrency_limit=limits.shared,
    )
    pairs = list(zip(schedules, item["schedules"], strict=True))
    details = {
        "job_variables": item["job_variables"] or {},
        "parts": parts,
        "schedule_ids": {schedule.slug: found["id"] for schedule, found in pairs},
        "unslugged": frozenset(schedule.slug for schedule, found in pairs if found.get("slug") is None),
        "status": item.get("status"),
        "active_slots": (item.get("global_concurrency_limit") or {}).get("active_slots"),
        "has_schema": isinstance(item["parameter_openapi_schema"], dict),
    }
    return Live(key, spec, item["id"], details, touch(item), owner_in(item.get("labels")))


def _work_queue(item: Item, wanted: DeploymentSpec) -> str | None:
    """The queue. Where the manifest says null, which means the default one, that one is told as null."""
    queue: str | None = item["work_queue_name"]
    named = "work_queue" in wanted.model_fields_set
    return None if named and wanted.work_queue is None and queue == "default" else queue


KIND = Deployment()
