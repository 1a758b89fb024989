"""Secrets in clear, in manifests and in what is live: which field is named, and that no value ever is."""

import asyncio
from dataclasses import replace

import pytest

from pfa_gitops.engine.guards import Bounds
from pfa_gitops.engine.planning import plan_all
from pfa_gitops.engine.taint import in_lives, in_manifests
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.model.known_secrets import KnownSecrets
from pfa_gitops.model.places import Address, Origin, Origins
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.secrets import UNTOLD, Sealed, SecretRef
from pfa_gitops.model.values import Key, Live, Manifest
from pfa_gitops.platforms.registry import kinds

SECRET = "s3cr3t-value"
KNOWN = KnownSecrets({"from_env DB_PASSWORD": Sealed(SECRET)})
ORIGINS = Origins({("spec",): Origin("a.yaml", 4, 7), ("metadata", "name"): Origin("a.yaml", 3, 18)})


def manifest(kind, name="x", labels=None, **spec):
    made = kinds()[kind].spec(**spec)
    return Manifest(Address(kind, name), made, Key(kind, name), labels=labels or {}, origins=ORIGINS)


def test_a_field_of_any_depth_is_named_with_its_place():
    tainted = manifest("Deployment", "d", job_variables={"env": {"URL": f"db://app:{SECRET}@db", "OK": "fine"}})
    [problem] = in_manifests([manifest("Variable", value=1), tainted], KNOWN)
    assert problem.message == "`job_variables.env.URL` holds the secret from_env DB_PASSWORD in clear"
    assert (problem.address, problem.origin) == (Address("Deployment", "d"), Origin("a.yaml", 4, 7))
    assert SECRET not in repr(problem)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"value": SECRET}, "`value`"),
        ({"value": [1, {"a": [SECRET]}]}, "`value[1].a[0]`"),
        ({"value": 1, "tags": ["a", SECRET]}, "`tags[1]`"),
        ({"value": {SECRET: 1}}, "`value.(secret)`"),
        ({"value": {SECRET: SECRET}}, "`value.(secret)`"),
    ],
)
def test_values_lists_and_keys(spec, field):
    problems = list(in_manifests([manifest("Variable", **spec)], KNOWN))
    assert {problem.message.split(" holds")[0] for problem in problems} == {field}
    assert SECRET not in repr(problems)


def test_a_name_or_a_label_that_holds_it_is_not_shown():
    problems = list(in_manifests([manifest("Variable", SECRET, {"a": SECRET}, value=1)], KNOWN))
    assert [problem.message.split(" holds")[0] for problem in problems] == ["`metadata.name`", "`metadata.labels.a`"]
    assert [problem.address for problem in problems] == [None, None]
    assert problems[0].origin == Origin("a.yaml", 3, 18)
    assert SECRET not in repr(problems)


def test_where_a_secret_may_stand_it_is_no_problem():
    block = manifest("Block", type="secret", data={"value": SecretRef(from_env="DB_PASSWORD")})
    sealed = replace(block, spec=block.spec.model_copy(update={"data": {"value": Sealed(SECRET), "other": UNTOLD}}))
    assert list(in_manifests([block, sealed], KNOWN)) == []


def test_a_live_value_is_named_as_one():
    wanted = manifest("Variable", value="clean")
    live = Live(wanted.key, kinds()["Variable"].spec(value={"url": f"x{SECRET}"}), "id")
    other = manifest("Variable", "other", value=1)
    [problem] = in_lives([(other, Live(other.key, other.spec, "id")), (wanted, live)], KNOWN)
    assert problem.message == "the live `value.url` holds the secret from_env DB_PASSWORD in clear"
    assert problem.address == wanted.address
    assert SECRET not in repr(problem)


@pytest.mark.parametrize("renames", [True, False])
def test_a_live_value_of_an_object_that_is_renamed_is_looked_at_too(project, shelf, box, kinds, renames):
    kinds["Box"].renames = renames
    project.apply(box("old"))
    shelf.boxes["old"] = box("old", shape=SECRET).spec
    renamed = replace(box("old"), key=Key("Box", "new"))
    world = replace(project.world(), secrets=lambda: {"from_env DB_PASSWORD": Sealed(SECRET)})
    with pytest.raises(ProblemsFound) as refused:
        asyncio.run(plan_all(world, [renamed], Bounds()))
    [problem] = refused.value.problems
    assert problem.message == "the live `shape` holds the secret from_env DB_PASSWORD in clear"
    assert problem.address == renamed.address


def test_to_replace_a_former_secret_that_is_live_in_clear_exposes_none(project, shelf, box):
    project.apply(box("a", shape="round"), box("kept"))
    shelf.boxes["a"] = box("a", shape="f0rmer-s3cret").spec
    inventory, kept = project.ledger.inventory, Address("Box", "kept")
    applied = inventory.digests.digested({"shape": Sealed("f0rmer-s3cret")})
    project.ledger.inventory = inventory.with_entry(kept, replace(inventory.entries[kept], applied=applied))
    [change] = project.plan(box("a", shape="round"), box("kept")).plan.pending
    [field] = change.fields
    assert (field.before, field.after) == (UNTOLD, "round")
    assert change.risks == (Risk.DESTROYS,)


def test_where_nothing_is_known_nothing_is_looked_for():
    assert list(in_manifests([manifest("Variable", value=SECRET)], KnownSecrets({}))) == []
