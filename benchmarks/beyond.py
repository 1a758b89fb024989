"""Beyond one machine and one workspace: 100,000 deployments, simulated.

`python -m benchmarks.beyond [--tiny]` shows the table of docs/performance.md.

One project with its share of the deployments is applied to a real Prefect and the emulator, and a plan of it is
recorded. The recording then stands for as many workspaces as are needed, without limits and with those of Prefect
Cloud; the emulator answers for Anyscale. Real processes of `pfa-gitops plan` run, as many at once as there are cores.
"""

import os
import statistics
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Done, Size, run
from benchmarks.plan import APPLY, PLAN
from benchmarks.projects import manifest, write_large, write_yaml
from benchmarks.replay import Recorder, Recording, Replayer
from benchmarks.servers import stack

PER_MINUTE = (None, 1_000, 500, 250)
"""Requests of an account: none, and those of Prefect Cloud's plans Team, Starter and Hobby.

Source: docs.prefect.io/latest/cloud/rate-limits, read in November 2026: one counter for all requests of an account, and
another one for logs and events, of which a plan sends none.
"""
CHANGED = 3
"""Projects of one pull request."""
COMPUTE = {"head_node": {"instance_type": "m5.large"}}
HEAD = """\
| projects | deployments | limit per minute | takes | requests | refused | of one plan: seconds | MB |
|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Show the figures."""
    size = Size.asked()
    projects, share = size.of(100, 3), size.of(1_000, 20)
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_large(folder, share)
        write_yaml(folder / "manifests" / "anyscale.yaml", manifest("ComputeConfig", "bench", COMPUTE))
        with stack(folder) as environment:
            run(APPLY, folder, environment)
            recording = _recorded(folder, environment)
            print(HEAD)
            for row in _rows(folder, environment, recording, projects, share):
                print(row, flush=True)


def _recorded(folder: Path, environment: Mapping[str, str]) -> Recording:
    """All that Prefect says to one plan."""
    recorder = Recorder(environment["PREFECT_API_URL"])
    with recorder.served() as url:
        run(PLAN, folder, {**environment, "PREFECT_API_URL": url})
    return recorder.recording


def _rows(
    folder: Path, environment: Mapping[str, str], recording: Recording, projects: int, share: int
) -> Iterator[str]:
    """All projects under each limit, and the few that a pull request changes under the strictest one."""
    for number, per_minute in [*((projects, limit) for limit in PER_MINUTE), (CHANGED, PER_MINUTE[-1])]:
        replayer = Replayer(recording, per_minute)
        began = time.monotonic()
        with replayer.served() as url, ThreadPoolExecutor(os.cpu_count()) as pool:
            places = [{**environment, "PREFECT_API_URL": f"{url}/{one}/api"} for one in range(number)]
            done: list[Done] = list(pool.map(lambda place: run(PLAN, folder, place), places))
        took, each = time.monotonic() - began, statistics.median(one.seconds for one in done)
        memory = max(one.peak_mb for one in done)
        yield (
            f"| {number} | {number * share:,} | {per_minute or 'none'} | {took:.0f} s | {replayer.answered:,} "
            f"| {replayer.refused:,} | {each:.1f} | {memory:.0f} |"
        )


if __name__ == "__main__":
    main()
