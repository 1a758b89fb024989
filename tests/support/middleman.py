"""A real HTTP server before another one: hands requests on, notes them, and misbehaves as it is told.

A `Judge` decides each request's fate. What it makes of a 403 from then on is a client that was killed, as its server
sees it: nothing of what it wanted to send arrives any more.
"""

import re
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from support.anyscale_emulator import PATIENCE_S
from support.http_server import Handler, serving

# Kept apart from what the product thinks of its requests: a write that it calls a read would be seen here.
PREFECT_READS = re.compile(r"/(filter|count|paginate)$")
ANYSCALE_READS = re.compile(
    r"/(search|find_by_name|find_cloud_resource_by_name|cli_usage/|generate_cloud_data_bucket_presigned_url)$"
)
_NOT_HANDED_ON = {"connection", "content-length", "transfer-encoding", "host", "accept-encoding"}
FORBIDDEN = 403


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    body: bytes
    writes: bool


class Fate(NamedTuple):
    """What becomes of a request."""

    arrives: bool = True
    status: int | None = None
    """The answer's, in place of the server's own."""
    answered: bool = True
    """False: the connection breaks."""


PASSES = Fate()
DEAD = Fate(arrives=False, status=FORBIDDEN)

Judge = Callable[[Asked], Fate]
_JUDGING = threading.Lock()
"""One judge may sit over several servers, and counts."""


@dataclass(frozen=True)
class Noted:
    """One request and what became of it. Times are those of `time.monotonic`."""

    asked: Asked
    began: float
    ended: float
    status: int | None
    """None where no answer was sent."""

    def __str__(self) -> str:
        return f"{self.asked.method} {self.asked.path} {self.status}"


@dataclass
class Middleman:
    """Stands before the server at `behind`, on a port of its own."""

    behind: str
    """The other server's base URL, without a path."""
    reads: re.Pattern[str]
    """What is a read though it is no GET."""
    url: str = ""
    judge: Judge = lambda asked: PASSES
    log: list[Noted] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def writes(self) -> list[Noted]:
        """The writes since the log was cleared."""
        return [noted for noted in self.log if noted.asked.writes]

    def asked(self, method: str, path: str, body: bytes) -> Asked:
        reads = method == "GET" or self.reads.search(path.partition("?")[0]) is not None
        return Asked(method, path, body, not reads)

    def fate(self, asked: Asked) -> Fate:
        """Judge one request at a time."""
        with _JUDGING:
            return self.judge(asked)

    def note(self, noted: Noted) -> None:
        with self._lock:
            self.log.append(noted)

    def pass_on(self, asked: Asked, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Send a request to the server behind; the answer."""
        request = urllib.request.Request(
            self.behind + asked.path, asked.body or None, dict(headers), method=asked.method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE_S) as answer:
                return answer.status, dict(answer.headers.items()), answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, dict(refusal.headers.items()), refusal.read()


@contextmanager
def middleman(behind: str, reads: re.Pattern[str]) -> Iterator[Middleman]:
    """Stand before the server at `behind`, e.g. http://127.0.0.1:4200, on a free port."""
    stands = Middleman(behind, reads)
    with serving(_handler(stands)) as stands.url:
        yield stands


def _handler(stands: Middleman) -> type[Handler]:
    class Handing(Handler):
        def handle_any(self) -> None:
            began = time.monotonic()
            asked = stands.asked(self.command, self.path, self.body())
            fate = stands.fate(asked)
            status, headers, content = fate.status or FORBIDDEN, {}, b"{}"
            try:
                if fate.arrives:
                    status, headers, content = stands.pass_on(asked, _kept(self.headers))
                    status = fate.status or status
            finally:
                stands.note(Noted(asked, began, time.monotonic(), status if fate.answered else None))
            if fate.answered:
                self.answer(status, _kept(headers), content)
            else:
                self.reset()

        def reset(self) -> None:
            """End the connection at once, as a crash does."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    return Handing


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_HANDED_ON}


@dataclass
class Mortal:
    """The judge of a client that is killed in its write number `at`, counted from 1 over all its servers."""

    at: int
    arrives: bool
    """Whether that write arrives first."""
    seen: int = 0

    @property
    def dead(self) -> bool:
        return self.seen >= self.at

    def __call__(self, asked: Asked) -> Fate:
        if self.dead:
            return DEAD
        self.seen += asked.writes
        return DEAD._replace(arrives=self.arrives) if self.dead else PASSES


@dataclass
class Faulty:
    """The judge of a server of which a share of the answers is 429, 503, a reset, or lost after the work was done."""

    random: Random
    share: float = 0.2
    struck: int = 0

    def __call__(self, asked: Asked) -> Fate:
        if self.random.random() >= self.share:
            return PASSES
        self.struck += 1
        return self.random.choice(FAULTS)


FAULTS = (
    Fate(arrives=False, status=429),
    Fate(arrives=False, status=503),
    Fate(arrives=False, answered=False),
    Fate(answered=False),
)
