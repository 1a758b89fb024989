"""All rows, or those that are named: `python -m benchmarks [start validate …] [--tiny] [--readme]`.

With `--readme` the table goes into the README, between its two marks. Run by `make bench`.
"""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, Size, table
from benchmarks.servers import has_postgres

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- benchmarks -->\n", "<!-- end of benchmarks -->"
PROGRAMS = ("start", "validate", "plan", "apply", "postgres", "worker")


def main() -> None:
    """Run them and show the table."""
    named = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if unknown := set(named) - set(PROGRAMS):
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(PROGRAMS)}")
    shown = table(_rows(named or PROGRAMS, Size.asked()))
    print(shown)
    if "--readme" in sys.argv[1:]:
        before, _, rest = README.read_text().partition(BEGIN)
        README.write_text(f"{before}{BEGIN}{shown}\n{END}{rest.partition(END)[2]}")


def _rows(names: list[str] | tuple[str, ...], size: Size) -> Iterator[Row]:
    """Each is shown as soon as it is there: some take minutes."""
    for name in names:
        if name == "postgres" and not has_postgres():
            print("postgres: PostgreSQL is not installed; left out", file=sys.stderr)
            continue
        for row in importlib.import_module(f"benchmarks.{name}").rows(size):
            print(row, file=sys.stderr, flush=True)
            yield row


if __name__ == "__main__":
    main()
