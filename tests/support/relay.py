"""A TCP relay before a server, which a test cuts and mends: the server is gone, as for its clients, and comes back."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Relay:
    """Listens on a port of its own and hands on what comes to the server behind."""

    behind: tuple[str, int]
    _port: int = 0
    _listening: socket.socket | None = None
    _open: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def mend(self) -> None:
        """Listen, on the same port as before."""
        self._listening = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def cut(self) -> None:
        """Refuse new connections and break those that are open."""
        assert self._listening is not None
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listening.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
                server = socket.create_connection(self.behind)
            except OSError:
                return
            with self._lock:
                self._open += [client, server]
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Hand on what comes from either side until one of them ends."""
    with one, other, selectors.DefaultSelector() as selector, contextlib.suppress(OSError):
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                content = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not content:
                    return
                key.data.sendall(content)


@contextmanager
def relay(url: str) -> Iterator[Relay]:
    """Stand before the server at `url`, on a free port."""
    parts = urlsplit(url)
    between = Relay((parts.hostname or "", parts.port or 80))
    between.mend()
    try:
        yield between
    finally:
        between.cut()
