"""A real HTTP server that answers as it is told: one step of a script for each request."""

import json
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Step:
    """What happens to one request. The last step of a script goes on for ever."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    """Read the request and close the connection without an answer."""
    after_s: float = 0.0


@dataclass
class Scripted:
    """The running server, and what it was asked."""

    url: str
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]


class _Server(ThreadingHTTPServer):
    """A client that hangs up, or refuses a certificate, is what these tests are about, and no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def scripted(*steps: Step, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve `steps` on a free port."""
    server = _Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    found = Scripted(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/api")
    server.RequestHandlerClass = _handler(found, list(steps))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(found: Scripted, steps: Sequence[Step]) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            text = self.rfile.read(length)
            with lock:
                step = steps[min(len(found.asked), len(steps) - 1)]
                found.asked.append((self.command, self.path, json.loads(text) if text else None))
                found.headers.append({name.lower(): value for name, value in self.headers.items()})
            time.sleep(step.after_s)
            if step.drop:
                self.close_connection = True
                return
            content = step.body.encode() if isinstance(step.body, str) else json.dumps(step.body).encode()
            self.send_response(step.status)
            for name, value in step.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_any  # noqa: N815 - the names that http.server calls

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler
