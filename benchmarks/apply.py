"""Deploying: new, again with nothing to change, and one field of 1,000 deployments: `python -m benchmarks.apply`."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bare import serial_posts
from benchmarks.measure import Row, Size, in_folders, in_turn, run, table
from benchmarks.plan import APPLY, PLAN
from benchmarks.projects import (
    POOL,
    deployments,
    requests_for,
    write_flows,
    write_large,
    write_prefect_yaml,
    write_project,
)
from benchmarks.servers import stack

DEPLOY = ("prefect", "--no-prompt", "deploy", "--all")


def rows(size: Size) -> Iterator[Row]:
    """All of them."""
    yield from in_folders(size, new_and_again, one_of_many)


def new_and_again(folder: Path, size: Size) -> Iterator[Row]:
    """Beside `prefect deploy --all` on the same server, and the bare requests for the same deployments.

    New is new once: each round has a server of its own.
    """
    number = size.of(200, 5)
    rounds = [_round(folder / str(one), number) for one in range(size.of(3, 1))]
    ours, theirs, bare, ours_again, theirs_again = (list(times) for times in zip(*rounds, strict=True))
    new, again = f"apply: {number} new deployments", f"apply: the same {number}, nothing to change"
    yield Row(new, "`prefect deploy --all`", ours, theirs, at_most=1 / 12)
    yield Row(new, "bare serial POSTs", ours, bare, at_most=1.3)
    yield Row(again, "`prefect deploy --all`", ours_again, theirs_again, at_most=1 / 30)


def _round(folder: Path, number: int) -> list[float]:
    """Seconds on a server of its own: ours, theirs, the bare requests, then ours and theirs again."""
    folder.mkdir()
    write_flows(folder, number)
    write_prefect_yaml(folder, number)
    manifests = deployments(folder, number)
    write_project(folder, manifests, external=[f"WorkPool/{POOL}"])
    bodies = [{**body, "name": f"bare-{body['name']}"} for body in requests_for(manifests)]
    with stack(folder) as environment:
        run(["prefect", "work-pool", "create", POOL, "--type", "process"], folder, environment)
        ours, theirs = (run(command, folder, environment).seconds for command in (APPLY, DEPLOY))
        bare = serial_posts(environment["PREFECT_API_URL"], bodies)
        again = [run(command, folder, environment).seconds for command in (APPLY, DEPLOY)]
    return [ours, theirs, bare, *again]


def one_of_many(folder: Path, size: Size) -> Iterator[Row]:
    """Beside the plan with nothing to change."""
    number = size.of(1_000, 20)
    write_large(folder, number)
    changing = folder / "manifests" / "000000.yaml"
    with stack(folder) as environment:
        run(APPLY, folder, environment)

        def change() -> float:
            text = changing.read_text()
            changing.write_text(re.sub(r"- bench(-\d+)?$", _next, text, count=1, flags=re.MULTILINE))
            return run(APPLY, folder, environment).seconds

        ours, theirs = in_turn(size.rounds, change, lambda: run(PLAN, folder, environment).seconds)
    yield Row(
        f"apply: one field of {number:,} deployments", "the plan with nothing to change", ours, theirs, at_most=1.2
    )


def _next(found: re.Match[str]) -> str:
    return f"- bench-{int((found[1] or '-0')[1:]) + 1}"


if __name__ == "__main__":
    print(table(rows(Size.asked())))
