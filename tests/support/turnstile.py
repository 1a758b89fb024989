"""A real HTTP server before another one: hands every request on, but holds some back until it is told to let them."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.anyscale_emulator import PATIENCE_S


@dataclass
class Turnstile:
    """Of the POSTs to `path` the first passes; the others wait until it is `open`."""

    behind: str
    """The other server's base URL, without a path."""
    path: str
    url: str = ""
    open: threading.Event = field(default_factory=threading.Event)
    _passing: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1))

    def pass_on(self, request: urllib.request.Request) -> tuple[int, bytes]:
        """Send a request to the server behind, when it may pass; the answer's status and content."""
        if request.method == "POST" and request.selector == self.path and not self._passing.acquire(blocking=False):
            self.open.wait(PATIENCE_S)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()


@contextmanager
def turnstile(behind: str, path: str) -> Iterator[Turnstile]:
    """Stand before the server at `behind`, on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    stands = Turnstile(behind, path, f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(stands)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stands
    finally:
        stands.open.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(stands: Turnstile) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(stands.behind + self.path, body or None, headers, method=self.command)
            status, content = stands.pass_on(request)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_any  # noqa: N815 - the names that http.server calls

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler
