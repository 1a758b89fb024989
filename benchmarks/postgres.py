"""1,000 new deployments where Prefect keeps them in PostgreSQL: `python -m benchmarks.postgres`."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bare import parallel_posts
from benchmarks.measure import Row, Size, in_turn, run, table
from benchmarks.plan import APPLY
from benchmarks.projects import POOL, deployments, requests_for, write_flows, write_project
from benchmarks.servers import prefect_on_postgres

AT_ONCE = (1, 2, 4, 8, 16)
TRIED = 100
"""So many tell which number at once is best."""
ROUNDS = 2
"""Each takes some six minutes."""


def rows(size: Size) -> Iterator[Row]:
    """Beside the bare requests, with as many at a time as is best for them."""
    number = size.of(1_000, 20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with prefect_on_postgres(folder) as environment:
            run(["prefect", "work-pool", "create", POOL, "--type", "process"], folder, environment)
            url, rounds = environment["PREFECT_API_URL"], itertools.count()
            tried = {
                at_once: parallel_posts(url, _bodies(folder, min(TRIED, number), f"tried-{at_once}"), at_once)
                for at_once in AT_ONCE
            }
            best = min(tried, key=lambda at_once: tried[at_once])
            ours, theirs = in_turn(
                size.of(ROUNDS, 1),
                lambda: _applied(folder / str(next(rounds)), number, environment),
                lambda: parallel_posts(url, _bodies(folder, number, f"bare-{next(rounds)}"), best),
            )
    yield Row(f"apply on PostgreSQL: {number:,} new", f"bare POSTs, {best} at once", ours, theirs, at_most=1.1)


def _applied(folder: Path, number: int, environment: dict[str, str]) -> float:
    """Seconds of an apply of deployments that no round before had."""
    folder.mkdir()
    write_flows(folder, number)
    manifests = deployments(folder, number)
    for one in manifests:
        one["spec"]["name"] += f"-{folder.name}"
    write_project(folder, manifests, external=[f"WorkPool/{POOL}"])
    return run(APPLY, folder, environment).seconds


def _bodies(folder: Path, number: int, prefix: str) -> list[dict[str, object]]:
    return requests_for(deployments(folder, number), prefix)


if __name__ == "__main__":
    print(table(rows(Size.asked())))
