"""Which way a method is called, what it raises, and how an interrupted call ends."""

import asyncio
import signal
import threading

import pytest

from pfa_gitops.runner.in_a_flow.both_ways import both_ways, run_here


class Thing:
    @both_ways
    async def double(self, number):
        await asyncio.sleep(0)
        return 2 * number


def test_a_method_is_called_from_plain_code_and_awaited_in_async_code():
    async def awaited():
        return await Thing().double(3)

    assert Thing().double(2) == 4
    assert asyncio.run(awaited()) == 6


def test_what_a_coroutine_raises_reaches_the_plain_caller():
    async def fails():
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        run_here(fails())


def test_an_interrupted_caller_waits_for_the_coroutines_clean_up():
    cleaned = []

    async def work():
        try:
            signal.pthread_kill(main.ident, signal.SIGINT)  # what a terminal sends
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0.1)
            cleaned.append(True)

    main = threading.main_thread()
    with pytest.raises(KeyboardInterrupt):
        run_here(work())
    assert cleaned == [True]
