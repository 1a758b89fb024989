"""Servers of which every fifth answer is 429, 503, a reset, or lost after the work was done: apply gets there."""

from random import Random

import pytest
from support import rich_project
from support.generated_projects import named
from support.live_project import LiveProject, Version
from support.middleman import Faulty
from support.side_by_side import Ground
from support.snapshots import differences

TRIES = 12
"""An apply may end incomplete, and is then started again."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory, prefect_server, quiet_emulator) -> Ground:
    made = Ground(tmp_path_factory.mktemp("faulty"), prefect_server, quiet_emulator)
    made.settle_neighbours()
    return made


def apply_until_done(project: LiveProject, version: Version) -> None:
    tried = []
    while not tried or tried[-1].code:
        assert len(tried) < TRIES, [(done.code, done.stderr[-500:]) for done in tried]
        tried.append(project.try_apply(version))


def converges(ground: Ground, pair: tuple[Version, Version], seed: int) -> None:
    with ground.project() as (project, prefix):
        for version in pair:
            project.apply(named(version, prefix))
        wanted = ground.state(prefix)
    before = ground.neighbours()
    faulty = Faulty(Random(seed))
    with ground.project() as (project, prefix):
        with project.judged(faulty):
            for version in pair:
                apply_until_done(project, named(version, prefix))
        project.expect_nothing_to_do(named(pair[-1], prefix))
        assert differences(ground.state(prefix), wanted) == []
    assert ground.neighbours() == before
    assert faulty.struck > 10


def test_apply_converges_on_a_faulty_prefect(ground):
    converges(ground, rich_project.PREFECT, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 8))
def test_apply_converges_on_two_faulty_platforms(ground, seed):
    converges(ground, rich_project.BOTH, seed)
