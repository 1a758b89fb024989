"""When the history of applies is written: along with what is written anyway, and in the end."""

import asyncio
from contextlib import suppress

import pytest
from support.ledgers import OpenLock
from support.shelf_project import Killed

from pfa_gitops.engine.apply import Apply
from pfa_gitops.engine.record import Record
from pfa_gitops.engine.saved import fit
from pfa_gitops.model.errors import Conflict
from pfa_gitops.model.history import Source
from pfa_gitops.model.receipts import SavedPlan, receipts

SOURCE = Source("2026-01-01T00:00:00+00:00", "ana", "apply")


def carry_out(project, planned, left_out=()):
    async def write(inventory):
        if project.shelf.dead:
            raise Killed
        return await project.ledger.write(inventory)

    record = Record(planned, write, SOURCE, left_out)
    asyncio.run(Apply(planned.plan, project.kinds, {"shelf": project.shelf}, record, OpenLock()).run())


def results(project):
    return [applied.result for applied in project.ledger.inventory.history]


def test_it_costs_no_write_of_its_own_where_something_is_made(project, box):
    carry_out(project, project.plan(box("a")))
    assert results(project) == ["complete"]
    assert project.ledger.writes == 2, "before the first request, and in the end"


def test_one_that_is_killed_stays_unfinished_and_the_next_one_follows_it(project, shelf, box):
    shelf.kill(0)
    with suppress(BaseException):
        carry_out(project, project.plan(box("a")))
    shelf.kill(None)
    assert results(project) == ["unfinished"]
    carry_out(project, project.plan(box("a")))
    assert results(project) == ["unfinished", "complete"]


@pytest.mark.parametrize("fields", [{}, {"size": 2}], ids=["of a create", "of an update"])
def test_what_failed_is_remembered(project, shelf, box, fields):
    if fields:
        carry_out(project, project.plan(box("a")))
    shelf.failures["a"] = [Conflict("not now")]
    carry_out(project, project.plan(box("a", **fields)))
    last = project.ledger.inventory.history[-1]
    assert (last.result, last.outcomes) == ("incomplete", {"failed": 1})


def test_what_moved_since_a_plan_was_saved_is_remembered_as_skipped(project, box):
    wanted = [box("a"), box("b")]
    planned = project.plan(*wanted)
    saved = SavedPlan("1.0", "tests", "test", {"shelf": "here"}, receipts(planned.plan.changes, planned.inventory))
    fitted = fit(project.plan(box("a"), box("b", size=2)), saved)
    carry_out(project, *fitted)
    [last] = project.ledger.inventory.history
    assert (last.result, last.outcomes) == ("incomplete", {"done": 1, "skipped": 1})
    assert (last.counts, last.changes) == ({"create": 2}, ("create Box/a", "create Box/b"))
