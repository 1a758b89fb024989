"""Follows a flow run to its end: its states, its log lines, why it waits. Reads only.

Log lines come late and out of order: each process of a run sends its own in batches, and the clocks of their machines
differ. So each question goes back a little, and the last one goes back to the beginning.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pfa_gitops.model.errors import NotFound, PlatformError, Unavailable, Unreachable
from pfa_gitops.model.flow_runs import Event, LogLine, Notice, State
from pfa_gitops.platforms.prefect._client import Item, PrefectClient
from pfa_gitops.platforms.prefect._waiting import why_waiting

_POLL_S = 1.0
_ASK_WHY_S = 5.0
_LATE = timedelta(seconds=30)
_SETTLE_POLLS = 5
"""A process sends its lines in batches, every 2 s unless told otherwise."""
_LONGEST_OUTAGE_S = 600.0
"""How long Prefect may be away, on top of the time for which each request is tried."""


async def follow(client: PrefectClient, run_id: str) -> AsyncGenerator[Event]:
    """Yield each new state and log line, and why the run waits. Ends with the lines that came after the final state.

    Goes on where Prefect is away for a while. Raises PlatformError when it stays away, or refuses.
    """
    followed = _Followed(client, run_id)
    outage = _Outage()
    settling = _SETTLE_POLLS
    while True:
        ended = followed.ended
        try:
            events = await followed.news(from_the_beginning=ended and settling == 0)
        except (Unreachable, Unavailable) as error:
            events = outage.began(error)
        else:
            events = [*outage.over(), *events]
            settling -= ended
        for event in events:
            yield event
        if settling < 0:
            return
        await asyncio.sleep(_POLL_S)


@dataclass
class _Outage:
    """A time in which Prefect gives no answer."""

    since: float | None = None

    def began(self, error: PlatformError) -> list[Event]:
        """Tell of it, once. Raises `error` when it lasts too long."""
        now = time.monotonic()
        if self.since is None:
            self.since = now
            return [Notice(f"{error.message}; the run goes on, and is followed again when Prefect is back")]
        if now - self.since > _LONGEST_OUTAGE_S:
            raise error
        return []

    def over(self) -> list[Event]:
        """Tell that it is over, where there was one."""
        was, self.since = self.since, None
        return [] if was is None else [Notice("Prefect is back")]


@dataclass
class _Followed:
    """A run, and what was told of it."""

    client: PrefectClient
    run_id: str
    state: State | None = None
    _told: set[str] = field(default_factory=set)
    """The ids of states and lines."""
    _newest: datetime | None = None
    _reason: str | None = None
    _asked_why: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether the final state was told."""
        return self.state is not None and self.state.final

    async def news(self, from_the_beginning: bool = False) -> list[Event]:
        """What is new. A failure loses nothing: it is told the next time.

        Lines are read first and told last, so that no line is told before the state in which it was logged.
        """
        lines = await self._lines(from_the_beginning)
        states: list[Item] = []
        notices: list[Event] = []
        if not self.ended:
            run = await self._read()
            states = await self._states(run)
            notices = await self._notices(run)
        for state in states:
            self._told.add(state["id"])
            self.state = _state(state)
        for line in lines:
            self._told.add(line.id)
            self._newest = max(line.time, self._newest or line.time)
        return [*map(_state, states), *notices, *lines]

    async def _states(self, run: Item) -> list[Item]:
        """Those that were not told, also those that lasted shorter than a poll. The run's own is the last one.

        Prefect sorts them by the time that the worker or the job gave, whose clocks may differ. So the run is read
        again after them: what they hold is then older than its own state, or that state itself.
        """
        if run["state"] is None or run["state"]["id"] in self._told:
            return []
        past = await self.client.get("/flow_run_states/", {"flow_run_id": self.run_id})
        current = (await self._read())["state"]
        return [*(state for state in past if state["id"] not in {*self._told, current["id"]}), current]

    async def _read(self) -> Item:
        try:
            return dict(await self.client.get(f"/flow_runs/{self.run_id}"))
        except NotFound:
            raise NotFound(
                "the flow run is gone: somebody deleted it, or its deployment", "start another one"
            ) from None

    async def _lines(self, from_the_beginning: bool) -> list[LogLine]:
        wanted: dict[str, Any] = {"flow_run_id": {"any_": [self.run_id]}}
        if self._newest and not from_the_beginning:
            wanted["timestamp"] = {"after_": (self._newest - _LATE).isoformat()}
        answer = await self.client.read_all("/logs/filter", {"logs": wanted, "sort": "TIMESTAMP_ASC"})
        return [_line(item) for item in answer if item["id"] not in self._told]

    async def _notices(self, run: Item) -> list[Event]:
        """Why the run waits, asked now and then, and told when it changes. Not knowing it is no failure."""
        if run["state_type"] != "SCHEDULED" or time.monotonic() < self._asked_why + _ASK_WHY_S:
            return []
        self._asked_why = time.monotonic()
        try:
            reason = await why_waiting(self.client, run)
        except PlatformError:
            return []
        before, self._reason = self._reason, reason
        return [Notice(reason)] if reason and reason != before else []


def _state(item: Item) -> State:
    return State(item["type"], item["name"], item["message"] or "")


def _line(item: Mapping[str, Any]) -> LogLine:
    moment = datetime.fromisoformat(item["timestamp"])
    return LogLine(item["id"], moment.astimezone(UTC), item["level"], item["message"])
