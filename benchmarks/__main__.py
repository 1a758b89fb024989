"""All rows, or those that are named: `python -m benchmarks [start validate …] [--tiny] [--readme]`.

With `--readme` the rows go into the README's table, between its two marks; those that were not run stay. Run by
`make bench`, which takes more than an hour: to make 11,000 deployments is most of it.
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
    if "--readme" in sys.argv[1:] and "--tiny" in sys.argv[1:]:
        sys.exit("the figures of --tiny mean nothing, and are not for the README")
    rows = [str(row) for row in _rows(named or PROGRAMS, Size.asked())]
    print(table(rows))
    if "--readme" in sys.argv[1:]:
        before, _, rest = README.read_text().partition(BEGIN)
        stood, mark, after = rest.partition(END)
        if not mark:
            sys.exit(f"the README has no {BEGIN.strip()} and {END}")
        README.write_text(f"{before}{BEGIN}{table(merged(stood, rows))}\n{END}{after}")


def merged(stood: str, rows: list[str]) -> list[str]:
    """The rows of a table, those that were run anew in the place of what they were before."""
    found = {_about(line): line for line in [*stood.splitlines(), *rows] if line.startswith("| ")}
    return [line for about, line in found.items() if about != ("work", "beside")]


def _about(line: str) -> tuple[str, str]:
    cells = [cell.strip() for cell in line.split("|")]
    return cells[1], cells[3]


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
