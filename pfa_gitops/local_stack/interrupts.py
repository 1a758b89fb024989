"""What Ctrl-C and TERM do to a command that starts servers. For the main thread only."""

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def term_interrupts() -> Iterator[None]:
    """Let TERM and HUP end the command the way Ctrl-C does, so that it cleans up. `nohup` is respected."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]
    with _handled(numbers, interrupt):
        yield


@contextmanager
def ignored() -> Iterator[None]:
    """Keep a second Ctrl-C from breaking off a clean-up."""
    with _handled(_ENDINGS, signal.SIG_IGN):
        yield


@contextmanager
def deferred() -> Iterator[None]:
    """Keep what must happen together in one piece; an interrupt takes effect after it.

    A process started meanwhile gets the defaults of these signals, also where we ignore them. A shell script's
    background job ignores SIGINT and would hand that down, and Prefect turns the TERM it gets into an INT: such a
    server could not be stopped.
    """
    heeded = {number for number in _ENDINGS if signal.getsignal(number) is not signal.SIG_IGN}
    arrived: list[int] = []
    with _handled(_ENDINGS, lambda number, _frame: arrived.append(number)):
        yield
    if heeded.intersection(arrived):
        raise KeyboardInterrupt


@contextmanager
def _handled(numbers: Iterable[signal.Signals], handler: Handler | signal.Handlers) -> Iterator[None]:
    former = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)
