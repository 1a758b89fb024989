"""Reading and checking 10,000 manifests: `python -m benchmarks.validate`."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, Size, in_turn, run, table
from benchmarks.projects import write_large

PARSE = """
import glob, yaml
for path in glob.glob("manifests/*.yaml"):
    list(yaml.load_all(open(path, "rb"), Loader=yaml.CSafeLoader))
"""


def rows(size: Size) -> Iterator[Row]:
    """All checks, beside the parse alone of the same bytes in C."""
    number = size.of(9_347, 100)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifests = write_large(folder, number)
        ours, theirs = in_turn(
            size.rounds,
            lambda: run(["pfa-gitops", "validate"], folder).seconds,
            lambda: run([sys.executable, "-c", PARSE], folder).seconds,
        )
    work = f"validate: {manifests:,} manifests"
    yield Row(work, "PyYAML's C loader, the same bytes", ours, theirs, at_most=3.0)


if __name__ == "__main__":
    print(table(rows(Size.asked())))
