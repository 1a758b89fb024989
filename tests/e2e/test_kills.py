"""Real `pfa-gitops apply` processes, killed at random moments, and several of them at once, against real servers."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from support import rich_project
from support.commands import PROGRAM, Workdir
from support.generated_projects import named
from support.live_project import LiveProject, Version, live_project
from support.middleman import PASSES, Asked, Fate, Noted
from support.side_by_side import Ground
from support.snapshots import OWN_TAG, but_counters, differences

PATIENCE_S = 500
LATEST_S = 0.1
"""How long after a request a process may be killed: requests come one or a few hundredths of a second apart."""


class Countdown:
    """A judge that lets everything pass, and says when so many requests were seen."""

    def __init__(self, requests: int) -> None:
        self._left = requests
        self.over = threading.Event()

    def __call__(self, asked: Asked) -> Fate:
        self._left -= 1
        if self._left <= 0:
            self.over.set()
        return PASSES


def workdir(project: LiveProject) -> Workdir:
    home = {"HOME": str(project.folder), "PREFECT_HOME": str(project.folder / "prefect")}
    return Workdir(project.folder, home)


def start(project: LiveProject, *options: str) -> "subprocess.Popen[str]":
    made = workdir(project)
    command = [*PROGRAM, "apply", "--auto-approve", *options]
    return subprocess.Popen(
        command,
        cwd=made.folder,
        env=made.whole_environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed(project: LiveProject, version: Version, requests: int, wait_s: float) -> bool:
    """Start an apply and kill it some time after so many requests. False where it had ended by then."""
    project.write(version)
    countdown = Countdown(requests)
    with project.judged(countdown), start(project, "--lock-timeout", "0") as process:
        while process.poll() is None and not countdown.over.wait(0.02):
            pass
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        stderr = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode in {0, -signal.SIGKILL}, stderr
    return process.returncode != 0


def survives_kills(ground: Ground, pair: Sequence[Version], kills: int, seed: int) -> None:
    """An apply is killed again and again; the lock frees itself each time, and the last one gets where it should."""
    chance = random.Random(seed)
    with ground.project() as (project, prefix):
        for version in pair:
            project.apply(named(version, prefix))
        wanted, most = ground.state(prefix), len(project.prefect.log) + len(project.anyscale.log)
    before = ground.neighbours()
    with ground.project() as (project, prefix):
        versions = [named(version, prefix) for version in pair]
        for version in versions:
            project.apply(version)
        while kills > 0:
            kills -= killed(project, chance.choice(versions), chance.randrange(1, most), chance.uniform(0, LATEST_S))
        for version in versions:
            project.apply(version)
        project.expect_nothing_to_do(versions[-1])
        assert differences(but_counters(ground.state(prefix)), but_counters(wanted)) == []
    assert ground.neighbours() == before


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_an_apply_that_is_killed_fifty_times_gets_there(tmp_path, prefect_server, quiet_emulator):
    ground = Ground(tmp_path, prefect_server, quiet_emulator)
    ground.settle_neighbours()
    survives_kills(ground, rich_project.BOTH, kills=50, seed=int(os.environ.get("PFA_GITOPS_SEED", "1")))


def of_the_lock(noted: Noted) -> bool:
    """A write by which a process gets or keeps the lock, or gives it back; several may try at once."""
    return "/variables/" in noted.asked.path and (OWN_TAG.encode() in noted.asked.body or b'"beat"' in noted.asked.body)


@pytest.mark.parametrize("many", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_applies_at_once_do_not_mix(tmp_path: Path, prefect_server, many):
    """Several checkouts of one project, each with an object of its own. Each is there in the end, or none of it."""
    ground = Ground(tmp_path, prefect_server)
    name = f"together-{ground.session}"
    with ExitStack() as stack:
        checkouts = [
            stack.enter_context(live_project(name, tmp_path / str(number), prefect_server)) for number in range(many)
        ]
        for number, checkout in enumerate(checkouts):
            same = {f"Variable/{name}-{index}": {"value": number} for index in range(8)}
            checkout.write(Version({**same, f"Variable/{name}-own-{number}": {"value": number}}))
        running = [start(checkout, "--lock-timeout", str(PATIENCE_S)) for checkout in checkouts]
        errors = [process.communicate(timeout=PATIENCE_S)[1] for process in running]
        assert [process.returncode for process in running] == [0] * many, errors
        spans = sorted(span(checkout) for checkout in checkouts)
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans)), spans
        last = max(range(many), key=lambda number: span(checkouts[number]))
        found = prefect_server.post("/variables/filter", {"limit": 200})
        live = {item["name"]: item["value"] for item in found if item["name"].startswith(f"{name}-")}
        assert live == {f"{name}-{index}": last for index in range(8)} | {f"{name}-own-{last}": last}
        assert checkouts[last].run("plan", "--detailed-exitcode").code == 0
        checkouts[last].destroy()


def span(checkout: LiveProject) -> tuple[float, float]:
    """From the first to the last write of what is the project's: objects and inventory."""
    writes = [noted for noted in checkout.writes if not of_the_lock(noted)]
    return min(noted.began for noted in writes), max(noted.ended for noted in writes)
