"""Builds that take their time: whatever happens meanwhile, each containerfile is built once."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.anyscale_emulator import AnyscaleEmulator
from support.kind_cases import Workbench

from pfa_gitops.model.values import Outcome, Result
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

BUILDS = "/ext/v0/cluster_environment_builds/"
SLOW = "FROM anyscale/ray:2.44.1\nRUN sleep 5\n"
AGENT = {"work_pool": "p", "prefect": {"api_url": "http://127.0.0.1:9/api"}}
WRITTEN = [("Image", {}), ("Agent", AGENT)]


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[AnyscaleEmulator]:
    running = AnyscaleEmulator(tmp_path / "data", "--no-run-services").start()
    yield running
    running.stop()


def applied(
    emulator: AnyscaleEmulator, kind: str, spec: dict[str, Any], meanwhile: Callable[[], None] = lambda: None
) -> Outcome:
    """Apply one manifest, after something that happens right before; where that was well, the next plan is empty."""

    async def scenario() -> Outcome:
        async with AnyscaleClient(AnyscaleTarget.from_environment(emulator.env, Path())) as client:
            bench = Workbench({"anyscale": client}, Path())
            manifest = bench.manifest(kind, "slow", spec)
            plan = await bench.plan([manifest])
            await client.sdk.call(lambda _: meanwhile())  # which takes seconds at the first time
            [outcome] = await bench.run(plan)
            if outcome.result is Result.DONE:
                assert (await bench.plan([manifest])).pending == ()
            return outcome

    return asyncio.run(scenario())


def builds_begun(emulator: AnyscaleEmulator) -> int:
    return emulator.requests().count(("POST", BUILDS))


@pytest.mark.parametrize(("kind", "spec"), WRITTEN)
@pytest.mark.parametrize(
    "fault", [{"action": "status", "status": 503}, pytest.param({"action": "drop"}, marks=pytest.mark.slow)]
)
def test_a_hiccup_while_a_build_goes_on_does_not_begin_it_again(quiet, kind, spec, fault):
    quiet.fault(**fault, method="GET", path=f"{BUILDS}bld_", count=4)  # more than urllib3 tries
    assert applied(quiet, kind, {**spec, "containerfile": SLOW}).result is Result.DONE
    assert builds_begun(quiet) == 1


def test_a_build_that_an_earlier_apply_began_is_waited_for(quiet):
    outcome = applied(quiet, "Image", {"containerfile": SLOW}, lambda: begin(quiet, SLOW))
    assert outcome.result is Result.DONE
    assert ("GET", f"{BUILDS}{begun_build(quiet)}") in quiet.requests(), "it was looked at until it was done"
    assert builds_begun(quiet) == 1


def test_a_build_that_an_earlier_apply_began_and_that_fails_is_told(quiet):
    failing = f"{SLOW}RUN exit 3\n"
    outcome = applied(quiet, "Image", {"containerfile": failing}, lambda: begin(quiet, failing))
    assert outcome.problem is not None
    assert outcome.problem.message.endswith("of the image slow has failed: The command failed: RUN exit 3")
    assert builds_begun(quiet) == 1


def begin(emulator: AnyscaleEmulator, containerfile: str) -> None:
    image = emulator.call("POST", "/ext/v0/cluster_environments/", {"name": "slow"})["result"]
    emulator.call("POST", BUILDS, {"cluster_environment_id": image["id"], "containerfile": containerfile})


def begun_build(emulator: AnyscaleEmulator) -> str:
    [image] = emulator.call("GET", "/api/v2/application_templates/?name_contains=slow")["results"]
    return str(image["latest_build"]["id"])
