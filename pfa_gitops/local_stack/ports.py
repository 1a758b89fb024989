"""Free ports on 127.0.0.1."""

import socket

from pfa_gitops.model.errors import ReaderError

HOST = "127.0.0.1"


def choose(port: int, flag: str, purpose: str) -> int:
    """Return `port`, or a free one for 0. Raises ReaderError when something else listens on it."""
    if port == 0:
        return free_port()
    if not is_free(port):
        raise ReaderError(
            f"port {port} on {HOST}, which {purpose} needs, is taken by another program",
            f"stop that program, or choose another port with {flag} (0 finds a free one)",
        )
    return port


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        number: int = probe.getsockname()[1]
        return number


def is_free(port: int) -> bool:
    """Whether a server could listen on `port`. Connections of a former server that still linger do not matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
