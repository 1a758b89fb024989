"""Times commands in turn with their peers, and shows the medians and their ratio. Only the ratio travels.

A command is timed from its start to its end, the start of Python with it: that is what people wait for.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

BIN = Path(sys.executable).parent
TIMEOUT_S = 3600
NOT_KEPT = ("PREFECT_", "ANYSCALE_", "PYTHONDONTWRITEBYTECODE")
"""Variables that begin so. Without its bytecode the package would be compiled at each start, as nobody has it."""
DISTRIBUTIONS = ("pfa-gitops", "prefect", "anyscale", "pydantic", "PyYAML")


class Done(NamedTuple):
    """A command that succeeded."""

    seconds: float
    peak_mb: float
    """The most memory that it held at once."""
    output: str


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    work: str
    peer: str
    ours: Sequence[float]
    theirs: Sequence[float]
    at_most: float
    """The ratio to reach: ours by theirs."""
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """Ours by theirs, of the medians."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def __str__(self) -> str:
        """As a row in Markdown."""
        ours, theirs = (f"{statistics.median(side):.3g} {self.unit}" for side in (self.ours, self.theirs))
        met = "yes" if self.ratio <= self.at_most else "**no**"
        return f"| {self.work} | {ours} | {self.peer} | {theirs} | {self.ratio:.3g} | ≤ {self.at_most:.3g} | {met} |"


@dataclass(frozen=True)
class Size:
    """How much work a row does: that of the table, or a little, to see that it works."""

    tiny: bool = False

    @classmethod
    def asked(cls) -> "Size":
        """That of the command line: `--tiny` for a little."""
        return cls("--tiny" in sys.argv[1:])

    def of(self, full: int, tiny: int) -> int:
        """One of the two."""
        return tiny if self.tiny else full

    @property
    def rounds(self) -> int:
        """How often each side is timed."""
        return self.of(5, 1)


def in_folders(size: Size, *parts: Callable[[Path, Size], Iterable[Row]]) -> Iterator[Row]:
    """The rows of each part, which works in a folder of its own."""
    for part in parts:
        with tempfile.TemporaryDirectory() as name:
            yield from part(Path(name), size)


def table(rows: Iterable[Row | str]) -> str:
    """The rows in Markdown, below the versions of both sides."""
    versions = ", ".join(f"{name} {version(name)}" for name in DISTRIBUTIONS)
    head = "| work | pfa-gitops | beside | takes | ratio | to reach | reached |\n|---|---|---|---|---|---|---|"
    return "\n".join([f"Python {sys.version.split()[0]}, {versions}.", "", head, *map(str, rows)])


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> Done:
    """Run a command to its end. It sees no Prefect and no Anyscale but that of `environment`. Exits where it fails."""
    program, *arguments = map(str, command)
    found = BIN / program
    whole = [str(found) if found.exists() else program, *arguments]
    with tempfile.TemporaryFile("w+") as output:
        begin = time.monotonic()
        process = subprocess.Popen(
            whole, cwd=folder, env=_environment(folder, environment or {}), stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        sys.exit(f"{' '.join(whole)} failed with {process.returncode}:\n{text[-3000:]}")
    return Done(seconds, usage.ru_maxrss / 1024, text)


def _environment(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_KEPT)}
    quiet = {"DO_NOT_TRACK": "1", "ANYSCALE_TELEMETRY_SAMPLE_RATE": "0", "ANYSCALE_SUPPRESS_UPGRADE_WARNING": "1"}
    return {**kept, **quiet, "PREFECT_HOME": str(folder / "home"), **own}


def in_turn(rounds: int, *sides: Callable[[], float]) -> list[list[float]]:
    """Time each side `rounds` times, one after the other, so that a slow moment of the machine hits all."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, measured in zip(sides, times, strict=True):
            measured.append(side())
    return times
