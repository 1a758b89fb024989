"""One request to Prefect and its retries. With `_client`, the only HTTP on the Prefect side.

What Prefect's own client does and this one too: authorization, custom headers, TLS, CSRF, retries. What differs: the
waits are short, and fewer requests go out at once when the server pushes back or is slow; no redirect is followed,
since that turns a POST into a GET; and a write whose answer was lost says so.
"""

import asyncio
import base64
import itertools
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from pfa_gitops.model.errors import MaybeArrived, PlatformError, ReaderError, Unreachable
from pfa_gitops.platforms.backoff import asked_wait, wait_before
from pfa_gitops.platforms.prefect._answers import error_of, parts, unreachable
from pfa_gitops.platforms.prefect._pace import Pace
from pfa_gitops.platforms.prefect._target import PrefectTarget
from pfa_gitops.platforms.proxies import usable_proxies
from pfa_gitops.platforms.statuses import RETRIED
from pfa_gitops.platforms.urls import parts_of

if TYPE_CHECKING:
    import httpx

API_VERSION = "0.8.4"
"""What Prefect 3.8 calls its API [client/constants.py]."""
READERS = 8
FIRST_READERS = 4
WRITERS = 4
CONNECT_S = 15.0
FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 2.0
FIRST_TRIES = 3
"""A server that never answered is most likely not there; one that did is most likely being restarted."""
BROKEN_TRIES = 5
"""A 500 is most likely there to stay."""
NOT_EXECUTED = frozenset({408, 429, 503})
"""After these the server did nothing, so that even a POST may be sent again."""
PUSHED_BACK = frozenset({429, 503})
URL_MEND = "check PREFECT_API_URL; it usually ends with /api"


@dataclass
class Link:
    """The open connection, and what is learnt of the server on the way."""

    target: PrefectTarget
    transport: "httpx.AsyncBaseTransport | None"
    patience_s: float
    """How long one request is tried for, in seconds."""
    answered: bool = False
    secrets: set[str] = field(default_factory=set, repr=False)
    """Values that may not show in a message."""
    csrf_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    reading: Pace = field(default_factory=lambda: Pace(FIRST_READERS, READERS, successes_to_widen=1))
    writing: Pace = field(default_factory=lambda: Pace(1, WRITERS, successes_to_widen=10))
    csrf_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    clock_ahead: timedelta = timedelta(0)
    """By how much the server's clock is ahead of this machine's."""

    def open(self) -> None:
        """Make the HTTP client. Nothing is sent yet."""
        import httpx  # noqa: PLC0415 - costs 0.3 s, which commands without a server need not pay

        target = self.target
        try:
            url = httpx.URL(target.api_url)
        except httpx.InvalidURL:
            raise ReaderError("the Prefect URL cannot be read", URL_MEND) from None
        with usable_proxies():
            self.http = httpx.AsyncClient(
                base_url=url,
                headers=_headers(target),
                http2=target.http2,
                limits=httpx.Limits(max_connections=16, max_keepalive_connections=16, keepalive_expiry=25),
                timeout=httpx.Timeout(target.timeout_s, connect=min(CONNECT_S, target.timeout_s)),
                transport=self.transport,
                verify=_tls(target),
            )
        for secret in _secrets(target):
            self.hide(secret)

    def hide(self, secret: str) -> None:
        """Keep a value out of every message."""
        self.secrets.update(parts(secret))

    async def close(self) -> None:
        """Close all connections."""
        await self.http.aclose()

    def no_prefect(self) -> Unreachable:
        """The error for a server that speaks something else."""
        return Unreachable(f"what answers at {self.target.shown_url} is no Prefect API", URL_MEND)

    def learn_time(self, date: str | None) -> None:
        """Compare the clocks. HTTP's Date has whole seconds; a server, or a proxy, that sends none changes nothing."""
        if date:
            with suppress(ValueError):
                self.clock_ahead = parsedate_to_datetime(date).astimezone(UTC) - datetime.now(UTC)

    async def renew_csrf(self, refused: Mapping[str, str]) -> bool:
        """Fetch a CSRF token, once for all requests whose token was refused. False where there is none to have."""
        async with self.csrf_lock:
            if self.csrf_headers != refused:
                return True  # another request fetched one meanwhile
            client = str(uuid.uuid4())
            try:
                answer = await Exchange(self, "GET", "/csrf-token", params={"client": client}).run()
            except PlatformError:
                return False
            self.hide(answer["token"])
            self.csrf_headers = {"Prefect-Csrf-Token": answer["token"], "Prefect-Csrf-Client": client}
            return True


class _Tried(NamedTuple):
    """What one try brought: a value, or an error and whether and when to try again."""

    value: Any = None
    error: PlatformError | None = None
    again: bool = False
    wait_s: float | None = None


@dataclass
class Exchange:
    """One request, sent until it is answered for good."""

    link: Link
    method: str
    path: str
    content: bytes | None = field(default=None, repr=False)
    params: Mapping[str, Any] | None = None
    writes: bool = False
    repeatable: bool = True
    """Whether it may be sent again when nobody knows if it arrived."""
    _began: float = field(default=0.0, init=False)
    _renewals: int = field(default=0, init=False)

    async def run(self) -> Any:
        """Return the answer's JSON, None where it is empty. Ends within the patience and one time-out."""
        for attempt in itertools.count(1):
            tried = await self._try(attempt)
            if tried.error is None:
                return tried.value
            wait = wait_before(attempt, FIRST_WAIT_S, LONGEST_WAIT_S) if tried.wait_s is None else tried.wait_s
            if not tried.again or time.monotonic() + wait > self._began + self.link.patience_s:
                raise tried.error
            await asyncio.sleep(wait)
        raise AssertionError("the loop ends by a return or an error")

    async def _try(self, attempt: int) -> _Tried:
        import httpx  # noqa: PLC0415 - loaded by `Link.open` already

        link = self.link
        csrf = link.csrf_headers if self.method != "GET" else {}
        sent = time.monotonic()
        try:
            async with self._pace.turn(), asyncio.timeout(link.target.timeout_s):
                sent = time.monotonic()
                self._began = self._began or sent  # waiting for a turn costs no patience
                response = await link.http.request(
                    self.method, self.path, content=self.content, params=self.params, headers=csrf
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            quick = isinstance(error, httpx.ConnectError) and attempt < FIRST_TRIES
            return _Tried(error=unreachable(link.target.shown_url, error), again=link.answered or quick)
        except (httpx.TimeoutException, TimeoutError) as error:
            self._pace.waited_in_vain(sent, time.monotonic())
            return self._lost(unreachable(link.target.shown_url, error))
        except httpx.HTTPError as error:
            return self._lost(unreachable(link.target.shown_url, error))
        link.answered = True
        link.learn_time(response.headers.get("date"))
        if response.status_code == 403 and await self._renewed(response, csrf):  # noqa: PLR2004 - Forbidden
            self._renewals += 1
            return _Tried(error=self._refusal(response), again=self._renewals < FIRST_TRIES, wait_s=0.0)
        if response.status_code not in RETRIED:
            self._pace.answered(sent, time.monotonic())
        return self._read(response, attempt)

    def _read(self, response: "httpx.Response", attempt: int) -> _Tried:
        status = response.status_code
        if response.is_success:
            return self._value(response)
        if response.is_redirect:
            place = _redirected_to(response.headers.get("location", ""))
            return _Tried(error=Unreachable(f"{self.link.target.shown_url} redirects to {place}", URL_MEND))
        if status in PUSHED_BACK:
            self._pace.pushed_back(for_good=self.writes and status == 503)  # noqa: PLR2004 - SQLite was locked
        refusal = self._refusal(response)
        if status in RETRIED and not self.repeatable and status not in NOT_EXECUTED:
            return self._lost(refusal)
        again = status in RETRIED and (status != 500 or attempt < BROKEN_TRIES)  # noqa: PLR2004 - a server's bug
        return _Tried(error=refusal, again=again, wait_s=asked_wait(response.headers))

    def _lost(self, error: PlatformError) -> _Tried:
        """Nobody knows whether the request arrived."""
        if self.repeatable:
            return _Tried(error=error, again=True)
        return _Tried(error=MaybeArrived(error.message, "run the command again: it looks first"))

    def _value(self, response: "httpx.Response") -> _Tried:
        try:
            return _Tried(response.json() if response.content else None)
        except ValueError:
            return _Tried(error=self.link.no_prefect())

    def _refusal(self, response: "httpx.Response") -> PlatformError:
        return error_of(f"{self.method} {self.path}", response.status_code, response.text, self.link.secrets)

    async def _renewed(self, response: "httpx.Response", sent: Mapping[str, str]) -> bool:
        """Tell whether the request was refused for its CSRF token and a new one was found.

        Prefect has no other sign than the text "Missing CSRF token." or "Invalid CSRF token …" [api/middleware.py].
        """
        asked = self.link.target.csrf and self.method != "GET" and "CSRF token" in response.text
        return asked and await self.link.renew_csrf(sent)

    @property
    def _pace(self) -> Pace:
        return self.link.writing if self.writes else self.link.reading


def _redirected_to(location: str) -> str:
    """The place, without what may be secret in a query. Some servers name none, or none that can be read."""
    parts = parts_of(location)
    return (parts and parts._replace(query="", fragment="").geturl()) or "another place"


def _secrets(target: PrefectTarget) -> Iterator[str]:
    """What a target holds that may not show: a password also where its user's name is not beside it."""
    sealed = (target.api_key, target.auth_string, *target.custom_headers.values())
    yield from (secret.reveal() for secret in sealed if secret)
    if target.auth_string:
        yield target.auth_string.reveal().partition(":")[2]
    yield urlsplit(target.api_url).password or ""


def _headers(target: PrefectTarget) -> Mapping[str, str]:
    """Custom headers come last, so that they may replace the authorization, as with Prefect's client."""
    headers = {"X-PREFECT-API-VERSION": API_VERSION, "Content-Type": "application/json"}
    if target.auth_string:
        login = target.auth_string.reveal().encode("utf-8", "surrogateescape")  # a variable's bytes, as they are
        headers["Authorization"] = "Basic " + base64.b64encode(login).decode()
    elif target.api_key:
        headers["Authorization"] = f"Bearer {target.api_key.reveal()}"
    headers |= {name: value.reveal() for name, value in target.custom_headers.items()}
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()) or not name.isascii():
            raise ReaderError(
                f"the value for the HTTP header {name} has a character that no header can carry",
                "check PREFECT_API_KEY and PREFECT_CLIENT_CUSTOM_HEADERS for line breaks",
            )
    return headers


def _tls(target: PrefectTarget) -> ssl.SSLContext | bool:
    """What to trust. Loading the certificates costs 20 ms, which plain HTTP need not pay."""
    if not target.tls_verify or target.api_url.startswith("http:"):
        return False
    if target.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=target.ca_file)
    except OSError as error:
        raise ReaderError(
            f"the certificates in {target.ca_file} cannot be read: {error.strerror or 'not a PEM file'}",
            "correct PREFECT_API_SSL_CERT_FILE",
        ) from None
