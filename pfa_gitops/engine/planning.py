"""Reads what a plan needs, the inventory, the live side and the secrets, and makes the plan. Writes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pfa_gitops.engine.chains import Scene, read_chains
from pfa_gitops.engine.contract import with_contracts
from pfa_gitops.engine.guards import Bounds, breaches, protected
from pfa_gitops.engine.impact import with_impact
from pfa_gitops.engine.observe import Observed, observe
from pfa_gitops.engine.ownership import Claims, claims, conflicts, left_behind, manifest_of, owners_by_id, relocated
from pfa_gitops.engine.plan import make_plan
from pfa_gitops.engine.readings import Clients, Kinds
from pfa_gitops.engine.risk import with_risks
from pfa_gitops.engine.seal import seal
from pfa_gitops.engine.taint import concealed, in_lives, in_manifests
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.inventory import Inventory
from pfa_gitops.model.known_secrets import KnownSecrets
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Fetch, Sealed
from pfa_gitops.model.values import Action, Change, Key, Live, Manifest, Manifests, Plan, Spec

Lives = Mapping[Key, Live[Any]]


@dataclass(frozen=True)
class Planned:
    """A plan, and what carrying it out needs besides."""

    plan: Plan
    stored: Inventory
    """As it was read."""
    inventory: Inventory
    """With its objects under the addresses of the manifests that name them now."""
    manifests: Mapping[Address, Manifest[Any]]
    """As their files want them, secrets fetched: what the inventory keeps."""


async def _nobody() -> Sequence[Inventory]:
    return ()


@dataclass(frozen=True)
class World:
    """Where a plan's inputs are read."""

    kinds: Kinds
    clients: Clients
    inventory: Inventory
    fetch: Fetch
    moves: Mapping[Address, Address] = field(default_factory=dict)
    """What has another address now, by its former one."""
    everybody: Callable[[], Awaitable[Sequence[Inventory]]] = _nobody
    """The inventories of all projects."""
    secrets: Callable[[], Mapping[str, Sealed]] = dict
    """The values that are known by now, by what people call the references to them."""
    not_secret: Collection[str] = ()
    """Those of them that may stand in clear."""

    def known(self) -> KnownSecrets:
        """Them, and those that were applied last. What was found out of a text is remembered: ask once for a plan."""
        return KnownSecrets(self.secrets(), self.inventory, self.not_secret)

    def leaks(self, found: Claims, lives: Lives, known: KnownSecrets) -> list[Problem]:
        """Known secrets that stand in clear, in manifests or in what is live of them, be it by a former name."""
        pairs = [(manifest, lives[key]) for manifest in found.wanted for key in found.keys(manifest) if key in lives]
        # What was applied last may be live in clear as an old secret: a new one takes its place once this is applied.
        live = in_lives(pairs, KnownSecrets(self.secrets(), not_secret=self.not_secret))
        return [*in_manifests(found.wanted, known), *live]


async def plan_all(world: World, manifests: Manifests, bounds: Bounds, notices: Sequence[str] = ()) -> Planned:
    """Plan so that what is live is what the manifests say. Raises ProblemsFound, PlatformError."""
    sealed, missing = await seal(manifests, world.kinds, world.fetch)
    inventory = relocated(world.inventory, sealed, world.moves)
    found = claims(sealed, inventory, world.kinds)
    observed = await observe([*found.former.values(), *found.wanted], world.kinds, world.clients)
    lives = await _owned(world, found, observed.lives)
    problems = [*missing, *_in_the_way(observed, found), *conflicts(found, lives, inventory)]
    known = world.known()
    problems += world.leaks(found, observed.lives, known)
    if problems := [*problems, *left_behind(found, lives, inventory, world.kinds)]:
        raise ProblemsFound(problems)
    plan = make_plan(found, observed.lives, inventory, world.kinds, notices)
    if guarded := list(protected(plan, inventory)):
        raise ProblemsFound(guarded)
    by_address = {manifest.address: manifest for manifest in sealed}
    changes = {change.address: change for change in plan.changes if change.desired is not None}
    scene = Scene(found.wanted, changes, world.kinds, world.clients, planned=True, going=_going(plan))
    plan, chains = await asyncio.gather(with_contracts(plan, world.kinds, world.clients), read_chains(scene))
    planned = Planned(replace(plan, chains=chains), world.inventory, inventory, by_address)
    planned = await assessed(planned, world.kinds, world.clients, bounds)
    # After the risks: a text in clear was there, and no secret's place.
    return replace(planned, plan=concealed(planned.plan, known))


async def assessed(planned: Planned, kinds: Kinds, clients: Clients, bounds: Bounds) -> Planned:
    """The same with what its changes do to flow runs, their risks, and the limits that they exceed together.

    Of a plan from which changes were left out, this is asked anew: a run counts at the first change that affects it.
    """
    changes = (replace(change, impact=()) if change.impact else change for change in planned.plan.changes)
    bare = replace(planned.plan, changes=tuple(changes))
    plan = with_risks(await with_impact(bare, kinds, clients), kinds)
    return replace(planned, plan=replace(plan, breaches=tuple(breaches(plan, bounds, planned.inventory))))


async def _owned(world: World, found: Claims, lives: Lives) -> Lives:
    """The live side, with the owner of each object that is another project's by that one's inventory."""
    wanted = (lives.get(manifest.key) for manifest in found.wanted)
    ours = {entry.id for entry in world.inventory.entries.values()}
    foreign = [live for live in wanted if live is not None and live.owner is None and live.id not in ours]
    if not foreign:
        return lives
    everybody = await world.everybody()
    by_id = owners_by_id(everybody)
    by_key = {entry.key: one.owner for one in everybody for entry in one.entries.values() if not entry.id}
    return {
        **lives,
        **{live.key: replace(live, owner=by_id.get(live.id) or by_key.get(live.key)) for live in foreign},
    }


def _in_the_way(observed: Observed, found: Claims) -> list[Problem]:
    """What keeps the plan from being made. Whatever is wrong with an object that is there and only goes does not."""
    wanted = {manifest.address for manifest in found.wanted}
    going = {address for address, former in found.former.items() if former.key in observed.lives} - wanted
    return [problem for problem in observed.problems if problem.address not in going]


def _going(plan: Plan) -> Lives:
    """What is no longer there by its name once the plan is applied: what is deleted, and what gets another name."""
    staying = {change.manifest.key for change in plan.changes if change.desired is not None}
    return {change.live.key: change.live for change in plan.changes if change.live and change.live.key not in staying}


async def plan_destroy(world: World) -> Planned:
    """Plan so that nothing of ours is left. Raises ProblemsFound where something is protected."""
    inventory = relocated(world.inventory, (), {})
    entries = inventory.entries
    former = {address: manifest_of(address, entry, inventory, world.kinds) for address, entry in entries.items()}
    if kept := [_is_protected(manifest) for manifest in former.values() if manifest.protect]:
        raise ProblemsFound(kept)
    observed = await observe(list(former.values()), world.kinds, world.clients)
    plan = make_plan(Claims((), former), observed.lives, inventory, world.kinds)
    plan = with_risks(await with_impact(plan, world.kinds, world.clients), world.kinds)
    return Planned(plan, world.inventory, inventory, {})


def _is_protected(manifest: Manifest[Any]) -> Problem:
    return Problem(f"{manifest.address} is protected", "apply it with `protect: false` first", address=manifest.address)


async def plan_import(world: World, manifests: Manifests, wanted: Collection[Address] | None) -> Planned:
    """What becomes ours: the objects of these manifests, by default of all that are there. No change is planned.

    Raises ProblemsFound for what is not there or is another project's.
    """
    chosen = [manifest for manifest in manifests if wanted is None or manifest.address in wanted]
    sealed, missing = await seal(chosen, world.kinds, world.fetch)
    found = claims([replace(manifest, adopt=True) for manifest in sealed], world.inventory, world.kinds)
    observed = await observe(found.wanted, world.kinds, world.clients)
    problems = [*missing, *conflicts(found, await _owned(world, found, observed.lives), world.inventory)]
    problems += world.leaks(found, observed.lives, world.known())
    if wanted is not None:
        declared = {manifest.address for manifest in chosen}
        problems += [_undeclared(address) for address in sorted(set(wanted) - declared)]
        problems += [_not_there(manifest) for manifest in found.wanted if manifest.key not in observed.lives]
    if problems:
        raise ProblemsFound(problems)
    pairs = [(manifest, observed.lives[manifest.key]) for manifest in found.wanted if manifest.key in observed.lives]
    as_live = {manifest.address: _as_it_is(manifest, live) for manifest, live in pairs}
    changes = tuple(
        Change(manifest.address, Action.NONE, desired=manifest, live=live, adopts=True)
        for manifest, live in pairs
        if manifest.address not in world.inventory.entries
    )
    return Planned(Plan(world.inventory.owner.environment, changes), world.inventory, world.inventory, as_live)


def _undeclared(address: Address) -> Problem:
    return Problem(f"no manifest declares {address}", "write its manifest first")


def _not_there(manifest: Manifest[Any]) -> Problem:
    message = f"there is no {manifest.key.kind} {manifest.key.name} to import"
    return manifest.problem((), message, "`pfa-gitops apply` makes it; or correct the name")


def _as_it_is(manifest: Manifest[Any], live: Live[Any]) -> Manifest[Any]:
    """The fields that the manifest names with the values that they have: what they change to is still to be planned."""
    spec: Spec = manifest.spec
    values = {name: getattr(live.spec, name) for name in spec.model_fields_set if hasattr(live.spec, name)}
    return replace(manifest, spec=type(spec).model_construct(set(values), **values))
