"""How many requests may be under way at once. No I/O.

SQLite answers 503 to parallel writers, and sometimes stalls for a minute. Measured: one writer with quick retries does
35 writes a second, eight do 22; on Postgres any number does 35. Many at once only help against a server far away. So
writers start as one, become more while all goes well, and are one for good after a 503.

Prefect's server is one thread: what takes long alone takes as much longer as there are others, until the client gives
up. A listing of 200 deployments with cron schedules takes it 4 s, eight at once 30 s each (3.8.8, on PostgreSQL). So
who waits long asks for less at once, but for two at least: an answer may be slow for another reason.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SLOW_S = 5.0
"""An answer that takes longer than these seconds is slow."""
LEAST_WHEN_SLOW = 2


class Pace:
    """A gate that lets a number of requests through at once, and learns that number.

    Times are those of one clock, in seconds.
    """

    def __init__(self, width: int, widest: int, successes_to_widen: int) -> None:
        self.width = width
        self._widest = widest
        self._successes_to_widen = successes_to_widen
        self._busy = 0
        self._successes = 0
        self._narrowed = 0.0
        """When an answer was slow last: others that were under way by then tell nothing new."""
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it."""
        async with self._free:
            await self._free.wait_for(lambda: self._busy < self.width)
            self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            async with self._free:
                self._free.notify_all()

    def pushed_back(self, for_good: bool = False) -> None:
        """The server asked for less. `for_good`: it cannot take two at once at all."""
        self._successes = 0
        self.width = 1 if for_good else max(1, self.width // 2)
        self._widest = 1 if for_good else self._widest

    def waited_in_vain(self, began: float, ended: float) -> None:
        """There was no answer."""
        self._successes = 0
        if began >= self._narrowed:
            self._narrowed = ended
            self.width = min(self.width, max(LEAST_WHEN_SLOW, self.width // 2))

    def answered(self, began: float, ended: float) -> None:
        """The server answered, whatever it said."""
        if ended - began > SLOW_S:
            self.waited_in_vain(began, ended)
            return
        self._successes += 1
        if self._successes >= self._successes_to_widen and self.width < self._widest:
            self.width += 1
            self._successes = 0
