"""What a stack's servers do now."""

from typing import NamedTuple

from pfa_gitops.local_stack import servers, state
from pfa_gitops.local_stack.ports import HOST
from pfa_gitops.local_stack.state import Server, Stack
from pfa_gitops.processes.identity import alive

TITLES = {state.PREFECT: "Prefect server", state.EMULATOR: "Anyscale emulator"}


class Health(NamedTuple):
    """What one server does now."""

    name: str
    title: str
    state: str
    """`up`, `down` (no process) or `silent` (a process that does not answer)."""
    url: str
    pid: int | None


def look(stack: Stack, server: Server) -> Health:
    """Look at the process and ask the server."""
    pid = server.process.pid if server.process and alive(server.process) else None
    what = "down" if pid is None else "up" if servers.answers(server.name, server.port, stack.token) else "silent"
    return Health(server.name, TITLES[server.name], what, url(server), pid)


def is_up(health: tuple[Health, ...]) -> bool:
    """Whether everything answers."""
    return bool(health) and all(server.state == "up" for server in health)


def url(server: Server) -> str:
    """Where a server listens."""
    return f"http://{HOST}:{server.port}"
