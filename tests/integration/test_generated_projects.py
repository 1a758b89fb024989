"""Generated projects, applied by the commands to real servers: what must hold whatever the manifests say."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import rich_project
from support.generated_projects import ANYSCALE_SLOTS, PREFECT_SLOTS, named, versions
from support.live_project import Version
from support.middleman import Mortal
from support.properties import few, many
from support.side_by_side import Ground
from support.snapshots import differences

Pair = tuple[Version, Version]


@pytest.fixture(scope="module")
def ground(tmp_path_factory, prefect_server) -> Ground:
    """Prefect only: a project without an Anyscale kind asks Anyscale nothing."""
    made = Ground(tmp_path_factory.mktemp("generated"), prefect_server)
    made.settle_neighbours()
    return made


@pytest.fixture(scope="module")
def both(tmp_path_factory, prefect_server, quiet_emulator) -> Ground:
    made = Ground(tmp_path_factory.mktemp("generated-both"), prefect_server, quiet_emulator)
    made.settle_neighbours()
    return made


def settles(ground: Ground, pair: Pair) -> None:
    """Both versions can be applied; then there is nothing to do, and nothing else was touched."""
    before = ground.neighbours()
    with ground.project() as (project, prefix):
        for version in pair:
            project.apply(named(version, prefix))
            project.expect_nothing_to_do(named(version, prefix))
    assert ground.neighbours() == before


@given(pair=versions())
@example(pair=rich_project.PREFECT)
@few(1)
def test_after_apply_there_is_nothing_to_do_and_nothing_to_write(ground, pair):
    settles(ground, pair)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(pair=versions())
@many(60)
def test_after_apply_there_is_nothing_to_do_and_nothing_to_write_often(ground, pair):
    settles(ground, pair)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(pair=versions((*ANYSCALE_SLOTS, "pool1")))
@example(pair=rich_project.BOTH)
@many(30)
def test_after_apply_there_is_nothing_to_do_on_both_platforms(both, pair):
    settles(both, pair)


def survives(ground: Ground, pair: Pair, at: float, arrives: bool) -> None:
    """An apply that is killed in any write is carried on by the next one, to what it would have been undisturbed."""
    first, second = pair
    with ground.project() as (project, prefix):
        project.apply(named(first, prefix))
        project.forget()
        project.apply(named(second, prefix))
        writes, wanted = len(project.writes), ground.state(prefix)
    if not writes:
        return
    before = ground.neighbours()
    with ground.project() as (project, prefix):
        project.apply(named(first, prefix))
        death = Mortal(1 + int(at * writes), arrives)
        with project.judged(death):
            project.try_apply(named(second, prefix))
        assert project.run("unlock").code == 0
        project.apply(named(second, prefix))
        assert differences(ground.state(prefix), wanted) == []
        project.expect_nothing_to_do(named(second, prefix))
    assert ground.neighbours() == before


ON_BOTH = versions((*PREFECT_SLOTS[:4], *ANYSCALE_SLOTS))
MOMENTS = st.floats(0, 1, exclude_max=True)


@given(pair=versions(), at=MOMENTS, arrives=st.booleans())
@example(pair=rich_project.PREFECT, at=0.6, arrives=True)
@few(1)
def test_a_killed_apply_is_carried_on_to_the_same_end(ground, pair, at, arrives):
    survives(ground, pair, at, arrives)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(pair=versions() | st.just(rich_project.PREFECT), at=MOMENTS, arrives=st.booleans())
@many(60)
def test_a_killed_apply_is_carried_on_to_the_same_end_often(ground, pair, at, arrives):
    survives(ground, pair, at, arrives)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(
    pair=versions((*PREFECT_SLOTS[:4], *ANYSCALE_SLOTS)) | st.just(rich_project.BOTH), at=MOMENTS, arrives=st.booleans()
)
@many(30)
def test_a_killed_apply_is_carried_on_to_the_same_end_on_both_platforms(both, pair, at, arrives):
    survives(both, pair, at, arrives)
