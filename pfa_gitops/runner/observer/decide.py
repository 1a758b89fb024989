"""What is to be done about what was seen. Pure but for the stopwatch, which remembers since when.

A run is judged by its claim and its job. Runs without a claim are none of ours, but for those that a worker picked up
and could not claim any more. Jobs that the runner did not name are not touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from pfa_gitops.runner.claims import Claim
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
from pfa_gitops.runner.submission import Beginning
from pfa_gitops.runner.timing import Timing

RENEW_S = 20.0
"""Prefect keeps the concurrency slot of a run that has not begun for 300 s, or for a deployment's own grace period."""
_UNCLAIMED = 2.0
"""A worker takes a moment from the pick-up to its claim: twice a claim's time is certainly too long."""
_UNCLAIMED_CALL = 20.0
"""A flow that is called, and not a deployment's, is Pending while its code is uploaded."""
_LOST_CLUSTER = 4.0
"""How many claim's times nobody may have beaten for a Ray cluster before it counts as lost."""
_AGAIN_S = 10.0
"""A job that was told to end and still lives is told again after so long."""
_DOUBLE = "its run has another job of the same attempt"
_MISSES_S = 15.0
"""A listing may lag behind a submit. A job that nobody finds for so long is gone."""


def to_look_up(sight: Sight, watch: Stopwatch, timing: Timing) -> list[Run]:
    """The runs whose job is not among the living ones and must be asked for by itself."""
    living = {run_id for job in sight.jobs if (run_id := job.of) is not None}
    found = []
    for run in sight.runs:
        claim = run.current
        if claim is None or claim.place not in sight.reached or (str(run.id), claim.attempt) in living:
            continue
        if run.job or _is_stale(run, claim, watch, timing):
            found.append(run)
    return found


def decide(sight: Sight, watch: Stopwatch, timing: Timing) -> list[Action]:
    """Everything to do now, in order."""
    jobs: dict[str, list[SeenJob]] = {}
    for job in sight.jobs:
        if (of := job.of) is not None:
            jobs.setdefault(of.run_id, []).append(job)
    runs = {str(run.id): run for run in sight.runs}
    actions: list[Action] = []
    for run in sight.runs:
        actions += _of_run(run, jobs.get(str(run.id), []), sight, watch, timing)
    # What this worker is submitting it writes down itself.
    actions = [action for action in actions if not (isinstance(action, Adopt) and action.run.id in sight.under_way)]
    known = {**sight.others, **runs}
    for run_id, living in jobs.items():
        actions += _of_jobs(living, known.get(run_id), watch, timing)
    for job in sight.jobs:
        if (by := job.triggered_by) is not None:
            why = _left_behind(by, known.get(by.run_id))
            actions += _end(job, why, timing.orphan_grace_s, watch)
    return actions


def chosen(run: Run, claim: Claim, jobs: Sequence[SeenJob]) -> SeenJob | None:
    """The run's job: the one that the run names, else the oldest one of its attempt."""
    same = [job for job in jobs if job.of is not None and job.of.number == claim.attempt]
    named = [job for job in same if job.id == run.pid]
    return next(iter(named), None) or min(same, key=lambda job: (job.created_at, job.id), default=None)


def _of_run(run: Run, living: Sequence[SeenJob], sight: Sight, watch: Stopwatch, timing: Timing) -> Iterator[Action]:
    if run.phase is Phase.PENDING and run.lease is not None and watch.every((run.id, "renew"), RENEW_S):
        yield Renew(run)
    claim = run.current
    if run.id in sight.under_way and run.phase is Phase.PENDING:
        return
    if claim is None:
        yield from _unclaimed(run, watch, timing)
    elif claim.place not in sight.reached:
        yield from _out_of_reach(run, claim, watch, timing)
    elif (job := chosen(run, claim, living)) is not None:
        yield from _with_job(run, claim, job, watch, timing)
    elif run.id in sight.found:
        yield from _looked_up(run, claim, sight.found, watch)


def _unclaimed(run: Run, watch: Stopwatch, timing: Timing) -> Iterator[Action]:
    """Its worker ended between the pick-up and the claim, or it is none of ours."""
    waited_s = watch.seconds((run.id, "unclaimed"), run.state_id)
    if waited_s < timing.claim_s * _UNCLAIMED:
        return
    if run.phase is Phase.CANCELLING and not run.begun and not run.pid:
        yield Cancel(run, "It was cancelled before it had a job.")
    elif run.phase is Phase.PENDING and run.queued:
        yield Reschedule(run, "The worker that picked it up ended before it had a job.")
    elif run.phase is Phase.PENDING and waited_s >= timing.claim_s * _UNCLAIMED_CALL:
        yield Crash(run, "Whoever called the flow ended before it had a job.")


def _out_of_reach(run: Run, claim: Claim, watch: Stopwatch, timing: Timing) -> Iterator[Action]:
    """A Ray cluster ends with its node, and with it the only workers that could say so."""
    beaten = (claim.holder, claim.beat, claim.place)
    silent_s = watch.seconds((run.id, "reach"), beaten)
    if not claim.place.startswith("ray/") or silent_s < timing.claim_s * _LOST_CLUSTER:
        return
    if run.phase is Phase.CANCELLING:
        yield Cancel(run, "Its Ray cluster is gone.")
    else:
        yield Crash(run, f"The Ray cluster of its job {run.job} is gone: no worker reaches it any more.")


def _with_job(run: Run, claim: Claim, job: SeenJob, watch: Stopwatch, timing: Timing) -> Iterator[Action]:
    if run.pid != job.id:
        yield Adopt(run, job)
    if claim.place.startswith("ray/") and watch.every((run.id, "beat"), timing.claim_s / 3):
        yield Beat(run)
    if run.phase is Phase.CANCELLING:
        asked_s = watch.seconds((run.id, "cancelling"), run.state_id)
        if (not run.begun or asked_s >= timing.cancel_grace_s) and watch.every((job.id, "end"), _AGAIN_S):
            yield End(job, f"the run {run.name} is cancelled")
    elif run.phase is Phase.PENDING and not job.state.started and claim.start_timeout_s:
        waited_s = watch.seconds((run.id, "starting"), job.id)
        if waited_s >= claim.start_timeout_s:
            yield Crash(run, _not_started(job, claim.start_timeout_s), job)
            yield End(job, f"it did not start within {claim.start_timeout_s} s")


def _not_started(job: SeenJob, limit_s: float) -> str:
    waits = f" Anyscale says: {job.state.reason}" if job.state.reason else ""
    limit = f"job_start_timeout_s ({limit_s:g} s)"
    return f"The job {job.id} did not start within {limit}: it is {job.state.status}.{waits}"


def _looked_up(run: Run, claim: Claim, found: Mapping[UUID, SeenJob | None], watch: Stopwatch) -> Iterator[Action]:
    """Its job does not live. `found` says how it ended, or that there is none."""
    job = found[run.id]
    if job is not None and not job.state.finished:
        if run.pid != job.id:
            yield Adopt(run, job)
        return  # the listing lags behind
    if job is None and run.job and watch.seconds((run.id, "missing"), run.job) < _MISSES_S:
        return
    if run.phase is Phase.CANCELLING:
        yield Cancel(run, f"The job {job.id} ended as {job.state.status}." if job else _end_of(job, run))
    elif job is None and not run.job and run.phase is Phase.PENDING and run.queued:
        yield Reschedule(run, f"The worker {claim.worker or '?'} ended before the job was submitted.")
    else:
        yield Crash(run, _end_of(job, run), job)


def _end_of(job: SeenJob | None, run: Run) -> str:
    if job is None:
        return f"The job {run.job} is no longer there." if run.job else "Its job never came to be."
    return f"The job {job.id} ended as {job.state.status}. {job.state.reason}".strip()


def _of_jobs(living: Sequence[SeenJob], run: Run | None, watch: Stopwatch, timing: Timing) -> Iterator[Action]:
    """End the living jobs of a run that it does not need."""
    for job in living:
        why = _needless(job, living, run)
        yield from _end(job, why, 0.0 if why is _DOUBLE else timing.orphan_grace_s, watch)


def _end(job: SeenJob, why: str | None, allowed_s: float, watch: Stopwatch) -> Iterator[Action]:
    """End a job once it was needless for a while, and again while it still lives."""
    if why is None or watch.seconds((job.id, "needless"), why) < allowed_s:
        return
    if watch.every((job.id, "end"), _AGAIN_S):
        yield End(job, why)


def _left_behind(by: Beginning, run: Run | None) -> str | None:
    """Why nobody needs what a flow triggered and could not end, as its process was killed; or None.

    A job that is not waited for outlives a flow that completes, but not a start of that flow which did not complete.
    """
    if run is None:
        return "the run in which it was triggered is not there any more"
    if run.phase is Phase.FINAL and not run.completed:
        return f"the run in which it was triggered is {run.state_name}"
    if run.phase in {Phase.RUNNING, Phase.FINAL} and run.count > by.number:
        return "the run in which it was triggered began again"
    return None


def _needless(job: SeenJob, living: Sequence[SeenJob], run: Run | None) -> str | None:
    """Why nobody needs a living job, or None. A run that is paused or waits may still have its process."""
    if run is None:
        return "its run is not there any more"
    if run.phase is Phase.FINAL:
        return f"its run is {run.state_name}"
    claim, of = run.current, job.of
    if claim is None or of is None:
        return None
    if of.number < claim.attempt:
        return f"its run is at attempt {claim.attempt}"
    if of.number == claim.attempt and chosen(run, claim, living) != job:
        return _DOUBLE
    return None


def _is_stale(run: Run, claim: Claim, watch: Stopwatch, timing: Timing) -> bool:
    return watch.seconds((run.id, "claim"), (claim.holder, claim.beat, run.state_id)) >= timing.claim_s
