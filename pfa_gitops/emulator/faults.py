"""Misbehaviour on demand: rules that a test sets, and the log of requests. Kept in memory: a restart forgets them.

A rule counts the requests that fit its method and path, and strikes the ones from number ``nth`` (1 is the first)
for ``count`` times. The actions:

=============  ========================================================================================
``status``     answer ``status`` without processing, with ``Retry-After: retry_after`` if that is given
``drop``       close the connection without processing
``lose_reply`` process, then close the connection instead of answering
``delay``      process, then answer ``seconds`` late
``hang``       never answer, and process nothing
=============  ========================================================================================
"""

import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from pfa_gitops.emulator.envelope import bad_request

ACTIONS = ("status", "drop", "lose_reply", "delay", "hang")
_KEPT_REQUESTS = 20_000


@dataclass
class Fault:
    """One rule. ``path`` is a regular expression searched in the path; ``raw`` answers outside the usual envelope."""

    action: str
    method: str | None = None
    path: str = ".*"
    nth: int = 1
    count: int = 1
    status: int = 500
    retry_after: float | None = None
    seconds: float = 0.0
    detail: str = "a fault that was asked for"
    raw: str | None = None
    seen: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Count a request, and say whether it is hit. ``count`` 0 means for ever."""
        if self.method not in (None, method) or not re.search(self.path, path):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.count == 0 or self.seen < self.nth + self.count)


@dataclass(frozen=True)
class Stuck:
    """Jobs whose name fits the regular expression ``name`` do not get their cluster.

    They wait until faults are cleared, and ``message`` says what for. With ``broken`` they end as BROKEN at once, and
    ``message`` is the error.
    """

    name: str = ".*"
    message: str | None = None
    broken: bool = False


@dataclass
class Faults:
    """All rules, and what was asked of the server so far."""

    rules: list[Fault] = field(default_factory=list)
    stuck_jobs: list[Stuck] = field(default_factory=list)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_REQUESTS))

    def add(self, values: dict[str, Any]) -> Fault:
        """A new rule from its JSON form."""
        known = {key: values[key] for key in values if key in Fault.__dataclass_fields__ and key != "seen"}
        if set(known) != set(values) or known.get("action") not in ACTIONS:
            raise bad_request(f"not a fault: {values}")
        self.rules.append(Fault(**known))
        return self.rules[-1]

    def clear(self) -> None:
        """Forget all rules."""
        self.rules.clear()
        self.stuck_jobs.clear()

    def striking(self, method: str, path: str) -> Fault | None:
        """The first rule that hits this request; every rule counts it."""
        hits = [rule for rule in self.rules if rule.strikes(method, path)]
        return hits[0] if hits else None

    def stuck(self, job_name: str) -> Stuck | None:
        """What keeps a job of this name from starting, if anything."""
        return next((stuck for stuck in self.stuck_jobs if re.search(stuck.name, job_name)), None)

    def note(self, method: str, path: str, query: str, status: int | None, action: str | None) -> None:
        """Log a request; a status of None means that no answer was sent."""
        self.requests.append(
            {
                "at": time.time(),
                "method": method,
                "path": path,
                "query": query,
                "status": status,
                "fault": action,
            }
        )
