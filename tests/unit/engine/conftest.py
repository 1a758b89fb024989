"""A kind on a platform that lives in memory: the engine's rules are tested on the contract alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import pytest
from support.shelf_project import Project

from pfa_gitops.model.errors import MaybeArrived
from pfa_gitops.model.places import Address
from pfa_gitops.model.references import RefTo, mentions
from pfa_gitops.model.values import Action, Change, Ids, Key, Live, Manifest, Owner, Reference, Spec
from pfa_gitops.platforms.base import FieldRules, Kind, Observation, Readiness, State


class BoxSpec(Spec):
    size: int | None = None
    shape: str | None = None
    inside: Annotated[str, RefTo("Box", rewritten_on=frozenset({Action.REPLACE}))] | None = None


class Shelf:
    """The platform: what it holds, what it was asked, and how it misbehaves."""

    def __init__(self) -> None:
        self.boxes: dict[str, BoxSpec] = {}
        self.calls: list[tuple[str, str]] = []
        self.failures: dict[str, list[Exception]] = {}
        self.lost_replies: dict[str, int] = {}
        self.states: dict[str, list[Readiness]] = {}
        self.before_write: Callable[[str], None] = lambda name: None
        self.owners: dict[str, Owner] = {}
        self._kill: tuple[int, bool, type[BaseException]] | None = None

    def kill(self, after: int | None, arrives: bool = False, error: type[BaseException] = BaseException) -> None:
        """Raise `error` in so many writes, before or after that write has arrived; in all that follow, too."""
        self._kill = None if after is None else (after, arrives, error)

    @property
    def dead(self) -> bool:
        return self._kill is not None and self._kill[0] < 0

    def _dies(self, arrived: bool) -> None:
        if self._kill is None:
            return
        left, arrives, error = self._kill
        if left < 0 or (left == 0 and arrives == arrived):
            self._kill = (-1, arrives, error)
            raise error
        if arrived:
            self._kill = (left - 1, arrives, error)

    def write(self, what: str, name: str, spec: BoxSpec | None) -> None:
        self._dies(arrived=False)
        self.calls.append((what, name))
        self.before_write(name)
        if errors := self.failures.get(name):
            raise errors.pop(0)
        if spec is None:
            self.boxes.pop(name, None)
        else:
            self.boxes[name] = spec
        self._dies(arrived=True)
        if self.lost_replies.get(name, 0) > 0:
            self.lost_replies[name] -= 1
            raise MaybeArrived("the answer was lost")


class BoxKind(Kind[BoxSpec, Shelf]):
    name = "Box"
    platform = "shelf"
    summary = "a box"
    rules = FieldRules(immutable=frozenset({"shape"}))
    renames = False

    @property
    def spec(self) -> type[BoxSpec]:
        return BoxSpec

    async def observe(self, client: Shelf, wanted: Sequence[Manifest[BoxSpec]]) -> Observation:
        client.calls.append(("observe", ",".join(manifest.key.name for manifest in wanted)))
        names = [manifest.key.name for manifest in wanted if manifest.key.name in client.boxes]
        return Observation(
            [Live(Key("Box", name), client.boxes[name], f"id-{name}", owner=client.owners.get(name)) for name in names]
        )

    async def create(self, client: Shelf, change: Change, ids: Ids) -> str:
        assert change.desired
        client.write("create", change.key.name, change.desired.spec)
        return f"id-{change.key.name}"

    async def update(self, client: Shelf, change: Change, ids: Ids) -> None:
        assert change.desired
        client.write("update", change.key.name, change.desired.spec)

    async def rename(self, client: Shelf, live: Live[BoxSpec], key: Key) -> None:
        spec = client.boxes.pop(live.key.name, None) or client.boxes[key.name]
        client.write("rename", key.name, spec)

    async def delete(self, client: Shelf, live: Live[BoxSpec]) -> None:
        client.write("delete", live.key.name, None)

    async def readiness(self, client: Shelf, manifest: Manifest[BoxSpec]) -> Readiness:
        states = client.states.get(manifest.key.name, [])
        return states.pop(0) if states else Readiness(State.READY)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def kinds() -> Mapping[str, Kind[Any, Any]]:
    return {"Box": BoxKind()}


@pytest.fixture
def box() -> Callable[..., Manifest[BoxSpec]]:
    def make(name: str, **fields: Any) -> Manifest[BoxSpec]:
        spec = BoxSpec(**fields)
        found = [mention for mention in mentions(spec) if isinstance(mention.marker, RefTo)]
        references = tuple(
            Reference(mention.path, Address("Box", mention.text), mention.marker.rewritten_on) for mention in found
        )
        return Manifest(Address("Box", name), spec, Key("Box", name), references=references)

    return make


@pytest.fixture
def project(shelf, kinds) -> Project:
    return Project(shelf, kinds)
