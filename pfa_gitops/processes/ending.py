"""How processes are ended: a group by signal, and what left its group by a mark in its environment."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from pfa_gitops.processes.identity import Identity, alive, reap, start_time

_POLL_S = 0.05
_GONE_WITHIN_S = 5.0


def stop(process: Identity, grace_s: float) -> None:
    """End the process and its group: TERM, and KILL for what is left after `grace_s` seconds."""
    if not alive(process):
        return  # the group's number may be a stranger's by now
    signal_group(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while alive(process) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    signal_group(process.pid, signal.SIGKILL)
    _wait_until_gone([process.pid])


def end_marked(variable: str, value: str) -> None:
    """KILL every process whose environment holds the mark, and wait until they are gone."""
    found = marked(variable, value)
    for pid in found:
        with suppress(ProcessLookupError, PermissionError):  # it ended by itself
            os.kill(pid, signal.SIGKILL)
    _wait_until_gone(found)


def marked(variable: str, value: str) -> list[int]:
    """The pids of the processes that carry the mark, but ours. Where there is no /proc, nothing is found."""
    wanted, found = f"{variable}={value}\0".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in path.read_bytes() + b"\0":
                found.append(int(path.parent.name))
        except OSError:
            continue  # gone, or not ours
    return [pid for pid in found if pid != os.getpid()]


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process group."""
    with suppress(ProcessLookupError, PermissionError):  # the group is gone
        os.killpg(pid, number)


def _wait_until_gone(pids: list[int]) -> None:
    """Until killed processes are gone: only then are their ports free, and their folders no longer written to."""
    deadline = time.monotonic() + _GONE_WITHIN_S
    while any(start_time(pid) is not None for pid in pids) and time.monotonic() < deadline:
        for pid in pids:
            reap(pid)
        time.sleep(_POLL_S)
    for pid in pids:
        reap(pid)
