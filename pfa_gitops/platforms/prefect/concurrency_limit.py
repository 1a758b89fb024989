"""A Prefect global concurrency limit (v2), which flows take slots of by name, and deployments by reference."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.values import Action, Change, Ids, Key, Live, Manifest, NamedSpec
from pfa_gitops.platforms.base import FieldRules, Found, Kind, Observation, Prospect
from pfa_gitops.platforms.prefect._client import Item, PrefectClient
from pfa_gitops.platforms.prefect._deployment_limits import OWN
from pfa_gitops.platforms.prefect._naming import check_name
from pfa_gitops.platforms.prefect._touches import made, touch
from pfa_gitops.platforms.prefect._written_fields import written_fields
from pfa_gitops.platforms.prospects import expected, slots


class ConcurrencyLimitSpec(NamedSpec):
    """How many slots of a name may be taken at once, over all flows and machines."""

    limit: int = Field(ge=0)
    """The number of slots."""
    slot_decay_per_second: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How many slots free themselves each second: more than 0 makes it a rate limit."""
    active: bool = True
    """Off: slots are given without counting."""


class ConcurrencyLimit(Kind[ConcurrencyLimitSpec, PrefectClient]):
    """Limits are listed whole: their listing has no filter."""

    name = "ConcurrencyLimit"
    platform = "prefect"
    summary = "a Prefect global concurrency limit"
    renames = True
    rules = FieldRules(guards=frozenset({"limit", "active"}))
    part = Part.CONCURRENCY

    @property
    def spec(self) -> type[ConcurrencyLimitSpec]:
        """The Spec class."""
        return ConcurrencyLimitSpec

    def check(self, manifest: Manifest[ConcurrencyLimitSpec]) -> Iterable[Problem]:
        """The name's characters."""
        yield from check_name(manifest, manifest.platform_name)

    def risks(self, change: Change) -> Iterable[Risk]:
        """What is limited is so no more once the limit is gone."""
        return {Risk.LOOSENS_PROTECTION} if change.action is Action.DELETE else ()

    async def observe(self, client: PrefectClient, wanted: Sequence[Manifest[ConcurrencyLimitSpec]]) -> Observation:
        """One listing of all limits."""
        names = {manifest.key.name for manifest in wanted}
        found = await client.listing("/v2/concurrency_limits/filter")
        return Observation([_live(item) for item in found if item["name"] in names])

    async def discover(self, client: PrefectClient) -> Sequence[Found[ConcurrencyLimitSpec]]:
        """One listing of all, but for those that Prefect makes for a deployment's own limit."""
        items = await client.listing("/v2/concurrency_limits/filter")
        return [self._found(client, item) for item in items if not item["name"].startswith(OWN)]

    def _found(self, client: PrefectClient, item: Item) -> Found[ConcurrencyLimitSpec]:
        manifest = self.bare(item["name"], _live(item).spec)
        return Found(manifest, item["id"], _page(client, item["id"]), made(item), touch(item))

    async def create(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """POST."""
        spec = change.manifest.spec
        body = {"name": change.key.name, **written_fields(spec, spec.model_fields_set)}
        return str((await client.post("/v2/concurrency_limits/", body))["id"])

    async def update(self, client: PrefectClient, change: Change, ids: Ids) -> None:
        """PATCH by id. The slots that are taken stay taken."""
        await client.patch(
            f"/v2/concurrency_limits/{change.existing.id}", written_fields(change.manifest.spec, change.changed)
        )

    async def rename(self, client: PrefectClient, live: Live[ConcurrencyLimitSpec], key: Key) -> None:
        """PATCH by id. The slots that are taken stay taken."""
        await client.patch(f"/v2/concurrency_limits/{live.id}", {"name": key.name})

    async def delete(self, client: PrefectClient, live: Live[ConcurrencyLimitSpec]) -> None:
        """DELETE by id."""
        await client.remove(f"/v2/concurrency_limits/{live.id}")

    async def links(self, client: PrefectClient, prospects: Sequence[Prospect[ConcurrencyLimitSpec]]) -> Sequence[Link]:
        """Whether it has a slot left. What was observed tells that."""
        return [link for prospect in prospects for link in _links(prospect, self.rules)]

    def page(self, client: PrefectClient, live: Live[ConcurrencyLimitSpec]) -> str:
        """By its id."""
        return _page(client, live.id)


def _page(client: PrefectClient, limit_id: str) -> str:
    return f"{client.target.console}/concurrency-limits/concurrency-limit/{limit_id}"


def _links(prospect: Prospect[ConcurrencyLimitSpec], rules: FieldRules) -> Iterator[Link]:
    spec, there, name = expected(prospect, rules), prospect.there(Part.CONCURRENCY), prospect.manifest.key.name
    if spec is None or there.verdict is not Verdict.OK:
        yield there
    elif not spec.active:
        yield prospect.link(Part.CONCURRENCY, Verdict.OK, f"the limit {name} is off")
    else:
        active = prospect.live.details["active_slots"] if prospect.live else 0
        yield from slots(prospect, f"the limit {name}", spec.limit, active)


def _live(item: Mapping[str, Any]) -> Live[ConcurrencyLimitSpec]:
    fields = {name: item[name] for name in ("name", "limit", "slot_decay_per_second", "active")}
    details = {"active_slots": item.get("active_slots")}
    return Live(Key("ConcurrencyLimit", item["name"]), ConcurrencyLimitSpec(**fields), item["id"], details, touch(item))


KIND = ConcurrencyLimit()
