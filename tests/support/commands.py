"""The commands as people run them: a process, its exit code, what it prints."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = [sys.executable, "-m", "pfa_gitops.cli.app"]

# Tests may run where SIGINT is ignored, as in a script's background job; a terminal's commands heed it.
HEEDS_INTERRUPT = (
    "import runpy, signal\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
    "runpy.run_module('pfa_gitops.cli.app', run_name='__main__')"
)


@dataclass
class Workdir:
    """A project's folder and the environment in which commands run there."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole_environment(self) -> dict[str, str]:
        """What commands get, for one that is started otherwise."""
        return {**_bare_environment(), **self.environment}

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def pfa(self, *arguments: str, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Whatever it does wrong, nobody may see a traceback."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env={**self.whole_environment, **environment},
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def document(self, *arguments: str, code: int = 0, **environment: str) -> Any:
        """Run a command and read the one JSON document on its standard output."""
        done = self.pfa(*arguments, "--format", "json", **environment)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def interrupted(
        self, *arguments: str, after: str, until: str = "", then: Callable[[], None] = lambda: None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command at a terminal, and press Ctrl-C once `after` stands on its standard error.

        `then` is called once `until` stands there, too.
        """
        command = [*PROGRAM, *arguments]
        with (
            _terminal() as terminal,
            subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.whole_environment, **environment},
                stdin=terminal,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
        ):
            try:
                seen = _read_until(process, after)
                process.send_signal(signal.SIGINT)
                seen += _read_until(process, until)
                then()
                stdout, stderr = process.communicate(timeout=200)
            finally:
                process.kill()  # a command that does not heed the signal fails its test and holds up no other
        return subprocess.CompletedProcess(command, process.returncode, stdout, seen + stderr)


def project_in(folder: Path, environment: Mapping[str, str]) -> Workdir:
    """An empty project folder below `folder`, which is the home of its commands, too."""
    project = folder / "project"
    project.mkdir()
    return Workdir(project, {"HOME": str(project), "PREFECT_HOME": str(project / "prefect"), **environment})


@contextmanager
def _terminal() -> Iterator[int]:
    """A command's end of a terminal at which nobody types."""
    ends = pty.openpty()
    try:
        yield ends[1]
    finally:
        for end in ends:
            os.close(end)


def _read_until(process: subprocess.Popen[str], text: str) -> str:
    """What a command says on its standard error, up to `text`. A question has no line's end."""
    assert process.stderr
    seen = ""
    while text not in seen:
        character = process.stderr.read(1)
        assert character, f"it ended: {seen}"
        seen += character
    return seen


def _bare_environment() -> dict[str, str]:
    """This process's environment without what would choose a server by chance."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ANYSCALE_", "NO_COLOR"))
    }
