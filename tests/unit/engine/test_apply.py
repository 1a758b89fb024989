import asyncio

import pytest
from support.ledgers import MemoryLedger, OpenLock

from pfa_gitops.engine.apply import Apply, Listener, complete
from pfa_gitops.engine.guards import Bounds
from pfa_gitops.engine.planning import plan_all
from pfa_gitops.engine.record import Record
from pfa_gitops.model.errors import CutOff, Invalid, MaybeArrived, Unreachable
from pfa_gitops.model.values import Action, Result
from pfa_gitops.platforms.base import Readiness, State


@pytest.fixture
def ledger():
    return MemoryLedger()


@pytest.fixture
def run(shelf, kinds, ledger):
    """Plan and apply manifests as a command does; returns the plan's actions and the outcomes' results by name."""

    def go(*manifests, stop=False, **options):
        async def work():
            planned = await plan_all(ledger.world(kinds, {"shelf": shelf}), manifests, Bounds())
            record = Record(planned, ledger.write)
            apply = Apply(planned.plan, kinds, {"shelf": shelf}, record, OpenLock(), **options)
            if stop:
                shelf.before_write = lambda name: apply.stop.set()
            return planned.plan, await apply.run()

        plan, outcomes = asyncio.run(work())
        go.outcomes = outcomes
        return (
            {change.address.name: change.action for change in plan.changes},
            {outcome.change.address.name: outcome.result for outcome in outcomes},
        )

    return go


def writes(shelf):
    return [call for call in shelf.calls if call[0] != "observe"]


def test_what_is_referred_to_comes_first_and_a_second_apply_sends_nothing(run, shelf, box):
    manifests = [box("a", inside="b"), box("b", inside="c"), box("c", size=1)]
    run(*manifests)
    assert writes(shelf) == [("create", "c"), ("create", "b"), ("create", "a")]
    shelf.calls.clear()
    actions, results = run(*manifests)
    assert set(actions.values()) == {Action.NONE}
    assert results == {}
    assert shelf.calls == [("observe", "a,b,c")]


def test_a_failure_blocks_only_what_depends_on_it_and_a_second_apply_goes_on(run, shelf, box):
    manifests = [box("a", inside="b"), box("b"), box("other", size=1), box("last", inside="a")]
    shelf.failures["b"] = [Invalid("no", "say yes")]
    _, results = run(*manifests)
    assert results == {"b": Result.FAILED, "a": Result.BLOCKED, "last": Result.BLOCKED, "other": Result.DONE}
    assert not complete(run.outcomes)
    _, results = run(*manifests)
    assert results == {"b": Result.DONE, "a": Result.DONE, "last": Result.DONE}


def test_what_cannot_be_reached_is_not_tried_for_each_object_again(run, shelf, box):
    shelf.failures |= {name: [Unreachable("nothing answers")] for name in "ac"}
    _, results = run(*(box(name) for name in "abcde"), at_once=1)
    failed, skipped = Result.FAILED, Result.SKIPPED
    assert results == {"a": failed, "b": Result.DONE, "c": failed, "d": skipped, "e": skipped}
    assert run.outcomes[-1].problem.message == "not tried: Shelf cannot be reached"
    assert writes(shelf) == [("create", name) for name in "abc"]


def test_a_create_with_a_lost_answer_is_looked_up_and_not_sent_again(run, shelf, box):
    shelf.lost_replies["a"] = 1
    _, results = run(box("a", size=1))
    assert results == {"a": Result.DONE}
    assert writes(shelf) == [("create", "a")]


def test_a_create_that_never_arrived_is_sent_again(run, shelf, box):
    shelf.failures["a"] = [MaybeArrived("lost on the way")]
    _, results = run(box("a", size=1))
    assert results == {"a": Result.DONE}
    assert writes(shelf) == [("create", "a"), ("create", "a")]


def test_a_create_that_may_still_be_on_its_way_is_not_sent_again(run, shelf, box):
    shelf.failures["a"] = [CutOff("too slow")]
    _, results = run(box("a", size=1))
    assert results == {"a": Result.FAILED}
    assert writes(shelf) == [("create", "a")]


def test_replacing_deletes_creates_and_writes_what_it_detached(run, shelf, box):
    run(box("a", inside="b", size=1), box("b", shape="round"))
    shelf.calls.clear()
    actions, _ = run(box("a", inside="b", size=1), box("b", shape="square"))
    assert actions == {"a": Action.UPDATE, "b": Action.REPLACE}
    assert writes(shelf) == [("delete", "b"), ("create", "b"), ("update", "a")]


def test_the_plan_says_why_an_object_is_written_though_its_values_are_the_same(shelf, kinds, box, run, ledger):
    run(box("a", inside="b"), box("b", shape="round"))
    manifests = [box("a", inside="b"), box("b", shape="square")]
    planned = asyncio.run(plan_all(ledger.world(kinds, {"shelf": shelf}), manifests, Bounds()))
    change = planned.plan.changes[1]
    assert [(field.path, field.before, field.after, field.reason) for field in change.fields] == [
        (("inside",), "b", "b", "Box/b is replaced")
    ]


def test_apply_waits_until_the_object_is_ready(run, shelf, box, monkeypatch):
    monkeypatch.setattr("pfa_gitops.engine.wait.POLL_SECONDS", 0.0)
    shelf.states["a"] = [Readiness(State.PROGRESSING, "starting"), Readiness(State.PROGRESSING, "starting")]
    heard = []
    listener = Listener(progress=lambda change, message: heard.append(message))
    _, results = run(box("a"), listener=listener)
    assert results == {"a": Result.DONE}
    assert heard == ["starting"]


def test_an_object_that_fails_after_the_write_fails_with_its_own_words(run, shelf, box):
    shelf.states["a"] = [Readiness(State.FAILED, "no capacity")]
    _, results = run(box("a"), box("b", inside="a"))
    assert results == {"a": Result.FAILED, "b": Result.BLOCKED}
    assert run.outcomes[0].problem.message == "no capacity"


def test_an_object_that_is_never_ready_fails_when_the_time_is_over(run, shelf, box):
    shelf.states["a"] = [Readiness(State.PROGRESSING, "starting")] * 10
    _, results = run(box("a"), ready_timeout_seconds=0.01)
    assert results == {"a": Result.FAILED}
    assert "starting" in run.outcomes[0].problem.message


def test_an_interrupt_ends_the_wait_for_what_is_written(run, shelf, box):
    shelf.states["a"] = [Readiness(State.PROGRESSING, "starting")] * 100
    _, results = run(box("a"), box("b", inside="a"), stop=True)
    assert results == {"a": Result.SKIPPED, "b": Result.BLOCKED}
    assert writes(shelf) == [("create", "a")]
    assert "written" in run.outcomes[0].problem.message
    assert not complete(run.outcomes)


def test_a_defect_fails_its_own_change_only_and_shows_no_value(run, shelf, box):
    shelf.failures["a"] = [TypeError("hunter2")]
    _, results = run(box("a"), box("b", inside="a"), box("c"))
    assert results == {"a": Result.FAILED, "b": Result.BLOCKED, "c": Result.DONE}
    problem = run.outcomes[0].problem
    assert "TypeError at" in problem.message
    assert "hunter2" not in problem.message


def test_an_interrupt_ends_what_is_under_way_and_skips_the_rest(run, shelf, box):
    _, results = run(box("a"), box("b", inside="a"), box("c"), stop=True, at_once=1)
    assert results["a"] is Result.DONE
    assert Result.DONE not in {results["b"], results["c"]}
    assert writes(shelf) == [("create", "a")]
