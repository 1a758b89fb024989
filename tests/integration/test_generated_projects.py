"""Generated projects, applied by the commands to a real Prefect server: what must hold whatever the manifests say."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.generated_projects import FILES, FOREIGN_POOL, PREFIX, named, versions
from support.live_project import LiveProject, Version, live_project
from support.middleman import Mortal
from support.properties import few, many
from support.snapshots import Raw, comparable, of_prefect

Pair = tuple[Version, Version]
SESSION = uuid.uuid4().hex[:8]
_NUMBERS = itertools.count()
NEIGHBOUR = f"neighbour-{SESSION}"


@pytest.fixture(scope="module")
def neighbours(prefect_server) -> Callable[[], Raw]:
    """Objects that nobody manages, of every sort. What they look like now."""
    made_of = {"work_pool_name": NEIGHBOUR, "schedules": [{"slug": "s", "schedule": {"cron": "0 3 * * *"}}]}
    flow = prefect_server.post("/flows/", {"name": NEIGHBOUR})
    slug = prefect_server.get("/block_types/slug/local-file-system")
    schema = prefect_server.post("/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [slug["id"]]}}})
    block = {"block_type_id": slug["id"], "block_schema_id": schema[0]["id"], "data": {"basepath": "/n"}}
    trigger = {"type": "event", "posture": "Reactive", "expect": ["x"], "threshold": 1, "within": 0}
    for path, body in {
        "/work_pools/": {"type": "process"},
        "/variables/": {"value": {"a": 1}},
        "/v2/concurrency_limits/": {"limit": 3},
        "/deployments/": {"flow_id": flow["id"], **made_of},
        "/block_documents/": block,
        "/automations/": {"trigger": trigger, "actions": [{"type": "do-nothing"}]},
    }.items():
        prefect_server.post(path, {"name": NEIGHBOUR, **body})
    return lambda: of_prefect(prefect_server, lambda name: NEIGHBOUR in name)


@pytest.fixture
def begin(tmp_path, prefect_server):
    """Start a project under a prefix of its own; afterwards it is destroyed, and nothing is left."""

    @contextmanager
    def started() -> Iterator[tuple[LiveProject, str]]:
        prefix = f"g{SESSION}x{next(_NUMBERS)}x"
        foreign = FOREIGN_POOL.replace(PREFIX, prefix)
        prefect_server.post("/work_pools/", {"name": foreign, "type": "process"})
        with live_project(f"p-{prefix}", tmp_path / prefix, prefect_server, None, [f"WorkPool/{foreign}"]) as project:
            for name, text in FILES.items():
                (project.folder / name).write_text(text)
            yield project, prefix
            project.destroy()
        left = of_prefect(prefect_server, lambda name: name.startswith(prefix) and name != foreign)
        assert {label: items for label, items in left.items() if items and label not in {"flow", "queue"}} == {}

    return started


@pytest.fixture
def settles(begin, neighbours, prefect_server):
    """Both versions can be applied; then there is nothing to do, and nothing else was touched."""

    def check(pair: Pair) -> None:
        before = neighbours()
        with begin() as (project, prefix):
            for version in pair:
                project.apply(named(version, prefix))
                project.expect_nothing_to_do(named(version, prefix))
        assert neighbours() == before

    return check


@given(pair=versions())
@few(3)
def test_after_apply_there_is_nothing_to_do_and_nothing_to_write(settles, pair):
    settles(pair)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(pair=versions())
@many(60)
def test_after_apply_there_is_nothing_to_do_and_nothing_to_write_often(settles, pair):
    settles(pair)


@pytest.fixture
def survives(begin, neighbours, prefect_server):
    """An apply that is killed in any write is carried on by the next one, to what it would have been undisturbed."""

    def end_state(prefix: str) -> dict:
        return comparable(of_prefect(prefect_server, lambda name: name.startswith(prefix)), prefix)

    def check(pair: Pair, at: float, arrives: bool) -> None:
        first, second = pair
        with begin() as (project, prefix):
            project.apply(named(first, prefix))
            project.forget()
            project.apply(named(second, prefix))
            writes, wanted = len(project.writes), end_state(prefix)
        if not writes:
            return
        before = neighbours()
        with begin() as (project, prefix):
            project.apply(named(first, prefix))
            death = Mortal(1 + int(at * writes) % writes, arrives)
            with project.judged(death):
                project.try_apply(named(second, prefix))
            assert death.dead
            assert project.run("unlock").code == 0
            project.apply(named(second, prefix))
            assert end_state(prefix) == wanted
            project.expect_nothing_to_do(named(second, prefix))
        assert neighbours() == before

    return check


MOMENTS = st.floats(0, 1, exclude_max=True)


@given(pair=versions(), at=MOMENTS, arrives=st.booleans())
@few(3)
def test_a_killed_apply_is_carried_on_to_the_same_end(survives, pair, at, arrives):
    survives(pair, at, arrives)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(pair=versions(), at=MOMENTS, arrives=st.booleans())
@many(60)
def test_a_killed_apply_is_carried_on_to_the_same_end_often(survives, pair, at, arrives):
    survives(pair, at, arrives)
