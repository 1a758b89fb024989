"""The demo's steps, in order. Each runs the real commands; none pretends."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pfa_gitops.demo import quickstart
from pfa_gitops.demo.stage import DATA_DIR, Say, Stage, StepFailed
from pfa_gitops.local_stack import interrupts
from pfa_gitops.model.errors import PfaError

FAILED = 5
CHANGES = 2
_DEPLOYMENT = "Deployment/prefect-test"


class Step(NamedTuple):
    """One step: what it does, in one line, and how."""

    title: str
    play: Callable[[Stage], None]


class DemoFailed(PfaError):
    """A step failed. What it made is cleaned up."""

    exit_code = FAILED


def play(directory: Path | None, keep: bool, say: Say) -> None:
    """Play all steps and clean up, whatever happens. Raises DemoFailed, and KeyboardInterrupt after the clean-up.

    The project is copied into `directory`, where it stays, or else into a temporary folder. `keep` leaves everything
    as it is, the servers running.
    """
    with interrupts.term_interrupts(), _folder(directory, keep) as folder:
        stage = Stage(folder, say)
        perform(stage, _steps(), keep)
        say(f"\nThe demo took {stage.seconds:.0f} s.", True)


def perform(stage: Stage, steps: Sequence[Step], keep: bool) -> None:
    """Play these steps and clean up, whatever happens. Raises DemoFailed for the first thing that failed."""
    last = Step("Leave everything as it is", _look_around) if keep else Step("Clean up", _clean_up)
    total = len(steps) + 1
    try:
        for number, step in enumerate(steps, 1):
            _play(stage, number, total, step)
    except BaseException:
        with interrupts.ignored():
            _clean_up_after_a_failure(stage, total, last)
        raise
    with interrupts.ignored():
        _play(stage, total, total, last)


def _steps() -> list[Step]:
    return [
        Step("Copy examples/quickstart, to work on it", lambda stage: quickstart.copy(stage.folder)),
        Step("Start a Prefect server and an Anyscale emulator on free ports", _up),
        Step("Check the manifests, without asking a server", lambda stage: stage.command("validate")),
        Step("Show what would be made", lambda stage: stage.command("plan")),
        Step("Make it, and wait until the agent's service runs", _apply),
        Step("Run the deployment: the agent submits an Anyscale job, which counts on a Ray cluster", _run),
        Step(f"Change one field in {quickstart.CHANGED_FILE}, and show the plan for it", _change),
        Step("Write that one field", _apply),
        Step("See that nothing is left to do", lambda stage: stage.command("plan", "--detailed-exitcode")),
    ]


def _announce(stage: Stage, number: int, total: int, title: str) -> None:
    stage.say(f"\n[{number}/{total}] {stage.seconds:.0f} s  {title}", True)


def _play(stage: Stage, number: int, total: int, step: Step) -> None:
    _announce(stage, number, total, step.title)
    try:
        step.play(stage)
    except StepFailed as failure:
        stage.say(stage.last_log_lines(), False)
        which = f"step {number} of {total}, “{step.title}”"
        raise DemoFailed(f"{which}, failed: {failure}", "read what stands above; --keep leaves all as it is") from None


def _clean_up_after_a_failure(stage: Stage, number: int, step: Step) -> None:
    """The failure is what the reader must hear of: a second one is only told."""
    try:
        _play(stage, number, number, step)
    except PfaError as failure:
        stage.say(failure.message, False)


def _up(stage: Stage) -> None:
    stage.command("local", "up", "--prefect-port", "0", "--anyscale-port", "0", timeout_s=240)
    stage.variables = json.loads(stage.answer("local", "env", "--format", "json"))["variables"]


def _apply(stage: Stage) -> None:
    stage.command("apply", "--auto-approve", timeout_s=600)


def _run(stage: Stage) -> None:
    stage.followed("run", _DEPLOYMENT, "--wait", last=quickstart.LAST_LINE, timeout_s=420)


def _change(stage: Stage) -> None:
    quickstart.change(stage.folder)
    stage.say(f"{quickstart.BEFORE} → {quickstart.AFTER}", False)
    stage.command("plan", "--detailed-exitcode", expected=CHANGES)


def _clean_up(stage: Stage) -> None:
    """Stop the servers and remove their data. The folder is removed by who made it."""
    if (stage.folder / DATA_DIR).exists():
        stage.command("local", "down", "--delete-data", timeout_s=120)


def _look_around(stage: Stage) -> None:
    page = stage.variables.get("PREFECT_API_URL", "").removesuffix("/api")
    stage.say(f"Prefect's pages are at {page}. To go on, and to end it:", False)
    for line in (
        f"cd {stage.folder}",
        'eval "$(pfa-gitops local env)"',
        "pfa-gitops plan",
        "pfa-gitops local down --delete-data",
    ):
        stage.say(f"  $ {line}", False)


@contextmanager
def _folder(directory: Path | None, keep: bool) -> Iterator[Path]:
    """The project's folder. A temporary one is removed, unless all is to be kept."""
    if directory is not None:
        quickstart.require_empty(directory)
        yield directory.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="pfa-gitops-demo-"))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
