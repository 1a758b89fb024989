"""A saved plan: what it shows is done, what moved since is not, and it holds no value."""

import asyncio
import json
from dataclasses import replace

import pytest
from support.shelf_project import actions

from pfa_gitops.engine.guards import Bounds
from pfa_gitops.engine.planning import assessed
from pfa_gitops.engine.saved import fit
from pfa_gitops.model.chain import Chain, Link, Part, Verdict
from pfa_gitops.model.places import Address
from pfa_gitops.model.receipts import SavedPlan, from_json, receipts, to_json
from pfa_gitops.model.values import Action, Owner, Result

OWNER = Owner("tests", "test")


def save(planned):
    made = SavedPlan("1.0", *OWNER, {"shelf": "here"}, receipts(planned.plan.changes, planned.inventory))
    return from_json(json.loads(json.dumps(to_json(made))))


def test_the_same_plan_fits(project, box):
    project.apply(box("gone"), box("a", size=1))
    wanted = [box("a", size=2), box("new", inside="a")]
    saved = save(project.plan(*wanted))
    assert [str(receipt.address) for receipt in saved.receipts] == ["Box/a", "Box/new", "Box/gone"]
    planned, skipped = fit(project.plan(*wanted), saved)
    assert skipped == ()
    assert project.carry_out(planned) == {"a": Result.DONE, "new": Result.DONE, "gone": Result.DONE}


def test_what_moved_since_is_left_out_with_what_depends_on_it(project, shelf, box):
    project.apply(box("a", size=1), box("b", size=1), box("gone", size=1))
    wanted = [box("a", size=2), box("b", size=2), box("new", inside="a")]
    saved = save(project.plan(*wanted))
    shelf.boxes["a"] = box("a", size=7).spec  # the field that the plan changes
    shelf.boxes["gone"] = shelf.boxes["gone"].model_copy(update={"shape": "round"})  # anything of what it deletes
    planned, skipped = fit(project.plan(*wanted), saved)
    assert [str(outcome.change.address) for outcome in skipped] == ["Box/a", "Box/gone", "Box/new"]
    assert "Box/a was not done before it" in skipped[2].problem.message
    assert actions(planned) == {"b": Action.UPDATE}


def test_what_the_plan_did_not_show_is_not_done(project, shelf, box):
    project.apply(box("a", size=1))
    saved = save(project.plan(box("a", size=1)))
    planned, skipped = fit(project.plan(box("a", size=2), box("new")), saved)
    assert [str(outcome.change.address) for outcome in skipped] == ["Box/a", "Box/new"]
    assert actions(planned) == {}


def test_limits_are_of_what_is_done(project, shelf, box):
    project.apply(box("a"), box("b"), box("c"))
    saved = save(project.plan(box("b"), box("c")))
    whole = project.plan(max_deletes=1)
    assert whole.plan.breaches
    planned, skipped = fit(whole, saved)
    assert [str(outcome.change.address) for outcome in skipped] == ["Box/b", "Box/c"]
    kept = asyncio.run(assessed(planned, project.kinds, {"shelf": shelf}, Bounds(max_deletes=1)))
    assert kept.plan.breaches == ()
    kept = asyncio.run(assessed(planned, project.kinds, {"shelf": shelf}, Bounds(max_deletes=0)))
    assert kept.plan.breaches == ("it deletes or replaces 1 objects, and max_deletes is 0",)


def test_nothing_is_told_of_what_is_left_out(project, shelf, box):
    address, other = Address("Box", "a"), Address("Box", "b")
    project.apply(box("a", size=1), box("b", size=1))
    wanted = [box("a", size=2), box("b", size=2)]
    saved = save(project.plan(*wanted))
    shelf.boxes["a"] = box("a", size=7).spec
    planned = project.plan(*wanted)
    chains = (Chain(address, ()), Chain(other, (Link(Part.QUEUE, Verdict.NOT, "r", address),)), Chain(other, ()))
    plan = replace(planned.plan, protection=((address, True), (other, True)), chains=chains)
    kept = fit(replace(planned, plan=plan), saved).planned.plan
    assert kept.protection == ((other, True),)
    assert kept.chains == (Chain(other, ()),)


def test_what_is_done_by_now_is_done(project, box):
    saved = save(project.plan(box("a")))
    project.apply(box("a"))
    planned, skipped = fit(project.plan(box("a")), saved)
    assert skipped == ()
    assert actions(planned) == {"a": Action.NONE}


def test_a_field_that_is_not_ours_may_move(project, shelf, box):
    project.apply(box("a", size=1))
    saved = save(project.plan(box("a", size=2)))
    shelf.boxes["a"] = shelf.boxes["a"].model_copy(update={"shape": "round"})
    assert fit(project.plan(box("a", size=2)), saved).skipped == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"project": "other"}, "a plan for the project other, and this is tests"),
        ({"environment": "prod"}, "a plan for the environment prod, and this is test"),
        ({"places": {"shelf": "there"}}, "made against there, and this is here"),
        ({"tool_version": "0.9"}, "pfa-gitops 0.9 made it, and this is 1.0"),
    ],
)
def test_a_plan_for_elsewhere_says_so(project, box, change, why):
    here = save(project.plan(box("a")))
    assert here.differs(here) is None
    assert why in replace(here, **change).differs(here)


def test_another_format_is_refused(project, box):
    document = to_json(save(project.plan(box("a"))))
    with pytest.raises(ValueError, match="its format is 'x'"):
        from_json(document | {"format": "x"})
