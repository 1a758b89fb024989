"""Deploying: new, again with nothing to change, and one field of 1,000 deployments: `python -m benchmarks.apply`."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
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
from benchmarks.replay import Recorder
from benchmarks.servers import stack

DEPLOY = ("prefect", "--no-prompt", "deploy", "--all")
READS = ("/filter", "/count")
"""What POST only asks for."""


def rows(size: Size) -> Iterator[Row]:
    """All of them."""
    yield from in_folders(size, new_and_again, one_of_many)


def new_and_again(folder: Path, size: Size) -> Iterator[Row]:
    """Beside `prefect deploy --all` on the same server, and the bare requests for such deployments.

    New is new once: each round has a server of its own, and another side that comes first.
    """
    number = size.of(200, 5)
    rounds = [_round(folder / str(one), number, first=one) for one in range(size.of(3, 1))]
    times = {side: [one[side] for one in rounds] for side in rounds[0]}
    new, again = f"apply: {number} new deployments", f"apply: the same {number}, nothing to change"
    yield Row(new, "`prefect deploy --all`", times["ours"], times["theirs"], at_most=1 / 12)
    yield Row(new, "bare serial POSTs", times["ours"], times["bare"], at_most=1.3)
    yield Row(again, "`prefect deploy --all`", times["ours again"], times["theirs again"], at_most=1 / 30)
    yield Row(f"{again}: writes", "none", times["writes"], [1.0], at_most=0.0, unit="")


def _round(folder: Path, number: int, first: int) -> dict[str, float]:
    """Seconds of each side on a server of its own, and how many writes the second apply sent."""
    folder.mkdir()
    write_flows(folder, number)
    write_prefect_yaml(folder, number)
    manifests = deployments(folder, number)
    write_project(folder, manifests, external=[f"WorkPool/{POOL}"])
    with stack(folder) as environment:
        run(["prefect", "work-pool", "create", POOL, "--type", "process"], folder, environment)
        sides: list[tuple[str, Callable[[], float]]] = [
            ("ours", lambda: run(APPLY, folder, environment).seconds),
            ("theirs", lambda: run(DEPLOY, folder, environment).seconds),
            ("bare", lambda: serial_posts(environment["PREFECT_API_URL"], requests_for(manifests, "bare"))),
        ]
        sides = sides[first:] + sides[:first]
        times = {name: side() for name, side in sides}
        times |= {f"{name} again": side() for name, side in sides if name != "bare"}
        return {**times, "writes": float(_writes(folder, environment))}


def _writes(folder: Path, environment: Mapping[str, str]) -> int:
    """How many requests of one more apply change anything."""
    recorder = Recorder(environment["PREFECT_API_URL"])
    with recorder.served() as url:
        run(APPLY, folder, {**environment, "PREFECT_API_URL": url})
    return sum(asked.method != "GET" and not asked.path.endswith(READS) for asked in recorder.recording)


def one_of_many(folder: Path, size: Size) -> Iterator[Row]:
    """Beside the plan with nothing to change."""
    number = size.of(1_000, 20)
    write_large(folder, number)
    changing = folder / "manifests" / "000000.yaml"
    with stack(folder) as environment:
        run(APPLY, folder, environment)

        def change() -> float:
            text, found = re.subn(r"- bench(-\d+)?$", _next, changing.read_text(), count=1, flags=re.MULTILINE)
            if not found:
                sys.exit("no tag was found that could be changed")
            changing.write_text(text)
            return run(APPLY, folder, environment).seconds

        ours, theirs = in_turn(size.rounds, change, lambda: run(PLAN, folder, environment).seconds)
    work = f"apply: one field of {number:,} deployments, schedules off"
    yield Row(work, "the plan with nothing to change", ours, theirs, at_most=1.2)


def _next(found: re.Match[str]) -> str:
    return f"- bench-{int((found[1] or '-0')[1:]) + 1}"


if __name__ == "__main__":
    print(table(rows(Size.asked())))
