"""Runs what a command has to wait for, to its end."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


def run_to_end(work: Awaitable[Result]) -> Result:
    """What `work` gives. Ctrl-C cancels it.

    The result is kept from `asyncio.run`: when that puts back the handler of Ctrl-C, `signal` writes down the whole
    task with its result, only to throw the text away (Python 3.11). Of a large plan that takes seconds.
    """
    results: list[Result] = []

    async def keep() -> None:
        results.append(await work)

    asyncio.run(keep())
    return results[0]
