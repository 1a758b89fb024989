"""How long a thing has been seen as it is. Counts the time of one process, and only while it could look."""

from collections.abc import Hashable


class Stopwatch:
    """Clocks of other machines, and gaps in which nobody could look, do not count.

    `tick` before each round of looks. What a round does not ask for is forgotten.
    """

    def __init__(self, longest_gap_s: float) -> None:
        self._longest_gap_s = longest_gap_s
        self._now = 0.0
        self._last: float | None = None
        self._since: dict[Hashable, tuple[Hashable, float]] = {}
        self._asked: set[Hashable] = set()

    def tick(self, at_s: float) -> None:
        """Begin a round at `at_s` seconds of any clock that never goes back."""
        if self._last is not None:
            self._now += min(at_s - self._last, self._longest_gap_s)
        self._last = at_s
        self._since = {thing: since for thing, since in self._since.items() if thing in self._asked}
        self._asked = set()

    def seconds(self, thing: Hashable, looks: Hashable = None) -> float:
        """Since when `thing` was seen to be as it looks now, without a break."""
        self._asked.add(thing)
        known = self._since.get(thing)
        if known is None or known[0] != looks:
            known = self._since[thing] = (looks, self._now)
        return self._now - known[1]

    def every(self, thing: Hashable, seconds: float) -> bool:
        """Whether to do something again: at once, and then each time so many seconds have gone by."""
        self._asked.add(thing)
        known = self._since.get(thing)
        if known is not None and self._now - known[1] < seconds:
            return False
        self._since[thing] = (None, self._now)
        return True
