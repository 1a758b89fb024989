"""Lets SIGTERM and SIGINT end a worker, whatever it was started by.

Prefect 3.8.8 turns the first SIGTERM into SIGINT, which a process ignores that a script has started in the background,
and which Ray blocks in all of its processes: then the worker would go on picking runs up.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_ENDINGS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def ended_by_signals(say: Callable[[str], None]) -> Iterator[None]:
    """Cancel the current task at the first signal, and end the process at the second one. For the main thread."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    seen: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        seen.append(number)
        if len(seen) > 1 or task is None:
            os._exit(128 + number)
        say(f"{number.name}: nothing more is picked up; submits that are under way get a little time.")
        task.cancel()

    with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or another thread
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
        for number in _ENDINGS:
            loop.add_signal_handler(number, end, number)
    try:
        yield
    finally:
        for number in _ENDINGS:
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(number)
