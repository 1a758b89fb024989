"""Where the demo plays: a folder, its environment, and a way to run commands there and to show them."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DATA_DIR = ".pfa-gitops/local"
PROGRAM = (sys.executable, "-m", "pfa_gitops.cli.app")
_ENDS_WITHIN_S = 60.0
_READS_WITHIN_S = 30.0
_LOGS = 3
_LOG_LINES = 15

Say = Callable[[str, bool], None]
"""Shows a text, in bold or not."""


class StepFailed(Exception):
    """A step of the demo did not do what it should. The text says why."""


@dataclass
class Stage:
    """The demo's folder and what its commands need to know."""

    folder: Path
    say: Say
    variables: dict[str, str] = field(default_factory=dict)
    """What leads to the local stack; filled in once it is up."""
    begun: float = field(default_factory=time.monotonic)
    program: Sequence[str] = PROGRAM

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.begun

    def command(self, *arguments: str, timeout_s: float = 120, expected: int = 0) -> None:
        """Run `pfa-gitops …` in the folder and let it talk. Raises StepFailed for another exit code than expected."""
        child = self._announced(arguments, None)
        try:
            self._wait(child, arguments, timeout_s, expected)
        finally:
            _end_child(child)

    def followed(self, *arguments: str, last: str, timeout_s: float) -> None:
        """Run `pfa-gitops …` and show its progress. Raises StepFailed, also when no line of it ended with `last`."""
        child, seen = self._announced(arguments, subprocess.PIPE), threading.Event()
        reader = threading.Thread(target=_show, args=(child, last, seen), daemon=True)
        reader.start()
        try:
            self._wait(child, arguments, timeout_s, 0)
        finally:
            _end_child(child)
            reader.join(_READS_WITHIN_S)
        if not seen.is_set():
            raise StepFailed(f"the run completed, but no log line of the flow ended with {last}")

    def answer(self, *arguments: str, timeout_s: float = _ENDS_WITHIN_S) -> str:
        """Run `pfa-gitops …` without showing it and return what it prints. Raises StepFailed."""
        child = self._start(arguments, stdout=subprocess.PIPE)
        try:
            out, _ = child.communicate(timeout=timeout_s)
            self._wait(child, arguments, timeout_s, 0)
        except subprocess.TimeoutExpired:
            raise _too_slow(arguments, timeout_s) from None
        finally:
            _end_child(child)
        return str(out)

    def last_log_lines(self) -> str:
        """The ends of the logs that were written to last: of the servers, of jobs and services."""
        logs = (path for path in (self.folder / DATA_DIR).rglob("*.log") if path.is_file() and path.stat().st_size)
        newest = sorted(logs, key=lambda path: path.stat().st_mtime)[-_LOGS:]
        return "\n".join(f"--- the end of {path}\n{_end(path)}" for path in newest)

    def _announced(self, arguments: tuple[str, ...], stderr: int | None) -> "subprocess.Popen[str]":
        self.say(f"$ pfa-gitops {shlex.join(arguments)}", True)
        return self._start(arguments, stderr=stderr)

    def _start(
        self, arguments: tuple[str, ...], stdout: int | None = None, stderr: int | None = None
    ) -> "subprocess.Popen[str]":
        # A group of its own: a terminal's Ctrl-C comes to us only, and we hand it on once and wait.
        return subprocess.Popen(  # noqa: S603 - our own command
            [*self.program, *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            process_group=0,
        )

    def _environment(self) -> Mapping[str, str]:
        """Ours, without what would lead to the Prefect or the Anyscale of the person at the keyboard."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ANYSCALE_"))}
        own = {"PREFECT_HOME": str(self.folder / DATA_DIR / "job-prefect-home")}
        return kept | own | self.variables

    @staticmethod
    def _wait(child: "subprocess.Popen[str]", arguments: tuple[str, ...], timeout_s: float, expected: int) -> None:
        try:
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise _too_slow(arguments, timeout_s) from None
        if code != expected:
            raise StepFailed(f"`pfa-gitops {shlex.join(arguments)}` ended with exit code {code}, expected {expected}")


def _too_slow(arguments: tuple[str, ...], timeout_s: float) -> StepFailed:
    return StepFailed(f"`pfa-gitops {shlex.join(arguments)}` takes longer than {timeout_s:.0f} s")


def _show(child: "subprocess.Popen[str]", last: str, seen: threading.Event) -> None:
    """Hand on what a child says, line by line, and look out for one that ends with `last`."""
    if child.stderr is None:
        return
    with child.stderr as lines:
        for line in lines:
            sys.stderr.write(line)
            sys.stderr.flush()
            if line.rstrip().endswith(f" {last}"):
                seen.set()


def _end_child(child: "subprocess.Popen[str]") -> None:
    """End what still runs as Ctrl-C would, so that it cleans up after itself."""
    if child.poll() is not None:
        return
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # then the child ignores it, too
    child.send_signal(signal.SIGTERM if ignored else signal.SIGINT)
    try:
        child.communicate(timeout=_ENDS_WITHIN_S) if child.stdout else child.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _end(path: Path) -> str:
    lines = path.read_text(errors="replace").rstrip().splitlines()[-_LOG_LINES:]
    return "\n".join(f"    {line}" for line in lines)
