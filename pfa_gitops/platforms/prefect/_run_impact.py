"""Which flow runs a change to a deployment, a pool or a queue affects. Pure.

What Prefect does with them: any write to a deployment drops the runs that its schedules are to start, which are made
anew at once; with a schedule goes all that it made and nobody picked up, late runs too [api/deployments.py].
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from pfa_gitops.model.impact import AffectedRun, Effect
from pfa_gitops.model.values import Action, Change
from pfa_gitops.platforms.prefect import _schedules
from pfa_gitops.platforms.prefect._client import Item
from pfa_gitops.platforms.prefect._deployment_writes import POOL, after, sorted_out
from pfa_gitops.platforms.prefect._runs import is_coming, is_under_way, is_waiting, schedule_of, state_of
from pfa_gitops.platforms.prefect._schedules import Schedule

TIMING = (*_schedules.TIMINGS, *_schedules.ONLY_WITH, "timezone")

Fate = Callable[[Item], Effect | None]


def on_deployment(change: Change, runs: Iterable[Item], now: datetime) -> list[AffectedRun]:
    """What a change to a deployment does to its unfinished runs."""
    if change.action is Action.UPDATE:
        return _affected(runs, _fate_in_update(change, now))
    kept = Effect.DROPPED if change.action is Action.DELETE else Effect.MOVED
    return _affected(runs, lambda run: Effect.ORPHANED if is_under_way(run) else kept)


def on_pool(change: Change, runs: Iterable[Item], now: datetime) -> list[AffectedRun]:
    """What deleting or replacing a pool does to the unfinished runs in it."""

    def fate(run: Item) -> Effect | None:
        if not is_waiting(run):
            return Effect.ORPHANED
        if change.action is Action.DELETE:
            return Effect.DROPPED
        return None if is_coming(run, now) else Effect.MOVED

    return _affected(runs, fate)


def on_queue(runs: Iterable[Item], effect: Effect = Effect.DROPPED) -> list[AffectedRun]:
    """What deleting a queue does to the runs that wait in it. Those under way do not need it."""
    return _affected(runs, lambda run: effect if is_waiting(run) else None)


def _affected(runs: Iterable[Item], fate: Fate) -> list[AffectedRun]:
    fates = ((run, fate(run)) for run in runs)
    return [AffectedRun(run["id"], state_of(run), effect) for run, effect in fates if effect]


def _fate_in_update(change: Change, now: datetime) -> Fate:
    """A late run outlives all but its schedule: only what is not due yet is made anew."""
    by_schedule = _schedule_fates(change)
    moved = Effect.MOVED if POOL & change.changed else None
    paused = Effect.DROPPED if after(change, "paused") else None

    def fate(run: Item) -> Effect | None:
        if not is_waiting(run):
            return None
        of_schedule = by_schedule.get(schedule_of(run))
        if is_coming(run, now):
            return paused or (of_schedule.coming if of_schedule else None) or moved
        return (of_schedule.late if of_schedule and run["auto_scheduled"] else None) or moved

    return fate


class _Fates(NamedTuple):
    """What becomes of a schedule's runs."""

    coming: Effect | None = None
    late: Effect | None = None


def _schedule_fates(change: Change) -> Mapping[str | None, _Fates]:
    """By the schedule's id."""
    live = change.existing
    if "schedules" not in change.changed:
        return {}
    wanted = {schedule.slug: schedule for schedule in change.manifest.spec.schedules}
    found = {schedule.slug: schedule for schedule in live.spec.schedules}
    gone, _ = sorted_out(change.manifest.spec.schedules, live)
    return {
        schedule_id: _fates(wanted.get(slug), found[slug], Effect.DROPPED if schedule_id in gone else None)
        for slug, schedule_id in live.details["schedule_ids"].items()
    }


def _fates(wanted: Schedule | None, live: Schedule, late: Effect | None) -> _Fates:
    if wanted is None:
        return _Fates(Effect.DROPPED, late)
    changed = _schedules.rescheduled(wanted, live)
    if not changed.active:
        return _Fates(Effect.DROPPED, late)
    retimed = any(getattr(changed, name, None) != getattr(live, name, None) for name in TIMING)
    return _Fates(Effect.MOVED if retimed else None, late)
