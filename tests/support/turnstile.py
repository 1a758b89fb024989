"""A real HTTP server before another one: hands every request on, but holds some back until it is told to let them."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from support.anyscale_emulator import PATIENCE_S
from support.http_server import Handler, serving


@dataclass
class Turnstile:
    """Of the POSTs to `path` the first ones pass; the others wait until it is `open`."""

    behind: str
    """The other server's base URL, without a path."""
    path: str
    passing: threading.Semaphore
    url: str = ""
    open: threading.Event = field(default_factory=threading.Event)

    def pass_on(self, request: urllib.request.Request) -> tuple[int, bytes]:
        """Send a request to the server behind, when it may pass; the answer's status and content."""
        if request.method == "POST" and request.selector == self.path and not self.passing.acquire(blocking=False):
            self.open.wait(PATIENCE_S)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()


@contextmanager
def turnstile(behind: str, path: str, first: int = 1) -> Iterator[Turnstile]:
    """Stand before the server at `behind`, on a free port, and let the first requests pass."""
    stands = Turnstile(behind, path, threading.Semaphore(first))
    with serving(_handler(stands)) as stands.url:
        try:
            yield stands
        finally:
            stands.open.set()


def _handler(stands: Turnstile) -> type[Handler]:
    class Passing(Handler):
        def handle_any(self) -> None:
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(
                stands.behind + self.path, self.body() or None, headers, method=self.command
            )
            status, content = stands.pass_on(request)
            self.answer(status, headers, content)

    return Passing
