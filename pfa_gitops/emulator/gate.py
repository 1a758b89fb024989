"""What every request passes: the log, the faults, the token check, and errors in the right envelope."""

import asyncio
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from pfa_gitops.emulator.envelope import ApiError, error
from pfa_gitops.emulator.faults import Fault
from pfa_gitops.emulator.users import check_token
from pfa_gitops.emulator.world import World

_OWN = "/_emulator/"
# These have credentials of their own, like presigned urls, or tell nothing.
_OPEN = ("/_emulator/bucket/", "/_emulator/logs/", "/_emulator/health")
_GUARDED = ("/api/v2/", "/ext/v0/")
_HANG_S = 3600.0
_TRANSPORTS: dict[tuple[str, int], Any] = {}


class Connection(H11Protocol):
    """uvicorn's connection, which also lets a request close its own connection without an answer."""

    def connection_made(self, transport: Any) -> None:
        """Remember the way to close this connection."""
        super().connection_made(transport)
        if self.client is not None:
            _TRANSPORTS[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        if self.client is not None:
            _TRANSPORTS.pop(self.client, None)


class Gate:
    """The outermost ASGI layer."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or let a fault have it."""
        if scope["type"] != "http":  # start and end of the server
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(_OWN):
            await self._own(scope, receive, send)
            return
        fault = self._world.faults.striking(scope["method"], scope["path"])
        status = await self._answer(scope, receive, send, fault)
        query = scope["query_string"].decode()
        action = fault.action if fault else None
        self._world.faults.note(scope["method"], scope["path"], query, status, action)

    async def _own(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Our own endpoints ask for a token only where there is a secret one: others are for tests."""
        try:
            if self._world.settings.token is not None and not scope["path"].startswith(_OPEN):
                check_token(_cookies(scope), self._world.settings)
        except ApiError as refusal:
            await error(refusal.status, refusal.detail)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, fault: Fault | None) -> int | None:
        if fault is None:
            return await self._process(scope, receive, send)
        if fault.action in ("drop", "hang"):
            await _consume(receive)
            await asyncio.sleep(_HANG_S if fault.action == "hang" else 0)
            await _close(scope)
            return None
        if fault.action == "status":
            await _consume(receive)
            await _refusal(fault)(scope, receive, send)
            return fault.status
        held: list[Message] = []
        status = await self._process(scope, receive, _keep_in(held))
        if fault.action == "lose_reply":
            await _close(scope)
            return None
        await asyncio.sleep(fault.seconds)
        for message in held:
            await send(message)
        return status

    async def _process(self, scope: Scope, receive: Receive, send: Send) -> int | None:
        status: int | None = None

        async def watching(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            if scope["path"].startswith(_GUARDED):
                check_token(_cookies(scope), self._world.settings)
        except ApiError as refusal:
            await error(refusal.status, refusal.detail)(scope, receive, watching)
            return status
        await self._app(scope, receive, watching)
        return status


def _refusal(fault: Fault) -> ASGIApp:
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    if fault.raw is None:
        return error(fault.status, fault.detail, headers)

    return PlainTextResponse(fault.raw, fault.status, headers)


def _keep_in(held: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        held.append(message)

    return keep


async def _consume(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _close(scope: Scope) -> None:
    transport = _TRANSPORTS.get(tuple(scope["client"]))
    if transport is not None:
        transport.close()
    # uvicorn would answer 500 if we returned before it knows that the peer is gone, and it tells nobody.
    while tuple(scope["client"]) in _TRANSPORTS:  # noqa: ASYNC110 - see above
        await asyncio.sleep(0)


def _cookies(scope: Scope) -> dict[str, str]:
    try:
        parsed = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in parsed.items()}
