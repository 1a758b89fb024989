"""Keeps one child process alive: starts it, hands its output on, starts it again with growing pauses when it dies.

Its environment is made anew at each start. Knows nothing of Prefect.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from pfa_gitops.model.errors import PfaError

# The child gets back SIGINT, which a background shell ignores and Ray blocks in all of its processes: Prefect's worker
# turns SIGTERM into SIGINT, so that without it it would go on until it is killed. And the kernel ends it with us, also
# when we are killed (PR_SET_PDEATHSIG is 1; only Linux has it).
_PRELUDE = (
    "import ctypes, os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.pthread_sigmask(signal.SIG_SETMASK, []); "
    "sys.platform == 'linux' and ctypes.CDLL(None).prctl(1, int(signal.SIGTERM)); os.execv(sys.argv[1], sys.argv[1:])"
)

_LAST_LINES_S = 1.0  # the lines that were printed last are told before the end is


class WorkerDown(RuntimeError):
    """The child cannot be kept alive."""


@dataclass(frozen=True)
class Patience:
    """When a child that keeps dying is given up."""

    deaths: int = 5
    """This many deaths, one soon after the other, are too many."""
    soon_s: float = 60.0
    """A child that lived longer than this starts with a clean sheet."""
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    grace_s: float = 15.0
    """How long the child may take to end when it is told to: longer than a worker's own drain, which takes 10 s."""
    excused: Mapping[int, str] = field(default_factory=dict)
    """Exit codes that are no deaths, and what they mean: what ended the child lies outside, and may be over soon."""


@dataclass(frozen=True)
class Status:
    """How the child is."""

    pid: int | None
    restarts: int
    problem: str
    """Why it is not running, or what ended it last."""
    excused: int
    """How often in a row it has ended with an exit code that is no death."""


@dataclass(frozen=True)
class _End:
    """How one life of the child ended."""

    problem: str
    excused: bool = False


class WorkerProcess:
    """One child, kept alive by a thread until `stop`."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Callable[[], Mapping[str, str]],
        say: Callable[[str], None],
        patience: Patience = Patience(),
    ) -> None:
        self._command, self._environment, self._say, self._patience = command, environment, say, patience
        self._child: subprocess.Popen[str] | None = None
        self._deaths = 0
        self._excused = 0
        self._starts = 0
        self._problem = ""
        self._stopping = threading.Event()
        # The kernel ends the child with the thread that started it, so that this thread lives as long as we do.
        self._thread = threading.Thread(target=self._keep_alive, name="worker-process", daemon=True)

    def start(self) -> None:
        """Start the child and watch over it."""
        self._thread.start()

    def status(self) -> Status:
        """How the child is now."""
        child = self._child
        pid = child.pid if child is not None and child.poll() is None else None
        return Status(pid, max(0, self._starts - 1), self._problem, self._excused)

    def check(self) -> None:
        """Raise WorkerDown when the child died too often, one death soon after the other, or nobody watches it."""
        if not self._thread.is_alive() and not self._stopping.is_set():
            raise WorkerDown(f"nobody watches over the worker: {self._problem or 'it was never started'}")
        if self._deaths >= self._patience.deaths:
            raise WorkerDown(f"the worker died {self._deaths} times: {self._problem}")

    def stop(self) -> None:
        """End the child and the watch. Safe to call twice."""
        self._stopping.set()
        child = self._child
        if child is not None and child.poll() is None:
            _signal(child, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(self._patience.grace_s)
            _signal(child, signal.SIGKILL)
        if self._thread.is_alive():
            self._thread.join(self._patience.grace_s)

    def _keep_alive(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            end = self._live()
            self._count(end, time.monotonic() - began)
            if not self._stopping.is_set():
                self._say(f"{end.problem}; it is started again")
            self._stopping.wait(self._pause_s())

    def _count(self, end: _End, lived_s: float) -> None:
        """A child that lived long starts with a clean sheet; so does one after the other kind of end."""
        fresh = lived_s > self._patience.soon_s
        self._problem = end.problem
        self._excused = (1 if fresh else self._excused + 1) if end.excused else 0
        self._deaths = 0 if end.excused else 1 if fresh else self._deaths + 1

    def _pause_s(self) -> float:
        doublings = min(max(self._deaths, self._excused) - 1, 10)
        return min(self._patience.first_pause_s * (1 << doublings), self._patience.longest_pause_s)

    def _live(self) -> _End:
        """Run the child to its end and say how it ended. Raises nothing: the thread must live."""
        try:
            return self._run_child()
        except PfaError as error:
            return _End(f"the worker cannot start: {error.message}")
        except OSError as error:
            return _End(f"the worker cannot start: {error.strerror}")
        except Exception as error:  # its message may quote a secret, its type's name does not
            return _End(f"the worker cannot be kept running: {type(error).__name__}")

    def _run_child(self) -> _End:
        child = self._spawn()
        if self._stopping.is_set():
            _signal(child, signal.SIGTERM)  # `stop` came while it was being started
        # Read beside the wait: what the child has started may hold its output open long after it died.
        output = threading.Thread(target=self._pass_on, args=[child.stdout], name="worker-output", daemon=True)
        output.start()
        child.wait()
        _signal(child, signal.SIGKILL)  # the rest of its group
        output.join(_LAST_LINES_S)
        if (meaning := self._patience.excused.get(child.returncode)) is not None:
            return _End(meaning, excused=True)
        return _End(f"the worker ended with {_exit_words(child.returncode)}")

    def _spawn(self) -> "subprocess.Popen[str]":
        self._starts += 1
        self._child = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, "-c", _PRELUDE, *self._command],
            env={**self._environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
        return self._child

    def _pass_on(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._say(line.rstrip())


def _signal(child: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """Signal the child and what it has started."""
    with contextlib.suppress(ProcessLookupError):  # all of them have ended
        os.killpg(child.pid, number)


def _exit_words(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
