"""The links of flow runs, found by references alone: kinds that name no platform, and that answer for themselves."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pytest
from support.ledgers import MemoryLedger

from pfa_gitops.engine.chains import Scene, read_chains
from pfa_gitops.engine.guards import Bounds
from pfa_gitops.engine.planning import plan_all
from pfa_gitops.engine.secret_links import words
from pfa_gitops.manifests.findings import Findings
from pfa_gitops.manifests.link import link
from pfa_gitops.model.chain import Chain, Link, Part, Verdict
from pfa_gitops.model.errors import SecretMissing, Unreachable
from pfa_gitops.model.places import Address
from pfa_gitops.model.references import Embeds, ItemOf, RefTo
from pfa_gitops.model.secrets import Sealed, SecretRef
from pfa_gitops.model.values import Action, Change, Key, Live, Manifest, NamedSpec, Spec
from pfa_gitops.platforms.base import Kind, Observation, Prospect


class TrackSpec(Spec):
    name: str


class StationSpec(NamedSpec):
    tracks: list[TrackSpec] = []
    roof: Annotated[str | None, RefTo("Roof")] = None


class RoofSpec(NamedSpec):
    pass


class GuardSpec(NamedSpec):
    station: Annotated[str, RefTo("Station", serves=True)]
    tracks: list[Annotated[str, ItemOf("station", "tracks", frozenset({"main"}))]] = []
    key: SecretRef | None = None


class TrainSpec(NamedSpec):
    station: Annotated[str | None, RefTo("Station")] = None
    track: Annotated[str | None, ItemOf("station", "tracks", frozenset({"main"}))] = None
    note: Annotated[str | None, Embeds("Station", r"<(?P<name>\w+)>")] = None


class World:
    """What is there."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.fails: dict[str, Exception] = {}


class Thing(Kind[Any, World]):
    """Any kind of them: it is there when the world has it."""

    platform = "rail"
    summary = "a thing"

    def __init__(self, name: str, spec: type[Spec], part: Part | None = None, runs: bool = False) -> None:
        self.name, self._spec, self.part, self.runs = name, spec, part, runs  # type: ignore[misc]
        self.asked: list[Prospect[Any]] = []

    @property
    def spec(self) -> type[Any]:
        return self._spec

    async def observe(self, client: World, wanted: Sequence[Manifest[Any]]) -> Observation:
        if self.name in client.fails:
            raise client.fails[self.name]
        there = [manifest for manifest in wanted if manifest.key.name in client.names]
        return Observation([Live(manifest.key, manifest.spec, "id") for manifest in there])

    async def links(self, client: World, prospects: Sequence[Prospect[Any]]) -> Sequence[Link]:
        self.asked += prospects
        plain = await super().links(client, prospects)
        items = [
            prospect.link(Part.QUEUE, Verdict.OK, f"track {item or 'main'}", item)
            for prospect in prospects
            for item in sorted(prospect.items)
            if self.part is Part.POOL
        ]
        return [*plain, *items]

    async def create(self, *_: Any) -> str:
        raise AssertionError("nothing is written")

    async def update(self, *_: Any) -> None:
        raise AssertionError("nothing is written")

    async def delete(self, *_: Any) -> None:
        raise AssertionError("nothing is written")


def make_kinds() -> Mapping[str, Thing]:
    made = (
        Thing("Train", TrainSpec, runs=True),
        Thing("Station", StationSpec, Part.POOL),
        Thing("Guard", GuardSpec, Part.AGENT),
        Thing("Roof", RoofSpec, Part.CONFIGURATION),
    )
    return {kind.name: kind for kind in made}


def manifest(kind: str, name: str, /, **fields: Any) -> Manifest[Any]:
    spec = {"Train": TrainSpec, "Station": StationSpec, "Guard": GuardSpec, "Roof": RoofSpec}[kind]
    return Manifest(Address(kind, name), spec.model_validate(fields), Key(kind, fields.get("name", name)))


def read(
    *manifests: Manifest[Any],
    there: Sequence[str] = (),
    creates: Sequence[str] = (),
    planned: bool = True,
    kinds: Mapping[str, Thing] | None = None,
    world: World | None = None,
    **scene: Any,
) -> Mapping[str, Chain]:
    kinds, world = kinds or make_kinds(), world or World(*there)
    linked = link(manifests, ["*/*"], Findings())
    changes = {
        one.address: Change(
            one.address,
            Action.CREATE if one.address.name in creates else Action.NONE,
            desired=one,
            live=Live(one.key, one.spec, "id") if one.address.name in there else None,
        )
        for one in linked
    }
    clients = scene.pop("clients", {"rail": world})
    found = asyncio.run(read_chains(Scene(linked, changes, kinds, clients, planned, **scene)))
    return {chain.address.name: chain for chain in found}


def told(chain: Chain, verdict: Verdict | None = None) -> list[tuple[str, str]]:
    return [(link.about.name, link.part.value) for link in chain.links if verdict in {None, link.verdict}]


TRAIN = manifest("Train", "ice", station="bern", track="fast")
STATION = manifest("Station", "bern", tracks=[{"name": "fast"}, {"name": "slow"}], roof="glass")
ROOF = manifest("Roof", "glass")


def test_the_way_goes_through_all_that_is_referred_to_and_through_what_serves_it():
    guards = [
        manifest("Guard", "all", station="bern"),
        manifest("Guard", "fast", station="bern", tracks=["fast"]),
        manifest("Guard", "slow", station="bern", tracks=["slow"]),
    ]
    chain = read(TRAIN, STATION, ROOF, *guards, there=["ice", "bern", "glass", "all", "fast", "slow"])["ice"]
    assert told(chain) == [
        ("bern", "queue"),
        ("bern", "pool"),
        ("all", "agent"),
        ("fast", "agent"),
        ("glass", "configuration"),
    ]
    assert chain.verdict is Verdict.OK


def test_who_names_no_item_gets_the_one_that_is_always_there():
    guards = [
        manifest("Guard", "main", station="bern", tracks=["main"]),
        manifest("Guard", "fast", station="bern", tracks=["fast"]),
    ]
    train = manifest("Train", "night", station="bern")
    chain = read(train, STATION, ROOF, *guards, there=["night", "bern", "glass", "main", "fast"])["night"]
    assert [link.reason for link in chain.links if link.part is Part.QUEUE] == ["track main"]
    assert ("main", "agent") in told(chain)
    assert ("fast", "agent") not in told(chain)


@pytest.mark.parametrize(
    ("there", "creates", "planned", "broken"),
    [
        ([], ["ice", "bern", "glass"], True, []),
        ([], ["ice", "bern", "glass"], False, ["bern", "glass"]),
        (["ice", "bern"], [], True, ["glass"]),
        (["ice", "bern", "glass"], [], False, []),
    ],
    ids=["all is made", "nothing is made yet", "one is missing", "all is there"],
)
def test_what_the_plan_makes_counts_in_a_plan_only(there, creates, planned, broken):
    chain = read(TRAIN, STATION, ROOF, there=there, creates=creates, planned=planned)["ice"]
    assert sorted({name for name, _ in told(chain, Verdict.NOT)}) == broken


def test_servers_are_told_to_what_they_serve_and_whether_the_plan_starts_them():
    kinds = make_kinds()
    read(
        TRAIN, STATION, ROOF, manifest("Guard", "g", station="bern"), there=["ice", "bern"], creates=["g"], kinds=kinds
    )
    [prospect] = kinds["Station"].asked
    [server] = prospect.servers
    assert (server.address.name, server.starts, prospect.items) == ("g", True, {"fast"})


def test_what_no_manifest_declares_is_observed_by_its_name():
    assert told(read(TRAIN, there=["ice", "bern"])["ice"], Verdict.NOT) == []
    [(name, part)] = told(read(TRAIN, there=["ice"])["ice"], Verdict.NOT)
    assert (name, part) == ("bern", "pool")


@pytest.mark.parametrize(
    ("train", "stations", "reason"),
    [
        ({"station": "bern"}, [], "apply takes the Station bern away"),
        ({"note": "to <bern>"}, [], "apply takes the Station bern away"),
        ({"note": "to <bern>"}, [manifest("Station", "bern", name="basel")], "apply takes the Station bern away"),
        ({"note": "to <basel>"}, [manifest("Station", "bern", name="basel")], None),
        ({"note": "<zug> <bern>"}, [manifest("Station", "zug")], "apply takes the Station bern away"),
    ],
    ids=["pruned", "pruned, in a placeholder", "by its former name", "by its new name", "beside one that stays"],
)
@pytest.mark.parametrize("renames", [True, False])
def test_what_the_plan_takes_away_is_not_there_for_runs(train, stations, reason, renames):
    kinds, ledger = make_kinds(), MemoryLedger()
    kinds["Station"].renames = renames  # type: ignore[misc]
    bern = manifest("Station", "bern")
    ledger.inventory = ledger.inventory.with_entry(bern.address, ledger.inventory.applied(bern, "id"))
    manifests = link([manifest("Train", "ice", **train), *stations], ["*/*"], Findings())
    planned = asyncio.run(plan_all(ledger.world(kinds, {"rail": World("bern")}), manifests, Bounds()))
    [chain] = planned.plan.chains
    assert [link.reason for link in chain.links if link.verdict is Verdict.NOT] == ([reason] if reason else [])


def test_many_runners_ask_for_each_object_once():
    kinds = make_kinds()
    trains = [manifest("Train", f"t{number}", station="bern", track="fast") for number in range(50)]
    found = read(*trains, STATION, ROOF, there=["bern", "glass"], kinds=kinds)
    assert len(found) == 50
    assert len(kinds["Station"].asked) == 1


def test_a_platform_that_fails_or_is_not_asked_makes_links_unknown_and_no_failure():
    world = World("ice")
    world.fails["Station"] = Unreachable("nothing answers")
    [link_of_it] = [one for one in read(TRAIN, world=world)["ice"].links if one.about.name == "bern"]
    assert (link_of_it.verdict, link_of_it.reason) == (Verdict.UNKNOWN, "nothing answers")
    closed = read(TRAIN, clients={})["ice"]
    assert closed.verdict is Verdict.UNKNOWN
    unread = read(TRAIN, unread={"rail": "it is away"})["ice"]
    assert {one.reason for one in unread.links} == {"it is away"}


PLACES = {
    "there": SecretRef(from_prefect_block="secret/there"),
    "gone": SecretRef(from_prefect_block="secret/gone"),
    "refused": SecretRef(from_prefect_block="secret/refused"),
    "elsewhere": SecretRef(from_env="KEY"),
}


async def fetch(ref: SecretRef) -> Sealed:
    name = str(ref.from_prefect_block).removeprefix("secret/")
    if name != "there":
        raise SecretMissing(f"{name} cannot be had", refused=name == "refused")
    return Sealed("the value")


@pytest.mark.parametrize(
    ("name", "tries", "verdict"),
    [
        ("there", True, Verdict.OK),
        ("gone", True, Verdict.NOT),
        ("refused", True, Verdict.UNKNOWN),
        ("elsewhere", True, Verdict.UNKNOWN),
        ("there", False, Verdict.UNKNOWN),
    ],
)
def test_secrets_are_tried_where_that_is_asked_for_and_can_be_known(name, tries, verdict):
    [word] = asyncio.run(words([PLACES[name], PLACES[name]], fetch if tries else None)).values()
    assert word.verdict is verdict
    assert "the value" not in word.reason


def test_the_secrets_of_what_serves_count_too():
    guard = manifest("Guard", "g", station="bern", key={"from_prefect_block": "secret/gone"})
    chain = read(TRAIN, STATION, ROOF, guard, there=["ice", "bern", "glass", "g"], fetch=fetch)["ice"]
    assert told(chain, Verdict.NOT) == [("ice", "secrets")]
