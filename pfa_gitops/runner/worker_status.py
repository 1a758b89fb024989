"""The file in which a worker says that it polls: the contract between a worker and the agent that keeps it.

The agent names the file in PFA_GITOPS_WORKER_STATUS. The worker writes it after each poll that succeeded, while its
looks at runs and jobs succeed, too; for the first time once both Prefect and Anyscale have answered. So the file's
being there means ready, and its age how long ago that was. It holds JSON:
`{"ticks": 12, "jobs": 3, "last_poll": 1767225600.5, "tick_s": 0.1}`. It imports nothing of Prefect or Ray.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "PFA_GITOPS_WORKER_STATUS"


@dataclass(frozen=True)
class WorkerStatus:
    """What a worker said last."""

    ticks: int
    """How many looks at all runs and jobs succeeded since it started."""
    jobs: int
    """How many jobs it looks after."""
    last_poll: float
    """When, in seconds since the epoch."""
    tick_s: float = 0.0
    """How long its last look at all runs and jobs took, in seconds."""


def report(jobs: int, *, ticks: int = 1, tick_s: float = 0.0, environment: Mapping[str, str] = os.environ) -> None:
    """Say that a poll succeeded, and how the last look went. Does nothing for a worker that no agent keeps.

    A file that cannot be written ends no worker: the agent sees that it grows old.
    """
    if not (name := environment.get(VARIABLE)):
        return
    path, draft = Path(name), Path(f"{name}.{os.getpid()}")
    with suppress(OSError):
        draft.write_text(json.dumps(asdict(WorkerStatus(ticks, jobs, time.time(), tick_s))))
        draft.replace(path)  # atomic: the agent may read at any moment


def read(path: Path) -> WorkerStatus | None:
    """What the worker said last; None before its first word."""
    try:
        return WorkerStatus(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def age_s(path: Path) -> float | None:
    """How long ago the worker spoke, in seconds; None before its first word."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return None
