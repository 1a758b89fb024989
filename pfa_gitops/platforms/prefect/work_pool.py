"""A Prefect work pool and its queues: what workers poll, and how a run's variables become a job."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from pfa_gitops.model.chain import Link, Part
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.impact import AffectedRun
from pfa_gitops.model.places import Address
from pfa_gitops.model.references import RefTo
from pfa_gitops.model.status import Status
from pfa_gitops.model.values import ABSENT, Action, Change, Ids, Key, Live, Manifest, NamedSpec, Spec, Touch
from pfa_gitops.platforms.base import FieldRules, Found, Keyed, Kind, Observation, Prospect, Worded
from pfa_gitops.platforms.overlaid import overlaid
from pfa_gitops.platforms.prefect._block_names import block_id, block_names
from pfa_gitops.platforms.prefect._client import Item, Listing, PrefectClient, any_of
from pfa_gitops.platforms.prefect._events import last_changes
from pfa_gitops.platforms.prefect._left_over_runs import cancel, follow, left_over
from pfa_gitops.platforms.prefect._naming import check_name, in_path
from pfa_gitops.platforms.prefect._placeholders import WithPlaceholders
from pfa_gitops.platforms.prefect._pool_links import pool_links
from pfa_gitops.platforms.prefect._pool_replacement import bring_back, hand_over, read_former, replace
from pfa_gitops.platforms.prefect._pool_status import pool_statuses
from pfa_gitops.platforms.prefect._run_impact import on_pool, on_queue
from pfa_gitops.platforms.prefect._runner_documents import runner_documents
from pfa_gitops.platforms.prefect._runs import grouped, unfinished
from pfa_gitops.platforms.prefect._slots import scheduler_is_done
from pfa_gitops.platforms.prefect._touches import made, touch
from pfa_gitops.platforms.prefect._work_queues import (
    DEFAULT_DESCRIPTION,
    DEFAULT_QUEUE,
    WorkQueueSpec,
    delete_queues,
    read_all_items,
    read_queues,
    write_queues,
)

RESERVED = "prefect"
"""Pools whose name starts with it, in any case, belong to Prefect [api/workers.py]."""
AGENT_POOL = "default-agent-pool"
"""The server makes it when something asks for a queue of no pool [models/workers.py]."""


class StorageConfigurationSpec(Spec):
    """How code bundles and results of ad-hoc submissions to the pool are kept."""

    bundle_upload_step: dict[str, Any] | None = None
    """The step that uploads a bundle."""
    bundle_execution_step: dict[str, Any] | None = None
    """The step that executes a bundle."""
    default_result_storage_block: Annotated[str | None, RefTo("Block")] = Field(
        default=None, min_length=1, examples=["s3-bucket/results"]
    )
    """The block document in which results are kept, as `slug/name`."""


class WorkPoolSpec(NamedSpec):
    """A work pool."""

    type: str = Field(min_length=1, examples=["anyscale", "process", "docker", "kubernetes"])
    """The type of worker that serves the pool. A change replaces the pool."""
    description: str | None = None
    """What the pool is for."""
    paused: bool = False
    """No work is given out while it is paused."""
    concurrency_limit: int | None = Field(default=None, ge=0)
    """How many runs of the pool may run at once. Null: no limit."""
    base_job_template: dict[str, WithPlaceholders] = Field(default_factory=dict)
    """`job_configuration` and `variables`: how a run's variables become a job. Default: the template of the type."""
    storage_configuration: StorageConfigurationSpec = Field(default_factory=StorageConfigurationSpec)
    """How code bundles and results of ad-hoc submissions to the pool are kept."""
    queues: list[WorkQueueSpec] = Field(default_factory=list)
    """Queues of the pool. Those that no manifest ever named are left alone."""


WIRE = {"paused": "is_paused"}
GOES = frozenset({Action.DELETE, Action.REPLACE})
PLAIN = ("type", "description", "paused", "concurrency_limit", "base_job_template")


class WorkPool(Kind[WorkPoolSpec, PrefectClient]):
    """Pools and queues are listed by name; a pool is written first, then its queues one by one."""

    name = "WorkPool"
    platform = "prefect"
    summary = "a Prefect work pool and its queues"
    part = Part.POOL
    rules = FieldRules(
        immutable=frozenset({"type"}),
        keyed={"queues": Keyed("name", exclusive=False, lasting=frozenset({DEFAULT_QUEUE}))},
        # Without them a new pool or queue gets what suits it then.
        lasting=frozenset({"base_job_template", "queues.priority"}),
        guards=frozenset({"concurrency_limit", "queues.concurrency_limit"}),
    )

    @property
    def spec(self) -> type[WorkPoolSpec]:
        """The Spec class."""
        return WorkPoolSpec

    def check(self, manifest: Manifest[WorkPoolSpec]) -> Iterable[Problem]:
        """Names, the template's two halves, and queues that cannot be told apart."""
        name = manifest.platform_name
        yield from check_name(manifest, name)
        if name.lower().startswith(RESERVED):
            yield manifest.problem(("name",), f"the name {name} is reserved by Prefect", "let it start otherwise")
        template = manifest.spec.base_job_template
        if template and (missing := {"job_configuration", "variables"} - template.keys()):
            message = f"a base job template needs {' and '.join(sorted(missing))}"
            yield manifest.problem(
                ("base_job_template",), message, "start from `prefect work-pool get-default-base-job-template`"
            )
        yield from _check_queues(manifest)

    async def observe(self, client: PrefectClient, wanted: Sequence[Manifest[WorkPoolSpec]]) -> Observation:
        """One listing of the pools, one of all their queues, and the known types where a pool is to be made."""
        names = {manifest.key.name for manifest in wanted}
        listed = await client.listing("/work_pools/filter", {"work_pools": {"name": any_of(names)}})
        pools = [pool for pool in listed if pool["name"] in names]
        queues = await read_queues(client, [name for item in wanted for name in _queues_of(item)], names)
        storages = await block_names(client, [_stored(pool).get(_STORAGE_ID) for pool in pools])
        types = {pool["name"]: pool["type"] for pool in pools}
        made = [manifest for manifest in wanted if types.get(manifest.key.name) != manifest.spec.type]
        lives = [_live(pool, queues[pool["name"]], storages) for pool in pools]
        return Observation(lives, await _unknown_types(client, made))

    async def discover(self, client: PrefectClient) -> Sequence[Found[WorkPoolSpec]]:
        """One listing of the pools, and one of all their queues."""
        pools = await client.listing("/work_pools/filter", {})
        queues = await read_all_items(client, [pool["name"] for pool in pools])
        return [self._found(client, pool, queues[pool["name"]]) for pool in pools]

    def _found(self, client: PrefectClient, pool: Item, queues: Listing) -> Found[WorkPoolSpec]:
        named = [WorkQueueSpec(name=queue["name"]) for queue in queues]
        manifest = self.bare(pool["name"], WorkPoolSpec(name=pool["name"], type=pool["type"], queues=named))
        page = _page(client, pool["name"])
        made_by = "Prefect itself" if pool["name"] == AGENT_POOL else ""
        return Found(manifest, pool["id"], page, made(pool), touch(pool), made_by=made_by)

    async def worded(
        self, client: PrefectClient, lives: Sequence[Live[WorkPoolSpec]]
    ) -> Sequence[Worded[WorkPoolSpec]]:
        """Without the template that the type has anyway, and without a default queue that nobody touched."""
        templates = await _templates(client)
        return [Worded(_worded(live.spec, templates.get(live.spec.type))) for live in lives]

    async def create(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """POST the pool, then its queues."""
        spec: WorkPoolSpec = change.manifest.spec
        created = await client.post("/work_pools/", {"name": change.key.name, **await _new(client, spec, ids)})
        await write_queues(client, change.key.name, spec.queues, [])
        return str(created["id"])

    async def update(self, client: PrefectClient, change: Change, ids: Ids) -> None:
        """PATCH the pool's changed fields, then its queues."""
        desired, live = change.manifest.spec, change.existing.spec
        if body := await _body(client, overlaid(desired, live, self.rules), ids, change.changed):
            await client.patch(f"/work_pools/{in_path(change.key.name)}", body)
        if "queues" in change.changed:
            await write_queues(client, change.key.name, desired.queues, live.queues)
            await delete_queues(client, change.key.name, _left(change))

    async def replace(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """DELETE and POST. The new pool takes over what no manifest ever named, and all deployments."""
        spec: WorkPoolSpec = change.manifest.spec
        named = await _new(client, spec, ids)
        former = await read_former(client, change.key.name)
        return await replace(client, former, former.body(named), former.all_queues(spec.queues, _left(change)))

    async def succeed(self, client: PrefectClient, change: Change, create: Callable[[Change], Awaitable[str]]) -> str:
        """The new pool gets what the manifest does not name, all deployments and what waits before the old one goes."""
        former, name = await read_former(client, change.existing.key.name), change.key.name
        made = await create(change)
        named: WorkPoolSpec = change.manifest.spec
        await write_queues(client, name, former.all_queues(named.queues, _left(change)), named.queues)
        await hand_over(client, former, name)
        await client.remove(f"/work_pools/{in_path(change.existing.key.name)}")
        return made

    async def afterwards(self, client: PrefectClient, change: Change) -> None:
        """Bring back runs that came to be while there was no pool for them."""
        if change.action is Action.REPLACE:
            await scheduler_is_done()
            await bring_back(client, change.key.name)

    async def delete(self, client: PrefectClient, live: Live[WorkPoolSpec]) -> None:
        """DELETE by name. Its deployments stay behind without a pool, and Prefect does not say so."""
        name = live.key.name
        waiting = await left_over(client, work_pools={"name": any_of([name])})
        await client.remove(f"/work_pools/{in_path(name)}")
        await cancel(client, await follow(client, waiting), f"the pool {name} was deleted")

    async def last_changes(
        self, client: PrefectClient, drifted: Mapping[str, Collection[str]]
    ) -> Mapping[str, Touch | None]:
        """From Prefect's events."""
        return await last_changes(client, "work-pool", drifted)

    async def impact(self, client: PrefectClient, changes: Sequence[Change]) -> Mapping[Address, Sequence[AffectedRun]]:
        """One listing of the unfinished runs of the pools that go, or lose a queue."""
        going = {change.existing.key.name: change for change in changes if change.action in GOES or _left(change)}
        if not going:
            return {}
        runs = grouped(await unfinished(client, work_pools={"name": any_of(going)}), "work_pool_name")
        return {change.address: _impact(change, runs[name], client.now_at_most()) for name, change in going.items()}

    async def status(self, client: PrefectClient, wanted: Sequence[Manifest[WorkPoolSpec]]) -> Sequence[Status]:
        """Its workers, what waits in its queues, and what runs."""
        return await pool_statuses(client, {manifest.address: manifest.key.name for manifest in wanted})

    def named(self, name: str) -> Manifest[WorkPoolSpec]:
        """Of any type; as with a template of its own, so that nobody looks for the type's one."""
        return self.bare(name, WorkPoolSpec.model_construct({"name", "base_job_template"}, name=name, type=""))

    async def links(self, client: PrefectClient, prospects: Sequence[Prospect[WorkPoolSpec]]) -> Sequence[Link]:
        """Its queues, itself, its workers and its slots."""
        return await pool_links(client, prospects, self.rules)

    def page(self, client: PrefectClient, live: Live[WorkPoolSpec]) -> str:
        """By its name."""
        return _page(client, live.key.name)


def _page(client: PrefectClient, name: str) -> str:
    return f"{client.target.console}/work-pools/work-pool/{in_path(name)}"


def _impact(change: Change, runs: Listing, now: datetime) -> list[AffectedRun]:
    if change.action in GOES:
        return on_pool(change, runs, now)
    queues = _left(change)
    return on_queue(run for run in runs if run["work_queue_name"] in queues)


def _queues_of(manifest: Manifest[WorkPoolSpec]) -> set[str]:
    """The queues that the manifest names, and those that it named when it was last applied."""
    return {queue.name for queue in manifest.spec.queues} | {
        queue["name"] for queue in manifest.applied.get("queues", ())
    }


def _left(change: Change) -> list[str]:
    """The queues that left the manifest."""
    return [str(field.path[1]) for field in change.fields if field.path[0] == "queues" and field.after is ABSENT]


_STORAGE = "default_result_storage_block"
_STORAGE_ID = "default_result_storage_block_id"


async def _new(client: PrefectClient, spec: WorkPoolSpec, ids: Ids) -> dict[str, Any]:
    """What a pool is made with, but for its name."""
    body = await _body(client, spec, ids, spec.model_fields_set)
    if "base_job_template" not in spec.model_fields_set:
        body["base_job_template"] = (await _templates(client)).get(spec.type, {})
    return body


async def _body(client: PrefectClient, spec: WorkPoolSpec, ids: Ids, names: Iterable[str]) -> dict[str, Any]:
    """The pool's own fields among `names`, as the API calls them."""
    body = {WIRE.get(name, name): getattr(spec, name) for name in PLAIN if name in names}
    if "storage_configuration" in names:
        storage = spec.storage_configuration.model_dump(exclude_unset=True)
        if (block := storage.pop(_STORAGE, None)) is not None:
            storage[_STORAGE_ID] = await block_id(client, block, ids)
        body["storage_configuration"] = storage
    return body


def _stored(pool: Mapping[str, Any]) -> dict[str, Any]:
    """The storage configuration. Older servers know none, and newer ones may know more than a manifest can say."""
    known = {*StorageConfigurationSpec.model_fields, _STORAGE_ID}
    return {name: value for name, value in (pool.get("storage_configuration") or {}).items() if name in known}


def _live(pool: Mapping[str, Any], queues: list[WorkQueueSpec], storages: Mapping[str, str]) -> Live[WorkPoolSpec]:
    fields = {name: pool[WIRE.get(name, name)] for name in PLAIN}
    storage = _stored(pool)
    block = storage.pop(_STORAGE_ID, None)
    spec = WorkPoolSpec(
        name=pool["name"],
        storage_configuration=StorageConfigurationSpec(
            **{_STORAGE: storages.get(block, block) if block else None}, **storage
        ),
        queues=queues,
        **fields,
    )
    return Live(Key("WorkPool", pool["name"]), spec, pool["id"], touched=touch(pool))


def _worded(spec: WorkPoolSpec, template: Mapping[str, Any] | None) -> WorkPoolSpec:
    needless = {"base_job_template"} if spec.base_job_template in (template, {}) else set()
    queues = [queue for queue in spec.queues if not _is_untouched(queue)]
    fields = {name: getattr(spec, name) for name in type(spec).model_fields if name not in needless}
    return WorkPoolSpec.model_construct(**fields | {"queues": queues})


def _is_untouched(queue: WorkQueueSpec) -> bool:
    """Every pool has a default queue. Its priority follows from those of the others."""
    plain = WorkQueueSpec(name=DEFAULT_QUEUE, priority=queue.priority)
    return queue in (plain, plain.model_copy(update={"description": DEFAULT_DESCRIPTION}))


async def _templates(client: PrefectClient) -> Mapping[str, Mapping[str, Any]]:
    """The default template of every known type: what the server knows, and the runner's own."""
    view = await client.get("/collections/views/aggregate-worker-metadata")
    known = {
        kind: worker.get("default_base_job_configuration") or {}
        for group in view.values()
        for kind, worker in group.items()
    }
    documents = runner_documents()
    return known | {documents["worker_type"]: documents["base_job_template"]}


async def _unknown_types(client: PrefectClient, made: Sequence[Manifest[WorkPoolSpec]]) -> list[Problem]:
    """A pool of a type that nobody knows would hand out runs that no worker understands."""
    bare = [manifest for manifest in made if "base_job_template" not in manifest.spec.model_fields_set]
    if all(manifest.spec.type == runner_documents()["worker_type"] for manifest in bare):
        return []  # the server need not be asked
    known = await _templates(client)
    return [
        manifest.problem(("type",), f"the Prefect server has no work pool type {name}", _type_mend(name, known))
        for manifest in bare
        if (name := manifest.spec.type) not in known
    ]


def _type_mend(name: str, known: Iterable[str]) -> str:
    types = ", ".join(sorted(known))
    return f"{did_you_mean(name, known, f'it has {types};')} or give a base_job_template"


def _check_queues(manifest: Manifest[WorkPoolSpec]) -> Iterable[Problem]:
    queues = manifest.spec.queues
    names = Counter(queue.name for queue in queues)
    priorities = Counter(queue.priority for queue in queues if "priority" in queue.model_fields_set)
    for index, queue in enumerate(queues):
        yield from check_name(manifest, queue.name, ("queues", index, "name"))
        if names[queue.name] > 1:
            yield manifest.problem(("queues", index, "name"), f"two queues are called {queue.name}", "rename one")
        if "priority" in queue.model_fields_set and priorities[queue.priority] > 1:
            message = f"two queues have the priority {queue.priority}: Prefect would move one of them at each apply"
            yield manifest.problem(("queues", index, "priority"), message, "give each queue its own priority")


KIND = WorkPool()
