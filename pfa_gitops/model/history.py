"""The applies of one project in one environment, as the inventory remembers them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pfa_gitops.model.values import Action, Change, Outcome, Result

KEPT = 20
"""How many applies the inventory remembers."""
MOST_NAMED = 20
"""How many changes of one apply it names; the counts have all."""

UNFINISHED = "unfinished"
COMPLETE = "complete"
INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Source:
    """Who began an apply, from where."""

    at: str
    """ISO 8601, by the clock of the machine where it ran."""
    who: str
    command: str
    """`apply`, `destroy` or `import`."""
    commit: str = ""
    """Of the checkout; empty where there is none."""
    dirty: bool = False
    """The checkout held changes that were not committed."""
    url: str = ""
    """The CI run's page, where it was one."""


@dataclass(frozen=True)
class Applied:
    """One apply."""

    source: Source
    counts: Mapping[str, int] = field(default_factory=dict)
    """What its plan was to do, by action; `adopt` counts what became the project's."""
    changes: tuple[str, ...] = ()
    """The first of its changes, e.g. `create Deployment/nightly`."""
    result: str = UNFINISHED
    """`complete` or `incomplete`; `unfinished` of one that goes on, or was killed."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """How its changes ended, by result."""


def begun(source: Source, changes: Iterable[Change]) -> Applied:
    """An apply that begins."""
    told = [(_word(change), change.address) for change in changes if change.action is not Action.NONE or change.adopts]
    counts: dict[str, int] = {}
    for word, _ in told:
        counts[word] = counts.get(word, 0) + 1
    named = tuple(f"{word} {address}" for word, address in told[:MOST_NAMED])
    return Applied(source, counts, named)


def _word(change: Change) -> str:
    return "adopt" if change.action is Action.NONE else change.action.value


def ended(applied: Applied, outcomes: Iterable[Outcome]) -> Applied:
    """The apply, now that it is over."""
    results = [outcome.result for outcome in outcomes]
    counts = {result.value: results.count(result) for result in Result if result in results}
    whole = all(result is Result.DONE for result in results)
    return replace(applied, result=COMPLETE if whole else INCOMPLETE, outcomes=counts)


def remembered(history: tuple[Applied, ...], applied: Applied) -> tuple[Applied, ...]:
    """The history with this apply as its last one; the oldest ones are forgotten."""
    return (*history, applied)[-KEPT:]


def to_json(applied: Applied) -> dict[str, Any]:
    """One apply as JSON."""
    source = applied.source
    return {
        "at": source.at,
        "who": source.who,
        "command": source.command,
        "commit": source.commit or None,
        "dirty": source.dirty,
        "url": source.url or None,
        "counts": dict(applied.counts),
        "changes": list(applied.changes),
        "result": applied.result,
        "outcomes": dict(applied.outcomes),
    }


def from_json(item: Mapping[str, Any]) -> Applied:
    """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for what is no apply."""
    source = Source(
        str(item["at"]),
        str(item["who"]),
        str(item["command"]),
        str(item["commit"] or ""),
        bool(item["dirty"]),
        str(item["url"] or ""),
    )
    counts = {str(name): int(count) for name, count in item["counts"].items()}
    outcomes = {str(name): int(count) for name, count in item["outcomes"].items()}
    return Applied(source, counts, tuple(map(str, item["changes"])), str(item["result"]), outcomes)
