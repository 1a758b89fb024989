"""Whether the flow runs of each deployment will start: asks each kind for its own links, and joins them. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pfa_gitops.engine.readings import Clients, Kinds, ask_platforms
from pfa_gitops.engine.secret_links import secret_refs, secrets_link, words
from pfa_gitops.engine.ways import UNDECLARED, Way, Ways, is_below
from pfa_gitops.model.chain import Chain, Link, Part, Verdict, chain
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Fetch
from pfa_gitops.model.values import Action, Change, Key, Live, Manifests
from pfa_gitops.platforms.base import Kind, Prospect, Server

STARTS = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE})


@dataclass(frozen=True)
class Scene:
    """What the links are judged by."""

    manifests: Manifests
    changes: Mapping[Address, Change]
    """Each manifest's change, which tells its live side."""
    kinds: Kinds
    clients: Clients
    planned: bool
    """As it will be after apply; else as it is now."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Why a platform could not be read, by platform."""
    fetch: Fetch | None = None
    """Tells whether a secret can be fetched; None: nobody tries."""
    going: Mapping[Key, Live[Any]] = field(default_factory=dict)
    """What the plan deletes or gives another name, by the name that it has until then."""


async def read_chains(scene: Scene) -> tuple[Chain, ...]:
    """The chain of each deployment, by address. What cannot be read is unknown, and no failure."""
    starts = sorted(manifest.address for manifest in scene.manifests if scene.kinds[manifest.address.kind].runs)
    if not starts:
        return ()
    ways = Ways(scene.manifests, scene.kinds)
    found = [ways.of(address) for address in starts]
    prospects = _prospects(scene, ways, found)
    links = await _links(scene, prospects)
    secrets = await _secrets(scene, found)
    return tuple(chain(way.start, _along(way, links, secrets.get(way.start))) for way in found)


def _along(way: Way, links: Mapping[Address, Sequence[Link]], secrets: Link | None) -> Iterable[Link]:
    yield from links.get(way.start, ())
    for target, items in way.items.items():
        yield from (link for link in links.get(target, ()) if link.item is None or link.item in items)
    if secrets is not None:
        yield secrets


def _prospects(scene: Scene, ways: Ways, found: Sequence[Way]) -> Mapping[Address, Prospect[Any]]:
    """Every object that a run needs, once, with all that is needed of it."""
    items: dict[Address, set[str]] = {way.start: set() for way in found}
    apart: dict[Address, set[str]] = {}
    for way in found:
        for target, item in way.apart:
            apart.setdefault(target, set()).add(item)
        for target, needed in way.items.items():
            items.setdefault(target, set()).update(needed)
    return {
        address: replace(
            _prospect(scene, address),
            items=frozenset(needed),
            apart=frozenset(apart.get(address, ())),
            servers=tuple(_server(scene, ways, one, address) for one in ways.servers.get(address, ())),
        )
        for address, needed in items.items()
    }


def _prospect(scene: Scene, address: Address) -> Prospect[Any]:
    change = scene.changes.get(address)
    if change is None:
        manifest = scene.kinds[address.kind].named(address.name.removesuffix(UNDECLARED))
        manifest = replace(manifest, address=address)
        live = scene.going.get(manifest.key)
        return Prospect(manifest, live, scene.planned, Action.DELETE if live else Action.NONE)
    action = change.action if scene.planned else Action.NONE
    return Prospect(change.manifest, change.live, scene.planned, action, change.action is not Action.NONE)


def _server(scene: Scene, ways: Ways, server: Address, target: Address) -> Server:
    change = scene.changes.get(server)
    starts = scene.planned and change is not None and change.action in STARTS
    return Server(server, frozenset(ways.needs[server].items.get(target, ())), starts)


async def _links(scene: Scene, prospects: Mapping[Address, Prospect[Any]]) -> Mapping[Address, list[Link]]:
    """Ask the kinds. What is on a platform that is not read is unknown."""
    closed = {
        address: why for address in prospects if (why := _closed(scene, scene.kinds[address.kind].platform)) is not None
    }
    links = {address: _unknown(scene, prospects[address], why) for address, why in closed.items()}
    open_ones = {address: prospect for address, prospect in prospects.items() if address not in closed}

    async def ask(kind: Kind[Any, Any], client: Any, wanted: Manifests) -> tuple[str, Sequence[Link]]:
        asked = await _observed(kind, client, [open_ones[manifest.address] for manifest in wanted], scene)
        return kind.name, await kind.links(client, asked)

    manifests = [prospect.manifest for prospect in open_ones.values()]
    answers, failures = await ask_platforms(manifests, scene.kinds, scene.clients, ask)
    for _, told in answers:
        for link in told:
            links.setdefault(link.about, []).append(link)
    answered = {name for name, _ in answers}
    why = "; ".join(failure.message for failure in failures)
    for address, prospect in open_ones.items():
        if address.kind not in answered:
            links[address] = _unknown(scene, prospect, why)
    return links


def _closed(scene: Scene, platform: str) -> str | None:
    """Why a platform is not asked; None where it is."""
    if platform not in scene.clients:
        return f"{platform.capitalize()} is not asked: no manifest is of a kind of it"
    return scene.unread.get(platform)


def _unknown(scene: Scene, prospect: Prospect[Any], why: str) -> list[Link]:
    kind = scene.kinds[prospect.address.kind]
    part = Part.DEPLOYMENT if kind.runs else kind.part
    return [prospect.link(part, Verdict.UNKNOWN, why)] if part else []


async def _observed(
    kind: Kind[Any, Any], client: Any, prospects: Sequence[Prospect[Any]], scene: Scene
) -> list[Prospect[Any]]:
    """The prospects, with the live side of those that the plan says nothing of."""
    known = scene.changes.keys() | {one.address for one in prospects if one.manifest.key in scene.going}
    foreign = [prospect.manifest for prospect in prospects if prospect.address not in known]
    if not foreign:
        return list(prospects)
    lives, problems = await kind.observe(client, foreign)
    by_key = {live.key: live for live in lives}
    unclear = {problem.address: problem.message for problem in problems if problem.address}
    return [
        prospect
        if prospect.address in known
        else replace(prospect, live=by_key.get(prospect.manifest.key), unclear=unclear.get(prospect.address, ""))
        for prospect in prospects
    ]


async def _secrets(scene: Scene, found: Sequence[Way]) -> Mapping[Address, Link]:
    """What can be said of the secrets that each deployment's runs need, where there are any."""
    refs = secret_refs(scene.manifests, scene.kinds)
    known = await words((one.ref for some in refs.values() for one in some), scene.fetch)
    links = {}
    for way in found:
        needed = [
            one.ref
            for address in (way.start, *way.items)
            for one in refs.get(address, ())
            if not is_below(one.path, way.overlaid.get(address, frozenset()))
        ]
        if needed:
            links[way.start] = secrets_link(way.start, {ref: known[ref] for ref in needed})
    return links
