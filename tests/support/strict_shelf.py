"""A platform in memory that is strict: it refuses what refers to nothing, it never makes a name twice, and it dies.

One kind lives on it: a Crate, which may stand in another one. Its `shape` cannot be changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from support.shelf_project import Killed

from pfa_gitops.model.errors import Conflict, Invalid
from pfa_gitops.model.references import RefTo
from pfa_gitops.model.values import Action, Change, Ids, Key, Live, Manifest, Spec
from pfa_gitops.platforms.base import FieldRules, Kind, Observation

Fields = dict[str, Any]
KIND = "Crate"


class CrateSpec(Spec):
    size: int | None = None
    label: str | None = None
    shape: str | None = None
    inside: Annotated[str, RefTo(KIND, rewritten_on=frozenset({Action.REPLACE}))] | None = None


@dataclass
class StrictShelf:
    """What is on it, by name, and the writes that it has seen."""

    crates: dict[str, Fields] = field(default_factory=dict)
    writes: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """References that a write broke, and doubles that it would have made."""
    staying: frozenset[str] = frozenset()
    """Names that are to be there in the end: one of them goes only to be made again at once."""
    making_way: frozenset[str] = frozenset()
    """Former names of what is made anew under another one. They go before what refers to them is written."""
    dies_at: int | None = None
    """The number of the write, from 0, in which the client dies; None: it lives."""
    arrives: bool = False
    refuses: frozenset[int] = frozenset()
    """Numbers of writes that are refused."""
    ids: dict[str, str] = field(default_factory=dict)
    """By name."""

    @property
    def dead(self) -> bool:
        return self.dies_at is not None and len(self.writes) > self.dies_at

    def write(self, what: str, name: str, fields: Fields | None) -> None:
        """Do it, unless the client dies first or it is refused."""
        number = len(self.writes)
        if self.dead:
            raise Killed
        self.writes.append((what, name))
        if self.dies_at == number and not self.arrives:
            raise Killed
        if number in self.refuses:
            raise Invalid("not now", "try again")
        self._do(what, name, fields)
        if self.dies_at == number:
            raise Killed

    def _do(self, what: str, name: str, fields: Fields | None) -> None:
        if what == "rename":
            self._rename(*name.split())
            return
        if what == "create" and name in self.crates:
            self.broken.append(f"{name} would be there twice")
            raise Conflict("it is there")
        if fields is None:
            self._remove(name)
            return
        inside = fields.get("inside")
        if inside is not None and inside not in self.crates:
            self.broken.append(f"{what} {name} refers to {inside}, which is not there")
        self.crates[name] = fields
        self.ids.setdefault(name, f"id-{len(self.writes)}")

    def _rename(self, former: str, name: str) -> None:
        """What refers to it knows it by an id, and follows. A second time does nothing."""
        if former in self.crates:
            self.crates[name], self.ids[name] = self.crates.pop(former), self.ids.pop(former)
        for fields in self.crates.values():
            if fields.get("inside") == former:
                fields["inside"] = name

    def _remove(self, name: str) -> None:
        self.crates.pop(name, None)
        self.ids.pop(name, None)
        left = [other for other, fields in self.crates.items() if fields.get("inside") == name]
        if left and name not in self.staying | self.making_way:
            self.broken.append(f"{name} is deleted, and {left} refer to it")


class CrateKind(Kind[CrateSpec, StrictShelf]):
    name = KIND
    platform = "shelf"
    summary = "a crate"
    rules = FieldRules(immutable=frozenset({"shape"}))

    def __init__(self, renames: bool) -> None:
        self.renames = renames  # type: ignore[misc] - platforms of both sorts are tried

    @property
    def spec(self) -> type[CrateSpec]:
        return CrateSpec

    async def observe(self, client: StrictShelf, wanted: Sequence[Manifest[CrateSpec]]) -> Observation:
        names = [manifest.key.name for manifest in wanted if manifest.key.name in client.crates]
        return Observation([Live(Key(KIND, name), _spec(client.crates[name]), client.ids[name]) for name in names])

    async def create(self, client: StrictShelf, change: Change, ids: Ids) -> str:
        client.write("create", change.key.name, _named(change.manifest))
        return client.ids[change.key.name]

    async def update(self, client: StrictShelf, change: Change, ids: Ids) -> None:
        """Write what differs, and leave the rest."""
        name, fields = change.key.name, _named(change.manifest)
        client.write(
            "update", name, {**client.crates[name], **{key: fields[key] for key in change.changed & fields.keys()}}
        )

    async def rename(self, client: StrictShelf, live: Live[CrateSpec], key: Key) -> None:
        client.write("rename", f"{live.key.name} {key.name}", {})

    async def delete(self, client: StrictShelf, live: Live[CrateSpec]) -> None:
        client.write("delete", live.key.name, None)


def _spec(fields: Mapping[str, Any]) -> CrateSpec:
    """Set in every field, as a platform tells them all."""
    return CrateSpec(**{name: fields.get(name) for name in CrateSpec.model_fields})


def _named(manifest: Manifest[CrateSpec]) -> Fields:
    return {name: getattr(manifest.spec, name) for name in manifest.spec.model_fields_set}
