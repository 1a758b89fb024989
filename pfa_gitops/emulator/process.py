"""A unit's process: it outlives us, and is found again and ended with all that it started.

The shell around the command writes the exit code to a file, so that an emulator that was not there when the command
ended still learns it. Every process below carries a mark in its environment; on Linux the mark finds those that left
the group (Ray's daemons).
"""

import asyncio
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pfa_gitops.processes import ending, identity
from pfa_gitops.processes.identity import Identity

MARK = "ANYSCALE_EMULATOR_UNIT"

# The trap keeps the shell alive through a TERM to the group, so that it can still write the exit code down.
_AROUND = 'trap : TERM INT HUP; "${@:2}"; code=$?; echo $code > "$1.part"; mv "$1.part" "$1"'
_POLL_S = 0.05
_SLOWEST_POLL_S = 0.5
KILLED = -int(signal.SIGKILL)


@dataclass
class Process:
    """A running command. ``mark`` is the unit's id, ``exit_file`` where its exit code will stand."""

    identity: Identity
    mark: str
    exit_file: Path

    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        return identity.alive(self.identity)

    def exit_code(self) -> int:
        """The exit code of a process that ended; -9 when it did not live to tell."""
        try:
            return int(self.exit_file.read_text())
        except (OSError, ValueError):
            return KILLED

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; False when it still runs after the timeout."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        pause = _POLL_S
        while self.alive():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.1, _SLOWEST_POLL_S)
        return True

    async def stop(self, grace_s: float) -> None:
        """End the whole group: TERM, then KILL after the grace, then what is left by the mark."""
        if self.alive():
            ending.signal_group(self.identity.pid, signal.SIGTERM)
            await self.wait(grace_s)
        await self.sweep()

    async def sweep(self) -> None:
        """KILL whatever is left of the group and of the marked processes."""
        await asyncio.to_thread(self._sweep)

    def _sweep(self) -> None:
        if identity.owns_group(self.identity):
            ending.signal_group(self.identity.pid, signal.SIGKILL)
        ending.end_marked(MARK, self.mark)
        identity.reap(self.identity.pid)


def start(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, exit_file: Path, mark: str
) -> Process:
    """Start a command; standard output and standard error go to the end of ``log``."""
    around = ["/bin/bash", "-c", _AROUND, "around", str(exit_file), *command]
    return Process(identity.start(around, cwd=cwd, env={**env, MARK: mark}, log=log), mark, exit_file)


async def kill_marked(mark: str) -> None:
    """KILL all processes that carry the mark."""
    await asyncio.to_thread(ending.end_marked, MARK, mark)
