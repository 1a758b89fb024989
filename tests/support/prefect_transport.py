"""A Prefect client on a transport that answers by a function: for answers that no server gives when it is asked to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget

T = TypeVar("T")


def run(answer: Callable[[httpx.Request], httpx.Response], scenario: Callable[[PrefectClient], Awaitable[T]]) -> T:
    """What `scenario` returns for a client whose requests `answer` answers."""

    async def connected() -> T:
        async with PrefectClient(PrefectTarget("http://any/api"), httpx.MockTransport(answer)) as client:
            return await scenario(client)

    return asyncio.run(connected())
