"""A real HTTP server that answers as it is told: one step of a script for each request."""

import json
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from support.http_server import Handler, serving


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

    url: str = ""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]


@contextmanager
def scripted(*steps: Step, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve `steps` on a free port."""
    found = Scripted()
    with serving(_handler(found, list(steps)), tls) as url:
        found.url = f"{url}/api"
        yield found


def _handler(found: Scripted, steps: Sequence[Step]) -> type[Handler]:
    lock = threading.Lock()

    class Scripting(Handler):
        def handle_any(self) -> None:
            text = self.body()
            with lock:
                step = steps[min(len(found.asked), len(steps) - 1)]
                found.asked.append((self.command, self.path, json.loads(text) if text else None))
                found.headers.append({name.lower(): value for name, value in self.headers.items()})
            time.sleep(step.after_s)
            if step.drop:
                self.close_connection = True
                return
            content = step.body if isinstance(step.body, str) else json.dumps(step.body)
            self.answer(step.status, step.headers, content.encode())

    return Scripting
