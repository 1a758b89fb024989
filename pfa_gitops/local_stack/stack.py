"""Start, stop and look at a local stack: `up`, `down`, `status`, and the variables that lead to it."""

import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pfa_gitops.local_stack import interrupts, ports, servers, state
from pfa_gitops.local_stack.health import TITLES, Health, is_up, look, url
from pfa_gitops.local_stack.state import Home, Server, Stack
from pfa_gitops.model.errors import PlatformError, ReaderError
from pfa_gitops.processes import ending, identity

DEFAULT_FOLDER = Path(".pfa-gitops/local")
PREFECT_PORT = 4200
EMULATOR_PORT = 5380
START_TIMEOUT_S = 180.0
# The emulator gives its jobs and services 10 s each to end before it kills them.
STOP_GRACE_S = 25.0
_POLL_S = 0.2

Tell = Callable[[str], None]
"""Shows one line of progress."""


class Ports(NamedTuple):
    """Where the servers are to listen; 0 finds a free port."""

    prefect: int = PREFECT_PORT
    emulator: int = EMULATOR_PORT


def home_at(folder: Path) -> Home:
    """The stack's home in `folder`, which need not exist."""
    return Home(folder.resolve())


def up(home: Home, wanted: Ports, tell: Tell, timeout_s: float = START_TIMEOUT_S) -> Stack:
    """Start both servers and wait until they answer. A stack whose servers run already is left as it is.

    Raises ReaderError for a taken port or a missing extra, PlatformError for a server that does not come up. When it
    does not return, for whatever reason, nothing that it started is left.
    """
    servers.require_extra()
    with state.locked(home), interrupts.term_interrupts():
        if running := _running(home):
            _wait_again(home, running, tell, timeout_s)
            return running
        _clear(home, tell)
        stack = _choose_ports(wanted, state.token(home))
        try:
            stack = _start(home, stack, tell)
            _wait(home, stack, tell, timeout_s)
        except BaseException:
            with interrupts.ignored():
                tell("stopping what was started")
                _clear(home, _silent)
            raise
        return stack


def down(home: Home, tell: Tell, delete_data: bool = False) -> bool:
    """Stop both servers and what the emulator runs, free the ports. False when nothing ran.

    The data stays for the next `up`, unless `delete_data`.
    """
    if not home.root.exists():
        return False
    with state.locked(home):
        ran = _clear(home, tell)
        if delete_data:
            _delete_data(home)
    return ran


def status(home: Home) -> tuple[Health, ...]:
    """What both servers do now; empty when none was started here."""
    stack = state.read(home)
    return tuple(look(stack, server) for server in stack.servers) if stack else ()


def variables(home: Home) -> Mapping[str, str]:
    """What to export to work with the stack. Raises ReaderError when it is not up."""
    stack = state.read(home)
    if stack is None or not is_up(status(home)):
        raise ReaderError(f"the local stack in {home.root} is not up", "run pfa-gitops local up")
    return {
        "PREFECT_API_URL": f"{url(stack.prefect)}/api",
        "ANYSCALE_HOST": url(stack.emulator),
        "ANYSCALE_CLI_TOKEN": stack.token,
    }


def page(stack: Stack) -> str:
    """The address of Prefect's web pages."""
    return url(stack.prefect)


def _running(home: Home) -> Stack | None:
    """The stack whose processes both live, whether or not they answer now: a busy machine makes them slow."""
    stack = state.read(home)
    return (
        stack if stack and all(server.process and identity.alive(server.process) for server in stack.servers) else None
    )


def _wait_again(home: Home, stack: Stack, tell: Tell, timeout_s: float) -> None:
    if not is_up(status(home)):
        tell(f"the local stack in {home.root} is started, and does not answer now; waiting")
        _wait(home, stack, tell, timeout_s)
    tell(f"the local stack in {home.root} is up already")


def _choose_ports(wanted: Ports, token: str) -> Stack:
    if wanted.prefect == wanted.emulator != 0:
        raise ReaderError(f"both servers cannot listen on port {wanted.prefect}", "give two ports")
    emulator = ports.choose(wanted.emulator, "--anyscale-port", "the Anyscale emulator")
    prefect = ports.choose(wanted.prefect, "--prefect-port", "the Prefect server")
    while prefect == emulator:  # both were to be free ones
        prefect = ports.free_port()
    return Stack(Server(state.PREFECT, prefect), Server(state.EMULATOR, emulator), token)


def _start(home: Home, stack: Stack, tell: Tell) -> Stack:
    """Start both at the same time. Each is written down at once, so that `down` finds it whatever happens."""
    for server in stack.servers:
        folder = home.folder(server.name)
        folder.mkdir(parents=True, exist_ok=True)
        tell(f"starting the {TITLES[server.name]} at {url(server)}")
        with interrupts.deferred():
            started = identity.start(
                servers.command(server.name, home, server.port),
                cwd=folder,
                env=servers.environment(server.name, home, server.port, stack.token),
                log=home.log(server.name),
            )
            stack = stack.with_server(replace(server, process=started))
            state.write(home, stack)
    return stack


def _wait(home: Home, stack: Stack, tell: Tell, timeout_s: float) -> None:
    begun, silent = time.monotonic(), list(stack.servers)
    while silent:
        for server in tuple(silent):
            health = look(stack, server)
            waited = time.monotonic() - begun
            if health.state == "up":
                tell(f"the {health.title} answers after {waited:.0f} s")
                silent.remove(server)
            elif health.state == "down":
                raise _not_up(home, server, "ended while it started")
            elif waited > timeout_s:
                raise _not_up(home, server, f"does not answer after {timeout_s:.0f} s")
        time.sleep(_POLL_S if silent else 0)


def _not_up(home: Home, server: Server, what: str) -> PlatformError:
    log = home.log(server.name)
    message = f"the {TITLES[server.name]} {what}. The end of {log}:\n{servers.last_lines(log)}"
    return PlatformError(message, "run pfa-gitops local down, then local up again")


def _clear(home: Home, tell: Tell) -> bool:
    """Stop whatever of this stack still runs, and forget it."""
    stack, ran = state.read(home), False
    for server in reversed(stack.servers) if stack else ():
        if server.process and identity.alive(server.process):
            tell(f"stopping the {TITLES[server.name]}")
            ending.stop(server.process, STOP_GRACE_S)
            ran = True
    # An emulator that was killed could not end its jobs and services; a server may not have been written down.
    ending.end_marked(servers.MARK, str(home.root))
    state.forget(home)
    return ran


def _delete_data(home: Home) -> None:
    """Remove what is ours. The folder may hold more: it is whatever --data-dir named."""
    for folder in home.folders:
        shutil.rmtree(folder, ignore_errors=True)
    for file in home.files:
        file.unlink(missing_ok=True)
    with suppress(OSError):  # it is not empty
        home.root.rmdir()
        if home.root.parent.name == DEFAULT_FOLDER.parent.name:
            home.root.parent.rmdir()


def _silent(line: str) -> None:
    """Show nothing."""
