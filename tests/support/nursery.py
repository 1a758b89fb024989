"""Runs commands as children of one process that has the package imported, each within bounds of time and memory.

A process of its own for each command costs half a second for its imports; a fork of one that has them costs nothing.
Run as a program it is that process: it reads one job a line, and writes one answer a line.
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

MEMORY_BYTES = 2 << 30
"""Address space of a child. What it really uses is told by `Ended.peak_bytes`."""


@dataclass(frozen=True)
class Job:
    """One command, and where its output goes."""

    arguments: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    stdout: str
    stderr: str
    seconds: float
    """Of processor time; a child that takes twice as long by the clock is killed, too."""


@dataclass(frozen=True)
class Ended:
    """How a command ended. A signal that ended it is a negative code."""

    code: int
    processor_seconds: float
    peak_bytes: int


class Nursery:
    """The process with the package, and the way to it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, job: Job) -> Ended:
        """Run one command to its end."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(job)) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Start the process, and end it."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Nursery(process)
        assert process.stdin
        process.stdin.close()


def _serve() -> None:
    _import_all()
    for line in sys.stdin:
        answer = _run(Job(**json.loads(line)))
        sys.stdout.write(json.dumps(asdict(answer)) + "\n")
        sys.stdout.flush()


def _import_all() -> None:
    """What the commands import late: a child would do it for itself, each time."""
    import httpx  # noqa: F401, PLC0415 - for the children
    import pathspec  # noqa: F401, PLC0415 - the same

    import pfa_gitops.cli.plan  # noqa: PLC0415 - the same
    import pfa_gitops.cli.render  # noqa: PLC0415 - the same
    import pfa_gitops.cli.validate  # noqa: PLC0415 - the same
    import pfa_gitops.platforms.anyscale._client  # noqa: PLC0415 - the same
    import pfa_gitops.platforms.prefect._client  # noqa: PLC0415 - the same
    import pfa_gitops.platforms.prefect._inventory  # noqa: F401, PLC0415 - the same
    from pfa_gitops.platforms.registry import kinds  # noqa: PLC0415 - the same

    kinds()


def _run(job: Job) -> Ended:
    child = os.fork()
    if child == 0:
        _become(job)
    watched = os.pidfd_open(child)
    try:
        if not select.select([watched], [], [], 2 * job.seconds)[0]:
            os.kill(child, signal.SIGKILL)
        _, status, used = os.wait4(child, 0)
    finally:
        os.close(watched)
    return Ended(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def _become(job: Job) -> None:
    """Be the command, and never return."""
    code: Any = 70
    try:
        for descriptor, place in ((1, job.stdout), (2, job.stderr)):
            opened = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        os.environ.clear()
        os.environ.update(job.environment)
        os.chdir(job.folder)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (int(job.seconds) + 1, int(job.seconds) + 2))
        from pfa_gitops.cli.app import main  # noqa: PLC0415 - imported already

        main(list(job.arguments))
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve()
