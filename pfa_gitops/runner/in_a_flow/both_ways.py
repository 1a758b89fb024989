"""Methods that plain code calls and async code awaits.

Which of the two a call is, and how a coroutine runs for a plain caller: whatever interrupts the caller cancels the
coroutine. Prefect's own way (`run_coro_as_sync`) leaves it running after SIGTERM or a time-out.
"""

import asyncio
import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from typing import Any, Generic, ParamSpec, TypeVar

from prefect.context import get_run_context
from prefect.exceptions import MissingContextError

P = ParamSpec("P")
T = TypeVar("T")

CLEAN_UP_S = 40.0
"""How long a coroutine may take to its end after its caller was interrupted, in seconds."""
_SLICE_S = 0.2  # Prefect's time-out for a thread is an exception that waits until a call into C returns


def both_ways(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Any]:
    """Make an async method callable from both: the result where the caller is plain code, else something to await."""

    @functools.wraps(method)
    def call(*arguments: P.args, **options: P.kwargs) -> Any:
        coroutine = method(*arguments, **options)
        return coroutine if called_by_async_code() else run_here(coroutine)

    return call


def called_by_async_code() -> bool:
    """Whether the caller can await: a loop runs in this thread, and it is not a plain flow or task that blocks it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    try:
        context: Any = get_run_context()
    except MissingContextError:
        return True
    return bool((getattr(context, "task", None) or context.flow).isasync)


def run_here(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, in a thread of its own. An interrupted caller cancels it, and waits for its end."""
    running = _Running(coroutine)
    thread = threading.Thread(target=contextvars.copy_context().run, args=(running.run,), daemon=True)
    try:
        thread.start()
        while not running.over(_SLICE_S):
            pass
    except BaseException:
        running.cancel()
        running.over(CLEAN_UP_S)
        raise
    return running.outcome.result()


class _Running(Generic[T]):
    """A coroutine in another thread."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._cancel: Callable[[], Any] | None = None
        self._cancelled = False
        self.outcome: Future[T] = Future()

    def run(self) -> None:
        try:
            self.outcome.set_result(asyncio.run(self._main()))
        except BaseException as error:
            self.outcome.set_exception(error)

    async def _main(self) -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        self._cancel = functools.partial(loop.call_soon_threadsafe, task.cancel) if task else None
        if self._cancelled:
            self._coroutine.close()
            raise asyncio.CancelledError
        return await self._coroutine

    def cancel(self) -> None:
        self._cancelled = True
        if self._cancel is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it is over
                self._cancel()

    def over(self, patience_s: float) -> bool:
        return bool(wait([self.outcome], timeout=patience_s).done)
