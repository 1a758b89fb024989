"""Generated projects on a strict platform in memory: the engine's promises, whatever the manifests say."""

from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.properties import few, many
from support.shelf_project import Killed, Project, actions
from support.strict_shelf import KIND, CrateKind, CrateSpec, StrictShelf

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Key, Manifest, Reference, Result

SLOTS = "abcd"
FOREIGN = {"foreign": {"size": 7, "label": "theirs"}, "foreign-too": {"shape": "round"}}


class Crate(NamedTuple):
    """What one version says of one crate."""

    address: str
    name: str
    fields: Mapping[str, Any]
    inside: str | None
    """The slot of the one that it stands in."""


@dataclass(frozen=True)
class Version:
    crates: Mapping[str, Crate]
    """By slot."""
    moves: Mapping[Address, Address]

    @property
    def manifests(self) -> list[Manifest[CrateSpec]]:
        return [self._manifest(crate) for crate in self.crates.values()]

    def _manifest(self, crate: Crate) -> Manifest[CrateSpec]:
        address, key = Address(KIND, crate.address), Key(KIND, crate.name)
        if crate.inside is None:
            return Manifest(address, CrateSpec(**crate.fields), key)
        target = self.crates[crate.inside]
        references = (Reference(("inside",), Address(KIND, target.address), frozenset({Action.REPLACE})),)
        return Manifest(address, CrateSpec(**crate.fields, inside=target.name), key, references=references)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(crate.name for crate in self.crates.values())


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "size": st.none() | st.integers(1, 2),
        "label": st.sampled_from(["x", "y"]),
        "shape": st.sampled_from(["round", "square"]),
    },
)


@st.composite
def histories(draw) -> list[Version]:
    """A project, and what becomes of it."""
    versions: list[Version] = []
    for number in range(draw(st.integers(2, 3))):
        former = versions[-1].crates if versions else {}
        order = draw(st.permutations(SLOTS))[: draw(st.integers(0, len(SLOTS)))]
        crates: dict[str, Crate] = {}
        for slot in order:
            inside = draw(st.none() | st.sampled_from(sorted(crates))) if crates else None
            address, name = draw(_called(slot, former.get(slot), number))
            crates[slot] = Crate(address, name, draw(FIELDS), inside)
        versions.append(Version(crates, draw(_moves(former, crates))))
    return versions


def _called(slot: str, former: Crate | None, number: int) -> st.SearchStrategy[tuple[str, str]]:
    """Mostly as before; else another address, another name, or both."""
    before = (former.address, former.name) if former else (slot, slot)
    other = f"{slot}{number}"
    return st.sampled_from([before, before, before, (before[0], other), (other, before[1]), (other, other)])


@st.composite
def _moves(draw, former: Mapping[str, Crate], crates: Mapping[str, Crate]) -> dict[Address, Address]:
    pairs = [(former[slot].address, crate.address) for slot, crate in crates.items() if slot in former]
    told = [pair for pair in pairs if pair[0] != pair[1] and draw(st.booleans())]
    return {Address(KIND, before): Address(KIND, now) for before, now in told}


def begin(renames: bool) -> Project:
    ids = {name: f"id-{name}" for name in FOREIGN}
    return Project(StrictShelf(deepcopy(FOREIGN), ids=ids), {KIND: CrateKind(renames)})


def plan(project: Project, version: Version):
    project.moves = version.moves
    project.shelf.staying = version.names
    planned = project.plan(*version.manifests)
    anew = [change for change in planned.plan.pending if change.action is Action.REPLACE]
    project.shelf.making_way = frozenset(change.existing.key.name for change in anew)
    return planned


def apply(project: Project, version: Version) -> dict[str, Result]:
    return project.carry_out(plan(project, version))


def apply_all(renames: bool, history: list[Version]) -> Project:
    project = begin(renames)
    for version in history:
        assert set(apply(project, version).values()) <= {Result.DONE}
    return project


def settles(history, renames):
    project = begin(renames)
    for version in history:
        assert set(apply(project, version).values()) <= {Result.DONE}
        writes, kept = len(project.shelf.writes), project.ledger.writes
        assert set(actions(plan(project, version)).values()) <= {Action.NONE}
        assert apply(project, version) == {}
        assert (len(project.shelf.writes), project.ledger.writes) == (writes, kept)
        for manifest in version.manifests:
            live = project.shelf.crates[manifest.key.name]
            named = {name: getattr(manifest.spec, name) for name in manifest.spec.model_fields_set}
            assert {name: live.get(name) for name in named} == named
    assert set(project.shelf.crates) == {*FOREIGN, *history[-1].names}


@given(history=histories(), renames=st.booleans())
@few(50)
def test_every_version_is_reached_and_then_there_is_nothing_to_do(history, renames):
    settles(history, renames)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(history=histories(), renames=st.booleans())
@many(2000)
def test_every_version_is_reached_and_then_there_is_nothing_to_do_often(history, renames):
    settles(history, renames)


@given(history=histories(), renames=st.booleans())
@few(50)
def test_no_write_breaks_a_reference(history, renames):
    assert apply_all(renames, history).shelf.broken == []


@pytest.mark.xfail(strict=True, reason="the old one goes as soon as the new one is there")
def test_what_is_made_anew_under_another_name_outlives_what_refers_to_it():
    first, second = Crate("a", "a", {}, None), Crate("a", "a1", {}, None)
    refers = Crate("b", "b", {}, "a")
    project = begin(renames=False)
    apply(project, Version({"a": first, "b": refers}, {}))
    plan(project, Version({"a": second, "b": refers}, {}))
    project.shelf.making_way = frozenset()
    planned = project.plan(*Version({"a": second, "b": refers}, {}).manifests)
    project.carry_out(planned)
    assert project.shelf.broken == []


@given(history=histories(), renames=st.booleans())
@few(50)
def test_what_is_not_ours_is_not_touched(history, renames):
    project = apply_all(renames, history)
    assert {name: project.shelf.crates[name] for name in FOREIGN} == FOREIGN
    project.carry_out(project.destroy())
    assert project.shelf.crates == FOREIGN


THEN = st.sampled_from(["the same", "the former", "the end"])


def survives_a_kill(history, renames, at, arrives, then):
    """After the kill comes the same version again, the one before it first, or the end of the project."""
    wanted = apply_all(renames, history)
    project = begin(renames)
    for version in history[:-1]:
        apply(project, version)
    project.shelf.dies_at, project.shelf.arrives = len(project.shelf.writes) + at, arrives
    with suppress(Killed):
        apply(project, history[-1])
    project.shelf.dies_at = None
    if then == "the former":
        apply(project, history[-2])
        assert set(project.shelf.crates) == {*FOREIGN, *history[-2].names}
    if then == "the end":
        project.carry_out(project.destroy())
        assert project.shelf.crates == FOREIGN
        return
    apply(project, history[-1])
    assert comparable(project.shelf.crates) == comparable(wanted.shelf.crates)
    assert project.names() == wanted.names()
    assert set(actions(plan(project, history[-1])).values()) <= {Action.NONE}


@given(history=histories(), renames=st.booleans(), at=st.integers(0, 8), arrives=st.booleans(), then=THEN)
@few(50)
def test_an_apply_that_is_killed_in_any_write_is_carried_on_to_the_same_end(history, renames, at, arrives, then):
    survives_a_kill(history, renames, at, arrives, then)


def test_what_was_turned_round_by_an_apply_that_was_killed_can_be_destroyed():
    """The inventory has the references of both applies then, and those go in a circle."""
    shaped = {"size": None, "shape": "round"}
    first = [Crate("b", "b", {}, None), Crate("c", "c", {}, "b"), Crate("d", "d", {}, None)]
    second = [Crate("c", "c", shaped, None), Crate("b", "b1", {}, "c"), Crate("a", "a", {}, None)]
    versions = ([*first, Crate("a", "a", shaped, None)], second)
    history = [Version({crate.address: crate for crate in crates}, {}) for crates in versions]
    survives_a_kill(history, renames=False, at=6, arrives=False, then="the end")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(history=histories(), renames=st.booleans(), at=st.integers(0, 8), arrives=st.booleans(), then=THEN)
@many(1500)
def test_an_apply_that_is_killed_in_any_write_is_carried_on_to_the_same_end_often(history, renames, at, arrives, then):
    survives_a_kill(history, renames, at, arrives, then)


def survives_refusals(history, renames, refused):
    wanted = apply_all(renames, history)
    project = begin(renames)
    project.shelf.refuses = refused
    for version in history[:-1]:
        apply(project, version)
    apply(project, history[-1])
    project.shelf.refuses = frozenset()
    apply(project, history[-1])
    assert comparable(project.shelf.crates) == comparable(wanted.shelf.crates)
    assert project.names() == wanted.names()
    assert set(actions(plan(project, history[-1])).values()) <= {Action.NONE}


@given(history=histories(), renames=st.booleans(), refused=st.frozensets(st.integers(0, 12), max_size=3))
@few(50)
def test_an_apply_of_which_parts_failed_is_carried_on_to_the_same_end(history, renames, refused):
    survives_refusals(history, renames, refused)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(history=histories(), renames=st.booleans(), refused=st.frozensets(st.integers(0, 12), max_size=3))
@many(2000)
def test_an_apply_of_which_parts_failed_is_carried_on_to_the_same_end_often(history, renames, refused):
    survives_refusals(history, renames, refused)


def comparable(crates: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """A field that was never written is null."""
    return {name: {key: value for key, value in fields.items() if value is not None} for name, fields in crates.items()}
