"""What the observer does about what it sees: one case each, then whatever may come together."""

import random
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from pfa_gitops.platforms.anyscale._jobs import JobState
from pfa_gitops.runner.claims import Claim
from pfa_gitops.runner.observer.decide import decide, to_look_up
from pfa_gitops.runner.observer.stopwatch import Stopwatch
from pfa_gitops.runner.observer.values import (
    Action,
    Adopt,
    Beat,
    Cancel,
    Crash,
    End,
    Phase,
    Renew,
    Reschedule,
    Run,
    Sight,
)
from pfa_gitops.runner.places import SeenJob
from pfa_gitops.runner.submission import Beginning, job_name, triggered_name
from pfa_gitops.runner.timing import Timing

RUN_ID = UUID("0f9a2f5e-3f1c-4a55-9d0e-6f2d6a1b2c3d")
HERE, RAY = "anyscale/org", "ray/session"
TIMING = Timing(tick_s=5, cancel_grace_s=30, orphan_grace_s=60, claim_s=30)
STARTING = JobState("AWAITING_CLUSTER_START", finished=False, succeeded=False, reason="no capacity", started=False)
RUNNING = JobState("RUNNING", finished=False, succeeded=False)
BROKEN = JobState("BROKEN", finished=True, succeeded=False, reason="no such image", started=False)
DONE = JobState("SUCCESS", finished=True, succeeded=True)
CLAIM = Claim(attempt=1, holder="worker/1", place=HERE, pick_up="t1", start_timeout_s=100)


def run(phase: Phase = Phase.RUNNING, claim: Claim | None = CLAIM, **values: object) -> Run:
    known = {"pid": "job-1" if claim else None, "begun": phase is Phase.RUNNING, "state_id": "s1", "pick_up": "t1"}
    return Run(RUN_ID, "quick-fox", phase, phase.value, claim=claim, **(known | values))  # type: ignore[arg-type]


def job(state: JobState = RUNNING, job_id: str = "job-1", attempt: int = 1, created: str = "1") -> SeenJob:
    return SeenJob(job_id, job_name("quick-fox", RUN_ID, attempt), HERE, state, created)


TRIGGERED = "job-7"


def triggered(count: int = 1) -> SeenJob:
    return SeenJob(TRIGGERED, triggered_name("Train 0.1", Beginning(str(RUN_ID), count), RUN_ID), HERE, RUNNING)


class Rounds:
    """Rounds of the same sight, one each five seconds."""

    def __init__(self) -> None:
        self.watch, self.now = Stopwatch(longest_gap_s=15), 0.0

    def over(self, seconds: float, sight: Sight, found: SeenJob | None = None) -> list[Action]:
        """What was decided in all rounds of so many seconds. `found` is what a look at a single job finds."""
        actions: list[Action] = []
        for _ in range(int(seconds // TIMING.tick_s) + 1):
            actions += self.once(sight, found)
        return actions

    def once(self, sight: Sight, found: SeenJob | None = None) -> list[Action]:
        self.watch.tick(self.now)
        self.now += TIMING.tick_s
        looked_up = {one.id: found for one in to_look_up(sight, self.watch, TIMING)}
        return decide(replace(sight, found=looked_up), self.watch, TIMING)


def sight(runs: Sequence[Run], jobs: Sequence[SeenJob] = (), reached: str = HERE, **others: Run) -> Sight:
    return Sight(runs, jobs, {str(RUN_ID): one for one in others.values()}, frozenset({reached}))


def kinds(actions: Sequence[Action]) -> list[type]:
    return [type(action) for action in actions]


LEFT_ALONE = {
    "a run with its living job": sight([run()], [job()]),
    "a pending run with its starting job": sight([run(Phase.PENDING)], [job(STARTING)]),
    "a run that nobody of us claimed": sight([run(claim=None)]),
    "a run in a place that this worker does not reach": sight([run()], reached="anyscale/other"),
    "a job that is not named as ours are": sight([], [SeenJob("x", "nightly-report", HERE, RUNNING)]),
    "a waiting run whose process lives": sight([], [job()], other=run(Phase.WAITING)),
    "what a running flow triggered": sight([run(count=1)], [job(), triggered()]),
    "what a flow left to itself and completed": sight([], [triggered()], other=run(Phase.FINAL, completed=True)),
    "what a flow triggered whose run waits for its next attempt": sight([], [triggered()], other=run(Phase.WAITING)),
    "what a flow in a later attempt triggered": sight([run(count=2)], [job(), triggered(count=2)]),
    "a pending run that was just picked up again": sight([run(Phase.PENDING, pick_up="t2")], [job()]),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_is_left_alone(case):
    assert Rounds().over(45, LEFT_ALONE[case]) == []


def test_a_job_that_was_submitted_but_not_written_down_is_adopted_at_once():
    unwritten = run(Phase.PENDING, pid=None)
    assert Rounds().once(sight([unwritten], [job()])) == [Adopt(unwritten, job())]


def test_of_two_jobs_of_one_attempt_the_written_one_stays_else_the_older():
    older, newer = job(job_id="job-0", created="0"), job()
    assert Rounds().once(sight([run()], [older, newer])) == [End(older, "its run has another job of the same attempt")]
    unwritten = run(Phase.PENDING, pid=None)
    acts = Rounds().once(sight([unwritten], [older, newer]))
    assert acts == [Adopt(unwritten, older), End(newer, "its run has another job of the same attempt")]


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.RUNNING])
@pytest.mark.parametrize("state", [BROKEN, DONE])
def test_a_run_whose_job_ended_crashes_with_its_reason(phase, state):
    (crash,) = Rounds().once(sight([run(phase)]), job(state))
    assert isinstance(crash, Crash)
    assert state.status in crash.why
    assert state.reason in crash.why


def test_a_job_that_the_listing_lacks_for_a_moment_is_no_end():
    assert Rounds().over(60, sight([run()]), job()) == []


def test_a_job_that_nobody_finds_for_a_while_is_gone():
    rounds = Rounds()
    assert rounds.over(10, sight([run()])) == []
    (crash,) = rounds.once(sight([run()]))
    assert isinstance(crash, Crash)
    assert "no longer there" in crash.why


def test_a_pending_run_without_a_job_goes_back_once_its_claim_is_stale():
    rounds, unsent = Rounds(), run(Phase.PENDING, pid=None)
    assert rounds.over(25, sight([unsent])) == []
    assert kinds(rounds.once(sight([unsent]))) == [Reschedule]


def test_a_claim_that_beats_is_not_stale():
    rounds = Rounds()
    for beat in range(40):
        assert rounds.once(sight([run(Phase.PENDING, replace(CLAIM, beat=beat // 3), pid=None)])) == []


def test_time_in_which_nobody_could_look_does_not_make_a_claim_stale():
    rounds, unsent = Rounds(), run(Phase.PENDING, pid=None)
    rounds.once(sight([unsent]))
    rounds.now += 600
    assert rounds.once(sight([unsent])) == []


@pytest.mark.parametrize("unclaimed", [run(Phase.PENDING, None), run(Phase.PENDING, pick_up="t2")])
def test_a_run_that_was_picked_up_and_never_claimed_goes_back_later(unclaimed):
    rounds = Rounds()
    assert rounds.over(50, sight([unclaimed])) == []
    assert kinds(rounds.over(10, sight([unclaimed])))[-1:] == [Reschedule]


def test_a_run_that_cannot_be_scheduled_again_crashes():
    assert kinds(Rounds().over(30, sight([run(Phase.PENDING, pid=None, queued=False)]))) == [Crash]


def test_cancelling_ends_a_job_at_once_that_has_not_begun_and_later_one_that_has():
    before = sight([run(Phase.CANCELLING, begun=False)], [job(STARTING)])
    assert kinds(Rounds().once(before)) == [End]
    rounds, hung = Rounds(), sight([run(Phase.CANCELLING, begun=True)], [job()])
    assert rounds.over(25, hung) == []
    assert kinds(rounds.once(hung)) == [End]


@pytest.mark.parametrize(("claim", "pid"), [(None, None), (CLAIM, None), (CLAIM, "job-1")])
@pytest.mark.parametrize("found", [None, job(DONE)])
def test_a_cancelling_run_without_a_living_job_is_cancelled(claim, pid, found):
    assert Cancel in kinds(Rounds().over(60, sight([run(Phase.CANCELLING, claim, begun=False, pid=pid)]), found))


def test_the_job_of_an_earlier_attempt_is_not_taken_for_this_ones():
    retried = run(Phase.PENDING, replace(CLAIM, attempt=2, former="job-1"))
    assert Rounds().over(25, sight([retried]), job(BROKEN)) == []
    assert kinds(Rounds().over(30, sight([retried]))) == [Reschedule]


def test_a_job_that_does_not_start_in_time_is_ended_and_its_run_crashes_with_what_it_waits_for():
    rounds, waiting = Rounds(), sight([run(Phase.PENDING)], [job(STARTING)])
    assert rounds.over(95, waiting) == []
    crash, end = rounds.once(waiting)
    assert isinstance(crash, Crash)
    assert "no capacity" in crash.why
    assert isinstance(end, End)
    for_ever = sight([run(Phase.PENDING, replace(CLAIM, start_timeout_s=0))], [job(STARTING)])
    assert Rounds().over(10_000, for_ever) == []


@pytest.mark.parametrize("other", [{}, {"other": run(Phase.FINAL)}, {"other": run(claim=replace(CLAIM, attempt=2))}])
def test_a_job_that_outlives_its_run_is_ended_after_a_while(other):
    rounds, orphan = Rounds(), sight([], [job()], **other)
    assert rounds.over(55, orphan) == []
    assert kinds(rounds.once(orphan)) == [End]
    assert rounds.once(orphan) == []  # it is told again only after a while
    assert kinds(rounds.once(orphan)) == [End]


@pytest.mark.parametrize(
    ("runs", "other"),
    [
        ([], {}),
        ([], {"other": run(Phase.FINAL)}),
        ([run(count=2)], {}),
        ([], {"other": run(Phase.FINAL, completed=True, count=2)}),
    ],
    ids=["gone", "crashed", "begun-again", "begun-again-and-completed"],
)
def test_what_a_killed_flow_triggered_is_ended_after_a_while(runs, other):
    rounds, left = Rounds(), sight(runs, [*([job()] if runs else []), triggered()], **other)
    assert rounds.over(55, left) == []
    (end,) = rounds.once(left)
    assert isinstance(end, End)
    assert end.job.id == TRIGGERED
    assert end.why.startswith("the run in which it was triggered ")
    assert rounds.once(left) == []


def test_a_concurrency_slot_is_kept_while_the_job_starts():
    pending = sight([run(Phase.PENDING, lease=RUN_ID)], [job(STARTING)])
    assert kinds(Rounds().over(60, pending)).count(Renew) == 4


def test_a_ray_cluster_is_lost_when_nobody_beats_for_it():
    claim = replace(CLAIM, place=RAY)
    assert Beat in kinds(Rounds().once(sight([run(claim=claim)], [job()], reached=RAY)))
    rounds, lost = Rounds(), sight([run(claim=claim)])
    assert rounds.over(115, lost) == []
    (crash,) = rounds.once(lost)
    assert isinstance(crash, Crash)
    assert "Ray cluster" in crash.why


def test_a_run_whose_job_this_worker_is_submitting_is_left_to_the_submit():
    for picked_up in (run(Phase.PENDING, None), run(Phase.PENDING, pid=None)):
        under_way = replace(sight([picked_up], [job()]), under_way=frozenset({RUN_ID}))
        assert Rounds().over(120, under_way) == []


def test_whatever_comes_together_one_thing_is_done_to_a_run_and_nothing_to_what_is_not_ours():
    chance = random.Random(4)
    for _ in range(3000):
        phase = chance.choice(list(Phase))
        claim = chance.choice([None, CLAIM, replace(CLAIM, attempt=2, former="job-1"), replace(CLAIM, place=RAY)])
        one = run(
            phase,
            claim,
            pid=chance.choice([None, "job-1", "job-2"]),
            pick_up=chance.choice(["t1", "t2"]),
            count=chance.choice([1, 2]),
            completed=phase is Phase.FINAL and chance.choice([True, False]),
        )
        jobs = [job(job_id=f"job-{number}", attempt=chance.choice([1, 2])) for number in range(chance.randrange(3))]
        foreign = SeenJob("foreign", "nightly-report", HERE, RUNNING)
        tended = phase not in {Phase.WAITING, Phase.FINAL}
        from_it = triggered(one.count)
        seen = sight([one] if tended else [], [*jobs, from_it, foreign], **({} if tended else {"other": one}))
        rounds = Rounds()
        for _ in range(chance.randrange(1, 30)):
            actions = rounds.once(seen, chance.choice([None, job(), job(DONE)]))
            ended = [action.job for action in actions if isinstance(action, End)]
            assert foreign not in ended
            assert from_it not in ended or (phase is Phase.FINAL and not one.completed)
            moves = [action for action in actions if isinstance(action, Crash | Cancel | Reschedule)]
            assert len(moves) <= 1
            assert tended or not moves
            assert not any(isinstance(action, Crash) and phase is Phase.CANCELLING for action in moves)
