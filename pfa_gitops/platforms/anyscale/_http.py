"""Reads from Anyscale over HTTP: one request, its retries, its errors. The only HTTP on the Anyscale side.

Reads only, also where the platform wants a POST for a search, so that everything may be sent again. Writes go through
the SDK in `_sdk`. Facts of the wire: the token travels in a cookie, answers stand in `{"result": …}` or
`{"results": […], "metadata": {…}}`, errors in `{"error": {"detail": …}}`.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pfa_gitops.model.errors import PlatformError, ReaderError, Unreachable
from pfa_gitops.model.secrets import REDACTED, Sealed
from pfa_gitops.platforms.backoff import asked_wait, wait_before
from pfa_gitops.platforms.causes import why
from pfa_gitops.platforms.proxies import usable_proxies
from pfa_gitops.platforms.statuses import RETRIED, meaning

if TYPE_CHECKING:
    import httpx

AT_ONCE = 8
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
PATIENCE_SECONDS = 60.0
"""How long one read is tried for."""
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0
FIRST_TRIES = 3
"""How often a host that has never answered is tried: it is most likely not there."""
MENDS: Mapping[int, str] = {
    401: "set ANYSCALE_CLI_TOKEN to a valid token, or run `anyscale login`",
    403: "check ANYSCALE_CLI_TOKEN and what its user may do",
    429: "wait a little and run the command again",
}
HOST_MEND = "check ANYSCALE_HOST and the network"
LONGEST_DETAIL = 500


@dataclass
class Http:
    """The open connection to one Anyscale host. `open` before the first read, `close` after the last."""

    host: str
    """The base URL, without a slash at its end."""
    token: Sealed
    transport: "httpx.AsyncBaseTransport | None" = None
    _answered: bool = field(default=False, init=False)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    def open(self) -> None:
        """Make the HTTP client. Nothing is sent yet."""
        import httpx  # noqa: PLC0415 - costs 0.3 s, which commands without a platform need not pay

        try:
            url = httpx.URL(self.host)
        except httpx.InvalidURL:
            raise ReaderError("the Anyscale host cannot be read", HOST_MEND) from None
        with usable_proxies():
            self._client = httpx.AsyncClient(
                base_url=url,
                headers={"Cookie": f"cli_token={self.token.reveal()}", "Accept": "application/json"},
                timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
                transport=self.transport,
            )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def read(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the answer's JSON object. With a `body` it is a POST. Ends within the patience and one time-out."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        for attempt in itertools.count(1):
            try:
                return await self._once(path, params or {}, body)
            except _Again as again:
                wait = (
                    again.wait_seconds
                    if again.wait_seconds is not None
                    else wait_before(attempt, FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)
                )
                tried_enough = not self._answered and attempt >= FIRST_TRIES
                if tried_enough or time.monotonic() + wait > give_up:
                    raise again.error from None
                await asyncio.sleep(wait)
        raise AssertionError("the loop ends by a return or an error")

    async def _once(self, path: str, params: Mapping[str, Any], body: Mapping[str, Any] | None) -> dict[str, Any]:
        import httpx  # noqa: PLC0415 - loaded by `open` already

        method = "GET" if body is None else "POST"
        try:
            async with self._turns:
                response = await self._client.request(method, path, params=dict(params), json=body)
        except httpx.TimeoutException:
            raise _Again(Unreachable(f"Anyscale at {self.host} did not answer in time", HOST_MEND)) from None
        except httpx.HTTPError as error:
            reason = f"nothing answers at the Anyscale host {self.host}: {why(error)}"
            raise _Again(Unreachable(reason, HOST_MEND)) from None
        self._answered = True
        if response.is_success:
            return self._document(response)
        refusal = self._refusal(method, path, response)
        raise _Again(refusal, asked_wait(response.headers)) if response.status_code in RETRIED else refusal

    def _document(self, response: "httpx.Response") -> dict[str, Any]:
        with suppress(ValueError):
            document = response.json()
            if isinstance(document, dict):
                return document
        raise Unreachable(f"what answers at {self.host} is no Anyscale API", "check ANYSCALE_HOST")

    def _refusal(self, method: str, path: str, response: "httpx.Response") -> PlatformError:
        status = response.status_code
        if response.is_redirect:
            return Unreachable(f"{self.host} redirects to another place", "check ANYSCALE_HOST")
        detail = self._hide(_detail(response.text))
        return meaning(status)(
            f"Anyscale answered {status} to {method} {path}{detail and f': {detail}'}", MENDS.get(status, "")
        )

    def _hide(self, text: str) -> str:
        return text.replace(self.token.reveal(), REDACTED)


class _Again(Exception):
    """A try that failed in a way that another one may not."""

    def __init__(self, error: PlatformError, wait_seconds: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait_seconds = wait_seconds


def _detail(text: str) -> str:
    """What the server says of itself, in one line."""
    try:
        error = json.loads(text)["error"]
        line = str(error.get("detail") or error.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""  # a proxy's page in HTML says nothing that helps
    return " ".join(line.split())[:LONGEST_DETAIL]
