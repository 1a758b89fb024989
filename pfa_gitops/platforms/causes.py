"""What lies behind a failed connection: types and the system's own words, as a vendor's text may quote a header."""

from collections.abc import Sequence


def causes(error: BaseException) -> Sequence[BaseException]:
    """The error, what it came from, and what was in groups of those."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or current in seen:
            continue
        seen.append(current)
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
    return seen


def why(error: BaseException) -> str:
    """The system's words for it, e.g. `Connection refused`; else the error's type."""
    known = [cause.strerror for cause in causes(error) if isinstance(cause, OSError) and cause.strerror]
    return known[-1] if known else type(error).__name__
