"""One queue of a Prefect work pool that somebody else manages. Queues of one's own pool stand in its WorkPool."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.impact import AffectedRun, Effect
from pfa_gitops.model.places import Address
from pfa_gitops.model.references import NotAmong, RefTo
from pfa_gitops.model.status import Health, Status, absent
from pfa_gitops.model.values import Action, Change, Ids, Key, Live, Manifest, NamedSpec, Touch
from pfa_gitops.platforms.base import FieldRules, Found, Kind, Observation, Prospect
from pfa_gitops.platforms.prefect._client import Item, PrefectClient, any_of
from pfa_gitops.platforms.prefect._events import last_changes
from pfa_gitops.platforms.prefect._naming import check_name, in_path
from pfa_gitops.platforms.prefect._pool_status import Waiting, read_waiting
from pfa_gitops.platforms.prefect._run_impact import on_queue
from pfa_gitops.platforms.prefect._runs import grouped, unfinished
from pfa_gitops.platforms.prefect._touches import made, touch
from pfa_gitops.platforms.prefect._work_queues import (
    DEFAULT_QUEUE,
    WorkQueueSpec,
    delete_queues,
    live_queue,
    read_all_items,
    read_items,
    write_queues,
)
from pfa_gitops.platforms.prospects import expected, slots


class SingleQueueSpec(NamedSpec):
    """A queue of a work pool that this project does not manage."""

    work_pool: Annotated[str, RefTo("WorkPool", optional=True), NotAmong("queues")] = Field(min_length=1)
    """The pool. It is there already, or a WorkPool that does not list this queue."""
    description: Annotated[str | None, AfterValidator(lambda value: value or "")] = ""
    """What the queue is for."""
    priority: int = Field(default=1, ge=1)
    """1 is served first. The pool's other queues move behind it. Default: the first that is free."""
    concurrency_limit: int | None = Field(default=None, ge=0)
    """How many runs of the queue may run at once. Null: no limit."""
    paused: bool = False
    """No work is given out while it is paused."""


Wanted = Sequence[Manifest[SingleQueueSpec]]
EFFECTS = {Action.DELETE: Effect.DROPPED, Action.REPLACE: Effect.MOVED}
OWN_FIELDS = ("description", "priority", "concurrency_limit", "paused")


class WorkQueue(Kind[SingleQueueSpec, PrefectClient]):
    """Queues are listed by name over all pools. The pool itself is never written."""

    name = "WorkQueue"
    platform = "prefect"
    summary = "a queue of a Prefect work pool that is managed elsewhere"
    part = Part.QUEUE
    rules = FieldRules(lasting=frozenset({"priority"}), guards=frozenset({"concurrency_limit"}))

    @property
    def spec(self) -> type[SingleQueueSpec]:
        """The Spec class."""
        return SingleQueueSpec

    def key(self, name: str, spec: SingleQueueSpec) -> Key:
        """A queue's name is its own within its pool only."""
        return Key(self.name, f"{spec.work_pool}/{spec.name or name}")

    def check(self, manifest: Manifest[SingleQueueSpec]) -> Iterable[Problem]:
        """The name's characters."""
        yield from check_name(manifest, manifest.platform_name)
        yield from check_name(manifest, manifest.spec.work_pool, ("work_pool",))

    async def observe(self, client: PrefectClient, wanted: Wanted) -> Observation:
        """One listing of the queues, and one of the pools."""
        items, absent_pools = await asyncio.gather(_read(client, wanted), _absent_pools(client, wanted))
        lives = [_live(manifest, item) for manifest, item in zip(wanted, items, strict=True) if item is not None]
        return Observation(lives, absent_pools)

    async def discover(self, client: PrefectClient) -> Sequence[Found[SingleQueueSpec]]:
        """One listing of the pools, and one of all their queues, but for each pool's default one."""
        pools = await client.listing("/work_pools/filter", {})
        by_pool = await read_all_items(client, [pool["name"] for pool in pools])
        queues = [item for items in by_pool.values() for item in items if item["name"] != DEFAULT_QUEUE]
        return [self._found(client, queue) for queue in queues]

    def _found(self, client: PrefectClient, queue: Item) -> Found[SingleQueueSpec]:
        spec = SingleQueueSpec(name=queue["name"], work_pool=queue["work_pool_name"])
        return Found(self.bare(queue["name"], spec), queue["id"], _page(client, queue["id"]), made(queue), touch(queue))

    async def create(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """POST, or PATCH where somebody made it meanwhile."""
        spec: SingleQueueSpec = change.manifest.spec
        queue = _queue(change.manifest, spec.model_fields_set)
        await write_queues(client, spec.work_pool, [queue], [])
        return str((await client.get(_path(spec.work_pool, queue.name)))["id"])

    async def update(self, client: PrefectClient, change: Change, ids: Ids) -> None:
        """PATCH by name."""
        desired: SingleQueueSpec = change.manifest.spec
        live: WorkQueueSpec = change.existing.details["queue"]
        await write_queues(client, desired.work_pool, [_queue(change.manifest, desired.model_fields_set)], [live])

    async def delete(self, client: PrefectClient, live: Live[SingleQueueSpec]) -> None:
        """DELETE by name. The queue `default` stays: Prefect lets nobody remove it."""
        queue: WorkQueueSpec = live.details["queue"]
        if queue.name != DEFAULT_QUEUE:
            await delete_queues(client, live.spec.work_pool, [queue.name])

    async def last_changes(
        self, client: PrefectClient, drifted: Mapping[str, Collection[str]]
    ) -> Mapping[str, Touch | None]:
        """From Prefect's events."""
        return await last_changes(client, "work-queue", drifted)

    async def impact(self, client: PrefectClient, changes: Sequence[Change]) -> Mapping[Address, Sequence[AffectedRun]]:
        """One listing of the unfinished runs of the queues that go."""
        going = {change.existing.id: change for change in changes if change.action in EFFECTS}
        if not going:
            return {}
        runs = grouped(await unfinished(client, work_pool_queues={"id": any_of(going)}), "work_queue_id")
        return {change.address: on_queue(runs[id_], EFFECTS[change.action]) for id_, change in going.items()}

    async def status(self, client: PrefectClient, wanted: Wanted) -> Sequence[Status]:
        """What waits in it."""
        items = await _read(client, wanted)
        waiting = await asyncio.gather(*(read_waiting(client, item["id"]) for item in items if item is not None))
        by_id = dict(zip((item["id"] for item in items if item is not None), waiting, strict=True))
        return [
            absent(manifest.address) if item is None else _status(manifest, item, by_id[item["id"]])
            for manifest, item in zip(wanted, items, strict=True)
        ]

    async def links(self, client: PrefectClient, prospects: Sequence[Prospect[SingleQueueSpec]]) -> Sequence[Link]:
        """Whether it is there, and not paused; and its slots. What was observed tells all of that."""
        return [link for prospect in prospects for link in _links(prospect, self.rules)]

    def page(self, client: PrefectClient, live: Live[SingleQueueSpec]) -> str:
        """By its id."""
        return _page(client, live.id)


def _page(client: PrefectClient, queue_id: str) -> str:
    return f"{client.target.console}/work-queues/work-queue/{queue_id}"


def _links(prospect: Prospect[SingleQueueSpec], rules: FieldRules) -> Iterator[Link]:
    spec, there, name = expected(prospect, rules), prospect.there(Part.QUEUE), prospect.manifest.platform_name
    if spec is None or there.verdict is not Verdict.OK:
        yield there
        return
    yield prospect.link(Part.QUEUE, Verdict.NOT, f"the queue {name} is paused") if spec.paused else there
    active = prospect.live.details["active_slots"] if prospect.live else 0
    yield from slots(prospect, f"the queue {name}", spec.concurrency_limit, active)


async def _read(client: PrefectClient, wanted: Wanted) -> list[Item | None]:
    """What the API tells of each queue, in the order of `wanted`."""
    names = [manifest.platform_name for manifest in wanted]
    by_pool = await read_items(client, names, {manifest.spec.work_pool for manifest in wanted})
    found = {(pool, item["name"]): item for pool, items in by_pool.items() for item in items}
    return [found.get((manifest.spec.work_pool, manifest.platform_name)) for manifest in wanted]


async def _absent_pools(client: PrefectClient, wanted: Wanted) -> list[Problem]:
    """A pool that is nowhere. One that a manifest declares is made before its queue."""
    foreign = [manifest for manifest in wanted if not manifest.references]
    names = {manifest.spec.work_pool for manifest in foreign}
    pools = await client.listing("/work_pools/filter", {"work_pools": {"name": any_of(names)}}) if names else []
    there = {pool["name"] for pool in pools}
    return [
        manifest.problem(("work_pool",), f"Prefect has no work pool {name}", "make it, or correct the name")
        for manifest in foreign
        if (name := manifest.spec.work_pool) not in there
    ]


def _live(manifest: Manifest[SingleQueueSpec], item: Item) -> Live[SingleQueueSpec]:
    queue = live_queue(item)
    fields = {name: getattr(queue, name) for name in OWN_FIELDS}
    spec = SingleQueueSpec(name=queue.name, work_pool=manifest.spec.work_pool, **fields)
    return Live(manifest.key, spec, item["id"], {"queue": queue, "active_slots": item.get("active_slots")})


def _queue(manifest: Manifest[SingleQueueSpec], names: Iterable[str]) -> WorkQueueSpec:
    """The queue as a pool's manifest would name it, with those of its fields that are named."""
    named = set(names)
    fields = {name: getattr(manifest.spec, name) for name in OWN_FIELDS if name in named}
    return WorkQueueSpec(name=manifest.platform_name, **fields)


def _path(pool: str, name: str) -> str:
    return f"/work_pools/{in_path(pool)}/queues/{in_path(name)}"


def _status(manifest: Manifest[SingleQueueSpec], item: Mapping[str, object], waiting: Waiting) -> Status:
    paused = bool(item["is_paused"])
    parts = [f"{waiting.scheduled} scheduled", f"{waiting.late} late" if waiting.late else ""]
    message = ", ".join(part for part in ("paused" if paused else "", *parts) if part)
    health = Health.ATTENTION if paused or waiting.late else Health.GOOD
    facts = {"paused": paused, "scheduled": waiting.scheduled, "late": waiting.late}
    return Status(manifest.address, health, message, facts=facts)


KIND = WorkQueue()
