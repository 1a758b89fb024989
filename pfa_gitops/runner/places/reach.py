"""The places that a worker reaches: Anyscale with its credentials, its own node's Ray, Ray clusters by address."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Self

from pfa_gitops.model.errors import PlatformError, ReaderError
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.runner.infra import AnyscaleJobInfra, Infra
from pfa_gitops.runner.places import Place
from pfa_gitops.runner.places.anyscale import AnyscalePlace
from pfa_gitops.runner.places.ray import RayPlace, address_in
from pfa_gitops.runner.ray_jobs import RayJobs


class Places:
    """Opens each place when it is first needed. Use it as `async with`. All Anyscale jobs share one login."""

    def __init__(self, target: Callable[[], AnyscaleTarget]) -> None:
        self._target = target
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._anyscale: AnyscalePlace | None = None
        self._used: AnyscaleTarget | None = None
        self._ray: dict[str | None, RayJobs] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._stack.aclose()

    async def of(self, infra: Infra) -> Place:
        """Where a run with this infra gets its job. Raises ReaderError where no Anyscale credentials are set."""
        if isinstance(infra, AnyscaleJobInfra):
            return await self._open_anyscale()
        return await self._open_ray(infra.address)

    async def ray(self, place_id: str) -> Place:
        """The Ray cluster that answers where a place was, maybe another one by now. Raises PlatformError."""
        return await self._open_ray(address_in(place_id))

    async def anyscale(self) -> Place | None:
        """Anyscale, where the worker has credentials for it. Raises PlatformError when it does not answer."""
        try:
            return await self._open_anyscale()
        except ReaderError:
            return None

    async def warm_up(self) -> None:
        """Load Anyscale's SDK, which takes seconds, before the first run waits for it."""
        with suppress(PlatformError, ReaderError):
            await (await self._open_anyscale()).warm_up()

    def renew_login(self) -> None:
        """Anyscale refused the token: from now on use the one that is set now, if it is another one."""
        with suppress(ReaderError):
            if self._used is not None and self._target() != self._used:
                self._anyscale = None

    async def _open_anyscale(self) -> AnyscalePlace:
        async with self._opening:
            if self._anyscale is None:
                self._used = self._target()
                client = await self._stack.enter_async_context(AnyscaleClient(self._used))
                self._anyscale = AnyscalePlace(client, await client.organization())
            return self._anyscale

    async def _open_ray(self, address: str | None) -> RayPlace:
        jobs = self._ray.setdefault(address, RayJobs(address))
        return RayPlace(jobs, await jobs.session())
