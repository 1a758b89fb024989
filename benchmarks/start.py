"""How long a command takes that does nothing: `python -m benchmarks.start`."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, Size, in_turn, run, table

PEER = "import pydantic, yaml"


def rows(size: Size) -> Iterator[Row]:
    """`--version` and `--help`, beside the import of two libraries that a validator of YAML needs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for option in ("--version", "--help"):
            ours, theirs = in_turn(
                2 * size.rounds,
                lambda option=option: run(["pfa-gitops", option], folder).seconds,
                lambda: run([sys.executable, "-c", PEER], folder).seconds,
            )
            yield Row(f"start: `{option}`", f"`python -c '{PEER}'`", ours, theirs, at_most=2.0)


if __name__ == "__main__":
    print(table(rows(Size.asked())))
