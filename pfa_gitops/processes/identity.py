"""Which process it is: a pid may be another's later, a pid with its start time and boot may not."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_STAT = Path("/proc/self/stat")


class Identity(NamedTuple):
    """A process as a file or a database remembers it."""

    pid: int
    started: str
    """When it started, in whatever unit the system tells; only compared. Empty: it ended before we could look."""


def start(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Identity:
    """Start `command` in a session of its own; what it prints goes to the end of `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - who calls says what runs
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = start_time(child.pid) or ""
    child.returncode = 0  # it is reaped by pid; this keeps Popen from warning that the child still runs
    return Identity(child.pid, started)


def alive(process: Identity) -> bool:
    """Whether the very process still runs. A zombie and a stranger with the same pid do not count."""
    reap(process.pid)
    return bool(process.started) and start_time(process.pid) == process.started


def owns_group(process: Identity) -> bool:
    """Whether the group of that number is still the process's: it runs, or only its children of this boot do."""
    if alive(process):
        return True
    this_boot = not _STAT.exists() or process.started.startswith(_boot())
    return bool(process.started) and this_boot and start_time(process.pid) is None


def start_time(pid: int) -> str | None:
    """When a process started; None when it is gone or a zombie. Ticks count from boot, hence the boot's id."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None if _STAT.exists() else _start_time_by_ps(pid)
    return None if fields[0] in "ZX" else f"{_boot()} {fields[19]}"


def reap(pid: int) -> None:
    """Take a child's exit status, so that no zombie is left."""
    with suppress(ChildProcessError):  # another program's child, or reaped before
        os.waitpid(pid, os.WNOHANG)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "boot"


def _start_time_by_ps(pid: int) -> str | None:
    shown = subprocess.run(  # noqa: S603 - fixed arguments
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, started = shown.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()
