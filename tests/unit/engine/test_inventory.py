"""What the inventory makes of manifests: pruning, ownership, resets, names, protection, limits, and being killed."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from support.ledgers import MemoryLedger, OpenLock
from support.shelf_project import Killed, actions

from pfa_gitops.engine.ownership import manifest_of
from pfa_gitops.engine.record import is_done
from pfa_gitops.model.errors import Conflict, LockLost, ProblemsFound
from pfa_gitops.model.inventory import DIGEST, Entry, from_json, to_json
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import Action, Key, Owner, Result
from pfa_gitops.platforms import registry
from pfa_gitops.platforms.base import FieldRules, Observation


def test_what_left_the_manifests_is_deleted_after_what_referred_to_it(project, shelf, box):
    project.apply(box("a", inside="b"), box("b", inside="c"), box("c"), box("kept", inside="c"))
    shelf.calls.clear()
    planned = project.plan(box("kept"))
    assert actions(planned) == {"kept": Action.UPDATE, "a": Action.DELETE, "b": Action.DELETE, "c": Action.DELETE}
    project.carry_out(planned)
    deletes = [name for what, name in shelf.calls if what == "delete"]
    assert deletes == ["a", "b", "c"]
    assert [call for call in shelf.calls if call[0] == "update"] == [("update", "kept")]
    assert project.names() == ["kept"]
    assert actions(project.plan(box("kept"))) == {"kept": Action.NONE}


def test_a_failed_update_keeps_what_the_object_still_refers_to(project, shelf, box):
    project.apply(box("a", inside="b"), box("b"))
    shelf.failures["a"] = [Conflict("not now")]
    assert project.apply(box("a")) == {"a": Result.FAILED, "b": Result.BLOCKED}
    assert "b" in shelf.boxes
    assert project.apply(box("a")) == {"a": Result.DONE, "b": Result.DONE}


def test_what_is_not_ours_is_neither_changed_nor_deleted(project, shelf, box):
    shelf.boxes["foreign"] = box("foreign", size=1).spec
    project.apply(box("ours"))
    with pytest.raises(ProblemsFound) as refused:
        project.plan(box("foreign", size=2))
    assert "adopt: true" in refused.value.problems[0].mend
    assert "import Box/foreign" in refused.value.problems[0].mend
    project.carry_out(project.destroy())
    assert list(shelf.boxes) == ["foreign"]


def test_an_object_of_another_project_is_never_taken(project, shelf, box):
    shelf.boxes["theirs"] = box("theirs").spec
    shelf.owners["theirs"] = Owner("billing", "prod")
    with pytest.raises(ProblemsFound, match="belongs to project billing, environment prod"):
        project.plan(replace(box("theirs"), adopt=True))
    with pytest.raises(ProblemsFound, match="belongs to project billing"):
        project.take(box("theirs"))


def test_an_object_is_adopted_where_its_manifest_says_so(project, shelf, box):
    shelf.boxes["old"] = box("old", size=1, shape="round").spec
    planned = project.plan(replace(box("old", size=2), adopt=True))
    [change] = planned.plan.changes
    assert (change.action, change.adopts, change.changed) == (Action.UPDATE, True, {"size"})
    project.carry_out(planned)
    assert project.ledger.inventory.entries[Address("Box", "old")].applied == {"size": 2}
    assert shelf.boxes["old"].size == 2


def test_import_takes_what_is_there_as_it_is(project, shelf, box):
    shelf.boxes["old"] = box("old", size=1).spec
    manifests = [box("old", size=2), box("new")]
    assert project.take(*manifests) == ["old"]
    assert shelf.calls[-1][0] == "observe"
    assert project.ledger.inventory.entries[Address("Box", "old")].applied == {"size": 1}
    assert actions(project.plan(*manifests)) == {"old": Action.UPDATE, "new": Action.CREATE}
    assert project.take(*manifests) == []
    with pytest.raises(ProblemsFound, match="there is no Box new to import"):
        project.take(*manifests, only=[Address("Box", "new")])
    with pytest.raises(ProblemsFound, match="no manifest declares Box/other"):
        project.take(*manifests, only=[Address("Box", "other")])


def test_a_field_that_left_its_manifest_goes_back_to_its_default_and_others_stay(project, shelf, box):
    project.apply(box("a", size=3))
    shelf.boxes["a"] = shelf.boxes["a"].model_copy(update={"shape": "round"})  # by somebody else
    planned = project.plan(box("a"))
    [change] = planned.plan.changes
    assert [(field.path, field.before, field.after) for field in change.fields] == [(("size",), 3, None)]
    project.carry_out(planned)
    assert actions(project.plan(box("a"))) == {"a": Action.NONE}
    assert project.ledger.inventory.entries[Address("Box", "a")].applied == {}


def test_another_metadata_name_for_the_same_object_moves_its_entry(project, box):
    project.apply(box("a", size=1))
    renamed = replace(box("b", size=1), key=Key("Box", "a"))
    planned = project.plan(renamed)
    assert actions(planned) == {"b": Action.NONE}
    project.carry_out(planned)
    assert project.names() == ["b"]


def test_another_name_on_the_platform_makes_the_new_one_before_the_old_one_goes(project, shelf, box):
    project.apply(box("a", size=1))
    shelf.calls.clear()
    renamed = replace(box("a", size=1), key=Key("Box", "z"))
    planned = project.plan(renamed)
    assert actions(planned) == {"a": Action.REPLACE}
    project.carry_out(planned)
    assert [call for call in shelf.calls if call[0] != "observe"] == [("create", "z"), ("delete", "a")]
    assert list(shelf.boxes) == ["z"]
    assert actions(project.plan(renamed)) == {"a": Action.NONE}


def test_what_was_moved_is_renamed_where_the_platform_can(project, shelf, box, monkeypatch):
    monkeypatch.setattr(type(project.kinds["Box"]), "renames", True)
    project.apply(box("old", size=1))
    project.moves = {Address("Box", "old"): Address("Box", "new")}
    shelf.calls.clear()
    planned = project.plan(box("new", size=2))
    [change] = planned.plan.changes
    assert (change.action, change.changed) == (Action.UPDATE, {"name", "size"})
    project.carry_out(planned)
    assert [call for call in shelf.calls if call[0] != "observe"] == [("rename", "new"), ("update", "new")]
    assert actions(project.plan(box("new", size=2))) == {"new": Action.NONE}


def test_what_was_moved_is_made_anew_where_the_platform_cannot_rename_and_the_plan_says_so(project, shelf, box):
    project.apply(box("old", size=1))
    project.moves = {Address("Box", "old"): Address("Box", "new")}
    planned = project.plan(box("new", size=1))
    [change] = planned.plan.changes
    assert change.action is Action.REPLACE
    assert "cannot rename" in change.fields[0].reason
    project.carry_out(planned)
    assert list(shelf.boxes) == ["new"]


def test_what_is_protected_stays_also_when_its_manifest_is_gone(project, shelf, box):
    project.apply(replace(box("a", shape="round"), protect=True), box("b"))
    planned = project.plan(box("b"))
    assert actions(planned) == {"b": Action.NONE}
    assert "Box/a left the manifests and is kept" in planned.plan.notices[0]
    project.carry_out(planned)
    assert project.names() == ["a", "b"]
    with pytest.raises(ProblemsFound, match="Box/a is protected"):
        project.destroy()
    with pytest.raises(ProblemsFound, match="Box/a is protected and would be deleted: a new shape makes it anew"):
        project.plan(replace(box("a", shape="square"), protect=True))
    project.apply(box("a", shape="round"), box("b"))
    assert project.apply(box("b")) == {"a": Result.DONE}


def test_limits_are_told(project, box):
    project.apply(*(box(name) for name in "abcd"))
    assert project.plan(box("a"), max_deletes=3).plan.breaches == ()
    [breach] = project.plan(box("a"), max_deletes=2).plan.breaches
    assert breach == "it deletes or replaces 3 objects, and max_deletes is 2"
    [breach] = project.plan(box("a"), max_percent=50).plan.breaches
    assert breach == "it deletes or replaces 75 % of 4 objects, and max_percent is 50"


def test_destroy_deletes_all_that_is_ours(project, shelf, box):
    project.apply(box("a", inside="b"), box("b"))
    shelf.calls.clear()
    project.carry_out(project.destroy())
    assert [name for what, name in shelf.calls if what == "delete"] == ["a", "b"]
    assert project.names() == []


def test_what_is_gone_from_its_platform_is_forgotten(project, shelf, box):
    project.apply(box("a"), box("b"))
    shelf.boxes.pop("b")
    planned = project.plan(box("a"))
    assert actions(planned) == {"a": Action.NONE}
    project.carry_out(planned)
    assert project.names() == ["a"]


def test_an_apply_with_nothing_to_do_does_not_write_the_inventory(project, box):
    project.apply(box("a", size=1), box("b"))
    writes = project.ledger.writes
    project.apply(box("a", size=1), box("b"))
    assert project.ledger.writes == writes


def test_an_object_is_not_left_behind_in_another_place(project, shelf, box, monkeypatch):
    monkeypatch.setattr(type(project.kinds["Box"]), "rules", FieldRules(place=frozenset({"shape"})))
    project.apply(box("a", shape="here"))
    there = shelf.boxes.pop("a")  # in the other place there is none
    with pytest.raises(ProblemsFound, match="Box/a was made in the shape here, and would stay there beside a new one"):
        project.plan(box("a", shape="elsewhere"))
    with pytest.raises(ProblemsFound, match="was made in the shape here"):
        project.plan(box("a"))
    assert actions(project.plan(box("a", shape="here"))) == {"a": Action.CREATE}
    shelf.boxes["a"] = there
    assert actions(project.plan()) == {"a": Action.DELETE}


def test_what_is_wrong_with_an_object_that_only_goes_does_not_keep_it(project, shelf, box, monkeypatch):
    project.apply(box("a"), box("b"))
    observe = type(project.kinds["Box"]).observe

    async def with_problems(self, client, wanted):
        seen = await observe(self, client, wanted)
        return Observation(seen.lives, [manifest.problem((), "its schema is another one now") for manifest in wanted])

    monkeypatch.setattr(type(project.kinds["Box"]), "observe", with_problems)
    assert actions(project.plan()) == {"a": Action.DELETE, "b": Action.DELETE}
    with pytest.raises(ProblemsFound) as refused:
        project.plan(box("a"))
    assert [str(problem.address) for problem in refused.value.problems] == ["Box/a"]


def test_another_id_alone_is_nothing_to_do(project, box):
    """A compute config's new version has one, which an update does not tell."""
    project.apply(box("a", size=1))
    inventory = project.ledger.inventory
    entries = {address: replace(entry, id="an older one") for address, entry in inventory.entries.items()}
    project.ledger.inventory = replace(inventory, entries=entries)
    assert is_done(project.plan(box("a", size=1)))
    assert not is_done(project.plan(box("a", size=2)))
    assert not is_done(project.plan(box("a", size=1), box("b")))


@pytest.mark.parametrize(
    ("kind", "key", "applied"),
    [
        ("Variable", "old", {"value": 1}),
        ("Variable", "old", {"value": 1, "name": "new"}),
        ("Deployment", "flow/old", {"flow_name": "flow"}),
        ("Block", "secret/old", {"type": "secret", "data": {}}),
        ("WorkQueue", "pool/old", {"work_pool": "pool"}),
        ("ComputeConfig", "old", {}),
    ],
)
def test_what_was_moved_or_renamed_is_looked_for_by_the_name_that_it_had(kind, key, applied):
    """Its manifest has another address by now, or another `spec.name`."""
    inventory = MemoryLedger().inventory
    former = manifest_of(Address(kind, "new"), Entry(Key(kind, key), applied), inventory, registry.kinds())
    assert (former.key, former.platform_name) == (Key(kind, key), "old")


@pytest.mark.parametrize("kill_at", range(12))
def test_an_apply_that_is_killed_at_any_write_is_carried_on(project, shelf, box, kill_at):
    """Half of the moments lie after the write has arrived, and before anything is noted."""
    project.apply(box("gone", inside="base"), box("base"), box("renamed", size=1), box("same", size=1))
    wanted = [
        box("base", size=2),
        box("new", inside="base"),
        replace(box("renamed", size=1), key=Key("Box", "other")),
        box("same"),
    ]
    shelf.kill(after=kill_at // 2, arrives=bool(kill_at % 2), error=Killed)
    with suppress(Killed):
        project.carry_out(project.plan(*wanted))
    shelf.kill(after=None)
    project.apply(*wanted)
    assert sorted(shelf.boxes) == ["base", "new", "other", "same"]
    assert set(actions(project.plan(*wanted)).values()) == {Action.NONE}
    assert project.names() == ["base", "new", "renamed", "same"]


@pytest.mark.parametrize("renames", [True, False])
def test_a_field_that_leaves_with_a_rename_goes_though_the_apply_is_killed_first(
    project, shelf, box, renames, monkeypatch
):
    monkeypatch.setattr(type(project.kinds["Box"]), "renames", renames)
    project.apply(box("a", size=1))
    renamed = replace(box("a"), key=Key("Box", "z"))
    shelf.kill(after=0, error=Killed)
    with suppress(Killed):
        project.apply(renamed)
    shelf.kill(after=None)
    project.apply(renamed)
    assert {name: spec.size for name, spec in shelf.boxes.items()} == {"z": None}


@pytest.mark.parametrize("kill_at", range(6))
@pytest.mark.parametrize("then", ["back", "gone", "destroyed", "a third name"])
def test_what_is_killed_between_two_names_is_not_forgotten(project, box, kill_at, then):
    shelf = project.shelf
    project.apply(box("a", size=1))
    shelf.kill(after=kill_at // 2, arrives=bool(kill_at % 2), error=Killed)
    with suppress(Killed):
        project.apply(replace(box("a", size=2), key=Key("Box", "z")))
    shelf.kill(after=None)
    wanted = {"back": [box("a", size=1)], "a third name": [replace(box("a"), key=Key("Box", "third"))]}.get(then, [])
    project.carry_out(project.destroy() if then == "destroyed" else project.plan(*wanted))
    assert sorted(shelf.boxes) == [manifest.key.name for manifest in wanted]
    assert project.names() == [manifest.address.name for manifest in wanted]
    assert is_done(project.plan(*wanted))


def test_an_object_that_somebody_else_made_meanwhile_does_not_become_ours(project, shelf, box):
    planned = project.plan(box("a"))
    shelf.failures["a"] = [Conflict("it is there")]
    shelf.boxes["a"] = box("a", size=9).spec
    assert project.carry_out(planned) == {"a": Result.FAILED}
    with pytest.raises(ProblemsFound, match="is not this project's"):
        project.plan(box("a"))


class LostLock(OpenLock):
    def check(self) -> None:
        raise LockLost("the lock was taken away")


def test_nothing_is_written_once_the_lock_is_lost(project, shelf, box):
    assert project.carry_out(project.plan(box("a")), LostLock()) == {"a": Result.SKIPPED}
    assert shelf.boxes == {}


def test_it_is_kept_as_json_with_digests_for_secrets(project, box):
    project.apply(box("a", size=1, inside="b"), replace(box("b"), protect=True))
    inventory = project.ledger.inventory
    document = json.loads(json.dumps(to_json(inventory)))
    assert from_json(document, inventory.digests) == inventory
    digested = inventory.digests.digested({"password": Sealed("hush"), "user": "me"})
    assert digested["user"] == "me"
    assert digested["password"][DIGEST].startswith("sha256:")
    assert "hush" not in json.dumps(digested)
