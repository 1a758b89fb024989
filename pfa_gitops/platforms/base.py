"""The contract of a kind. One kind is one file: its Spec, its Kind subclass, and `KIND = …`.

The engine knows kinds by this contract only. A kind translates between its Spec and its platform; it neither diffs,
orders, redacts nor prints.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.model.contract import ContractChange
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.impact import AffectedRun
from pfa_gitops.model.places import Address, Path
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.status import Status
from pfa_gitops.model.values import Action, Change, Ids, Key, Live, Manifest, Owner, SpecT, Touch

ClientT = TypeVar("ClientT")


class Keyed(NamedTuple):
    """A list whose items are known by one of their fields, so that their order means nothing."""

    by: str
    exclusive: bool = True
    """Live items that the manifest does not name are removed. False: only those that the last apply named are."""
    lasting: frozenset[Any] = frozenset()
    """Items that cannot be removed."""


@dataclass(frozen=True)
class FieldRules:
    """How two specs of a kind are compared. Paths are dotted field names without list indexes, e.g. `schedules`."""

    immutable: frozenset[str] = frozenset()
    """A change here cannot be written: the object is replaced."""
    keyed: Mapping[str, Keyed] = field(default_factory=dict)
    unordered: frozenset[str] = frozenset()
    """Lists whose order means nothing to the platform. Doubles count."""
    lasting: frozenset[str] = frozenset()
    """Fields without a default to go back to: they stay as they are when a manifest names them no more."""
    whole: frozenset[str] = frozenset()
    """Values that are shown as one change and never entered, e.g. a JSON Schema."""
    filled: frozenset[str] = frozenset()
    """Fields that `complete` reads from the project's files where a manifest does not name them."""
    place: frozenset[str] = frozenset()
    """Fields that say where the object is, beside its name: elsewhere there may be another one of that name."""
    resolves_secrets: bool = False
    """The platform stores the secret's value, so that apply fetches it. False: it stores the reference."""
    guards: frozenset[str] = frozenset()
    """Fields that hold something back: a limit, which is looser once it is higher or gone, a switch that goes off."""


class Flaw(NamedTuple):
    """Something wrong at a path in a spec, before it is a manifest. The pipeline adds the place in the file."""

    path: Path
    message: str
    mend: str = ""


class Completed(NamedTuple, Generic[SpecT]):
    """A spec with what the project's source files say filled in, and what was wrong with those files."""

    spec: SpecT
    flaws: Sequence[Flaw] = ()


class Observation(NamedTuple):
    """What one kind saw: the objects that the manifests want, and what stands in the way of writing them."""

    lives: Sequence[Live[Any]]
    problems: Sequence[Problem] = ()


@dataclass(frozen=True)
class Found(Generic[SpecT]):
    """One object that is there, whoever made it."""

    manifest: Manifest[SpecT]
    """Names it, so that `observe` reads it. It need not be valid: of the spec it has what `observe` looks at."""
    id: str
    """The platform's id."""
    page: str = ""
    """The URL of its page in the platform's console, where it has one."""
    made: Touch | None = None
    """When it was made, where the platform tells."""
    touched: Touch | None = None
    """Its last change, where the platform tells."""
    owner: Owner | None = None
    """Whose it is, where the object itself says so."""
    made_by: str = ""
    """What made it and keeps it, e.g. `Prefect itself`: no manifest is to have it."""


class Worded(NamedTuple, Generic[SpecT]):
    """A live spec as people write it, and what of the object no manifest can say."""

    spec: SpecT
    """Sets what needs saying. A field at its default need not be left out: whoever writes it down does that."""
    flaws: Sequence[Flaw] = ()


class State(StrEnum):
    """How far an object is after a write."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


class Readiness(NamedTuple):
    """Whether an object does its work yet, and what it says of itself."""

    state: State
    message: str = ""


READY = Readiness(State.READY)


class Server(NamedTuple):
    """An object that does another one's work, e.g. an agent that serves a pool."""

    address: Address
    items: frozenset[str]
    """The items that it serves, e.g. queues, as in `Prospect.items`. Empty: all."""
    starts: bool
    """The plan starts it, or starts it anew."""


@dataclass(frozen=True)
class Prospect(Generic[SpecT]):
    """An object that flow runs need: as it is now, or as it will be after apply."""

    manifest: Manifest[SpecT]
    """A bare one for an object that no manifest declares."""
    live: Live[SpecT] | None = None
    planned: bool = False
    """It is to be judged as the plan leaves it."""
    action: Action = Action.NONE
    """What the plan does to it; NONE where it is judged as it is now."""
    differs: bool = False
    """It is not as its manifest says."""
    items: frozenset[str] = frozenset()
    """Those of its items that flow runs need, by name, e.g. a pool's queues or an image's revisions; the empty name is
    the one that they get without naming any."""
    apart: frozenset[str] = frozenset()
    """Those of `items` that a manifest of their own declares."""
    servers: tuple[Server, ...] = ()
    """What does its work."""
    unclear: str = ""
    """Why it cannot be told how it is; empty where it can."""

    @property
    def address(self) -> Address:
        """The object's address."""
        return self.manifest.address

    @property
    def appears(self) -> bool:
        """Whether the plan makes it, be it anew."""
        return self.planned and self.action in {Action.CREATE, Action.REPLACE}

    def link(self, part: Part, verdict: Verdict, reason: str, item: str | None = None) -> Link:
        """A link about this object."""
        return Link(part, verdict, reason, self.address, item)

    def there(self, part: Part) -> Link:
        """Whether the object is there at all."""
        name = f"{self.manifest.key.kind} {self.manifest.key.name}"
        if self.appears:
            return self.link(part, Verdict.OK, f"apply makes the {name}")
        if self.unclear:
            return self.link(part, Verdict.UNKNOWN, f"the {name} cannot be judged: {self.unclear}")
        if self.live is not None and self.action is Action.DELETE:
            return self.link(part, Verdict.NOT, f"apply takes the {name} away")
        if self.live is None:
            return self.link(part, Verdict.NOT, f"the {name} is not there")
        return self.link(part, Verdict.OK, f"the {name} is there")


class Kind(ABC, Generic[SpecT, ClientT]):
    """One kind of object on one platform. Stateless; the client carries the connection."""

    name: ClassVar[str]
    """As in `kind:`, e.g. WorkPool."""
    platform: ClassVar[str]
    """`prefect` or `anyscale`: which client the methods get."""
    summary: ClassVar[str]
    """One line for the docs: what it is on the platform."""
    rules: ClassVar[FieldRules] = FieldRules()
    renames: ClassVar[bool] = False
    """Whether the platform can give an object another name. Else it is made anew."""
    part: ClassVar[Part | None] = None
    """Which link on the way of flow runs its objects are; None where runs need no such object."""
    runs: ClassVar[bool] = False
    """Whether flow runs are started of its objects: what these refer to is what the runs need."""

    @property
    @abstractmethod
    def spec(self) -> type[SpecT]:
        """The kind's Spec class. It is the class of `Live.spec` too."""

    def complete(self, spec: SpecT, root: FilePath) -> Completed[SpecT]:
        """Fill in what the project's own files say, e.g. a flow's name. Reads below `root` only; runs nothing.

        What is filled in counts as set. Comes before `key` and `check`.
        """
        return Completed(spec)

    def key(self, name: str, spec: SpecT) -> Key:
        """The object's name on the platform. `name` is `metadata.name`; two manifests may not share a key."""
        return Key(self.name, getattr(spec, "name", None) or name)

    def bare(self, name: str, spec: SpecT) -> Manifest[SpecT]:
        """A manifest that no file holds, as `Found` has it. It is read on purpose, as one that adopts is."""
        key = self.key(name, spec)
        return Manifest(Address(self.name, key.name), spec, key, adopt=True)

    def named(self, name: str) -> Manifest[SpecT]:
        """The bare manifest of an object, by the name that references have for it."""
        fields: dict[str, Any] = {"name": name}
        spec: Any = self.spec.model_construct({"name"}, **fields)
        return self.bare(name, spec)

    def page(self, client: ClientT, live: Live[SpecT]) -> str:
        """The URL of an object's page in the platform's console; empty where it has none."""
        return ""

    def check(self, manifest: Manifest[SpecT]) -> Iterable[Problem]:
        """What is wrong with a manifest beyond its types. Offline and pure."""
        return ()

    @abstractmethod
    async def observe(self, client: ClientT, wanted: Sequence[Manifest[SpecT]]) -> Observation:
        """Read the live objects that `wanted` names, in bulk: one listing, never one request per object.

        A `Live.spec` sets every field that the platform tells; it may use `wanted` to answer in the same terms as
        the manifest where the platform knows one thing by several names. Objects that nobody wants are left out.
        """

    async def discover(self, client: ClientT) -> Sequence[Found[SpecT]]:
        """Tell every object of this kind that is there, by listings: never one request per object."""
        return ()

    async def worded(self, client: ClientT, lives: Sequence[Live[SpecT]]) -> Sequence[Worded[SpecT]]:
        """Say each of `lives` as people write it in a manifest: what the platform fills in by itself is left unset.

        Where the platform knows one thing by several names, the one that people use: `observe` is asked with that
        again, and its answer counts. A secret that the platform keeps to itself stands as `UNTOLD`.
        """
        return [Worded(live.spec) for live in lives]

    @abstractmethod
    async def create(self, client: ClientT, change: Change, ids: Ids) -> str:
        """Make the object of `change.desired` and return its platform id.

        Raises `MaybeArrived` when the answer was lost; the engine then looks before it sends again.
        """

    @abstractmethod
    async def update(self, client: ClientT, change: Change, ids: Ids) -> None:
        """Write the fields in `change.changed` to `change.live`, and no others. Safe to send twice."""

    async def rename(self, client: ClientT, live: Live[SpecT], key: Key) -> None:
        """Give an object the name of `key`; only where `renames`. Safe to send twice."""
        raise NotImplementedError

    async def replace(self, client: ClientT, change: Change, ids: Ids) -> str:
        """Write a field that cannot be changed: put a new object in the place of `change.live` and return its id.

        What may fail comes before the old object is gone, and what nobody names goes over to the new one.
        """
        await self.delete(client, change.existing)
        return await self.create(client, change, ids)

    async def succeed(self, client: ClientT, change: Change, create: Callable[[Change], Awaitable[str]]) -> str:
        """Put an object of another name in the place of `change.live` and return its id.

        It is there before the old one goes. `create` makes it as its argument's desired side has it, which may take
        over what no manifest names.
        """
        made = await create(change)
        await self.delete(client, change.existing)
        return made

    @abstractmethod
    async def delete(self, client: ClientT, live: Live[SpecT]) -> None:
        """Remove the object. It may be gone already."""

    async def impact(self, client: ClientT, changes: Sequence[Change]) -> Mapping[Address, Sequence[AffectedRun]]:
        """Tell which flow runs these changes of the kind affect, read in bulk. What affects none may be left out."""
        return {}

    def risks(self, change: Change) -> Iterable[Risk]:
        """Tell what harm a change may do that its action, its impact and `rules` do not tell. Pure."""
        return ()

    async def contract(
        self, client: ClientT, changes: Sequence[Change], plan: Sequence[Change]
    ) -> Mapping[Address, Sequence[ContractChange]]:
        """Tell how these changes of the kind change the parameters that its objects take, and whom that hits.

        `plan` has the changes of all kinds. What changes none may be left out.
        """
        return {}

    async def afterwards(self, client: ClientT, change: Change) -> None:
        """Do what is left a moment after a create, update or replacement. It holds up no other change."""

    async def readiness(self, client: ClientT, manifest: Manifest[SpecT]) -> Readiness:
        """Tell whether the object does its work yet. Asked after a write, again and again while it progresses."""
        return READY

    async def last_changes(self, client: ClientT, drifted: Mapping[str, Collection[str]]) -> Mapping[str, Touch | None]:
        """Tell who changed the objects with these platform ids, and when, from what the platform keeps of the past.

        `drifted` has the fields of each that are not as they were applied: its last change of one of them counts. No
        fields: the object is gone, and its deletion is asked for. What is left out has its time from `Live.touched`;
        None: that is no answer either.
        """
        return {}

    async def status(self, client: ClientT, wanted: Sequence[Manifest[SpecT]]) -> Sequence[Status]:
        """Tell how the objects do right now, one Status for each of `wanted`, read in bulk as in `observe`.

        Nothing, for a kind whose objects are just there.
        """
        return ()

    async def links(self, client: ClientT, prospects: Sequence[Prospect[SpecT]]) -> Sequence[Link]:
        """Tell for each object whether the flow runs that need it get past it, read in bulk as in `observe`.

        What the plan makes counts as there. By itself a kind with a `part` tells whether its objects are there.
        """
        return [prospect.there(self.part) for prospect in prospects] if self.part else ()
