"""Projects that nobody thought of: strategies for Hypothesis.

A project is drawn as a Version, and then a second one of the same project: things changed, gone, new, with another
name. All names have PREFIX in them, so that one project can be applied under several names side by side.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from hypothesis import strategies as st
from support.live_project import Version

PREFIX = "zzz"
FOREIGN_POOL = f"{PREFIX}-foreign"
"""A pool that is managed elsewhere: it is there before."""
FILES = {"secret-one": "hunter2", "secret-two": '{"json": "hunter3"}'}
"""Where the secrets are kept, relative to the project's folder."""

Draw = Callable[[st.SearchStrategy[Any]], Any]
Spec = dict[str, Any]


class Names(NamedTuple):
    """What each thing is called in one version. A thing that is not there has no name."""

    by_slot: Mapping[str, str]

    def __call__(self, slot: str) -> str:
        return self.by_slot[slot]

    def of(self, kind: str) -> list[str]:
        return [slot for slot in self.by_slot if slot.startswith(kind)]


PREFECT_SLOTS = (
    *("pool1", "pool2", "files1", "secret1", "variable1", "variable2", "limit1", "infra1", "flow1", "flow2"),
    *("queue1", "rule1"),
)
ANYSCALE_SLOTS = ("compute1", "compute2", "cron1", "service1", "agent1")
KINDS = {
    "pool": "WorkPool",
    "files": "Block",
    "secret": "Block",
    "variable": "Variable",
    "limit": "ConcurrencyLimit",
    "infra": "InfraBlock",
    "flow": "Deployment",
    "queue": "WorkQueue",
    "rule": "Automation",
    "compute": "ComputeConfig",
    "cron": "JobSchedule",
    "service": "Service",
    "agent": "Agent",
}


def kind_of(slot: str) -> str:
    return KINDS[slot.rstrip("0123456789")]


@st.composite
def versions(draw: Draw, slots: tuple[str, ...] = PREFECT_SLOTS) -> tuple[Version, Version]:
    """A project, and the same project later."""
    here = draw(st.lists(st.sampled_from(slots), unique=True, min_size=1))
    first = Names({slot: f"{PREFIX}-{slot}" for slot in sorted(here)})
    later = draw(st.lists(st.sampled_from(slots), unique=True))
    renamed = {slot for slot in later if slot in here and draw(st.integers(0, 3)) == 0}
    second = Names({slot: f"{PREFIX}-{slot}{'-new' * (slot in renamed)}" for slot in sorted(later)})
    told = {slot for slot in renamed if draw(st.booleans())}
    moved = {f"{kind_of(slot)}/{first(slot)}": f"{kind_of(slot)}/{second(slot)}" for slot in sorted(told)}
    specs = {slot: draw(_spec(slot, first)) for slot in first.by_slot}
    changed = {
        slot: specs[slot]
        if slot in specs and _holds(slot, specs[slot], first, second) and draw(st.booleans())
        else None
        for slot in second.by_slot
    }
    specs_later = {slot: spec or draw(_spec(slot, second)) for slot, spec in changed.items()}
    return _version(first, specs, {}), _version(second, specs_later, moved)


def _holds(slot: str, spec: Spec, before: Names, now: Names) -> bool:
    """Whether a spec of the first version may stay: all that it refers to is called the same."""
    gone = {before(other) for other in before.by_slot if now.by_slot.get(other) != before(other)} - {before(slot)}
    return not any(name in json.dumps(spec) for name in gone)


def _version(names: Names, specs: Mapping[str, Spec], moved: Mapping[str, str]) -> Version:
    return Version({f"{kind_of(slot)}/{names(slot)}": spec for slot, spec in specs.items()}, moved)


def named(version: Version, prefix: str) -> Version:
    """The version with another prefix in all its names."""
    text = json.dumps([version.objects, version.moved]).replace(PREFIX, prefix)
    objects, moved = json.loads(text)
    return Version(objects, moved)


def _spec(slot: str, names: Names) -> st.SearchStrategy[Spec]:
    makers: Mapping[str, Callable[[Names], st.SearchStrategy[Spec]]] = {
        "pool": _pool,
        "files": _files,
        "secret": _secret,
        "variable": _variable,
        "limit": _limit,
        "infra": _infra,
        "flow": _flow,
        "queue": _queue,
        "rule": _rule,
        "compute": _compute,
        "cron": _cron,
        "service": _service,
        "agent": _agent,
    }
    return makers[slot.rstrip("0123456789")](names)


def _fields(required: Mapping[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries(dict(required), optional=optional)


def _name_of(kind: str, names: Names) -> st.SearchStrategy[str]:
    """The name of one of the things of that sort; draw it only where there is one."""
    return st.sampled_from([names(slot) for slot in names.of(kind)])


TEXT = st.sampled_from(["", "one", "two lines\n", "<b>&amp; {{ x }}"])
TAGS = st.lists(st.sampled_from(["a", "b", "team ml"]), max_size=3)
COUNT = st.integers(1, 4)
JSON = st.sampled_from([1, 1.5, True, None, "text", [1, "a"], {"a": {"b": [None]}}, [], {}])


def _pool(names: Names) -> st.SearchStrategy[Spec]:
    queue = _fields({"name": st.sampled_from(["q1", "q2"])}, concurrency_limit=COUNT | st.none(), description=TEXT)
    queues = st.lists(queue, unique_by=lambda item: item["name"], max_size=2)
    return _fields(
        {"type": st.sampled_from(["process", "process", "docker"])},
        description=TEXT,
        concurrency_limit=COUNT | st.none(),
        paused=st.booleans(),
        queues=queues,
    )


def _files(names: Names) -> st.SearchStrategy[Spec]:
    return st.sampled_from([{"type": "local-file-system", "data": {"basepath": path}} for path in ("/a", "/b")])


def _secret(names: Names) -> st.SearchStrategy[Spec]:
    return st.sampled_from([{"type": "secret", "data": {"value": {"from_file": file}}} for file in FILES])


def _variable(names: Names) -> st.SearchStrategy[Spec]:
    return _fields({"value": JSON}, tags=TAGS)


def _limit(names: Names) -> st.SearchStrategy[Spec]:
    return _fields({"limit": COUNT}, active=st.booleans(), slot_decay_per_second=st.sampled_from([0, 0.5]))


def _infra(names: Names) -> st.SearchStrategy[Spec]:
    env = st.sampled_from([{}, {"A": "1"}, {"A": "2", "B": {"from_env": "B"}}])
    return _fields(
        {"type": st.just("anyscale-job")}, env=env, max_retries=COUNT, tags=st.just({"team": "ml"}), timeout_s=COUNT
    ) | _fields({"type": st.just("ray-job")}, env=env)


def _queue(names: Names) -> st.SearchStrategy[Spec]:
    return _fields(
        {"work_pool": st.just(FOREIGN_POOL)}, description=TEXT, concurrency_limit=COUNT, paused=st.booleans()
    )


SCHEDULES = st.lists(
    st.sampled_from(
        [
            {"slug": "nightly", "cron": "0 3 * * *", "timezone": "Europe/Berlin"},
            {"slug": "nightly", "cron": "0 4 * * *"},
            {"slug": "often", "interval": 600, "anchor_date": "2026-01-01T00:00:00Z"},
            {"slug": "seldom", "rrule": "FREQ=MONTHLY", "active": False},
        ]
    ),
    unique_by=lambda item: item["slug"],
    max_size=2,
)


@st.composite
def _flow(draw: Draw, names: Names) -> Spec:
    spec = draw(
        _fields(
            {"flow_name": st.just(f"{PREFIX} flow"), "path": st.just("/srv"), "entrypoint": st.just("a.py:a")},
            tags=TAGS,
            description=TEXT,
            schedules=SCHEDULES,
            paused=st.booleans(),
            parameters=st.sampled_from([{}, {"a": 1}, {"a": [None], "b": {}}]),
            version=st.sampled_from(["1", "2"]),
        )
    )
    if names.of("pool") and draw(st.booleans()):
        spec["work_pool"] = draw(_name_of("pool", names))
    if names.of("files") and draw(st.booleans()):
        spec["storage"] = {"block": f"local-file-system/{draw(_name_of('files', names))}"}
    limits = st.sampled_from(["own", "shared"] if names.of("limit") else ["own"])
    if draw(st.booleans()):
        shared = draw(limits) == "shared"
        spec |= {"global_concurrency_limit": draw(_name_of("limit", names))} if shared else {"concurrency_limit": 2}
    return spec


@st.composite
def _rule(draw: Draw, names: Names) -> Spec:
    actions: list[Spec] = [{"type": "do-nothing"}]
    match: Spec = {}
    if names.of("flow"):
        actions += [{"type": "run-deployment", "deployment": draw(_name_of("flow", names)), "parameters": {}}]
        match = {"prefect.resource.id": {"deployment": draw(_name_of("flow", names))}}
    if names.of("pool"):
        actions += [{"type": "pause-work-pool", "work_pool": draw(_name_of("pool", names))}]
    trigger = {"type": "event", "expect": ["prefect.flow-run.Failed"], "match_related": match, "threshold": draw(COUNT)}
    chosen = draw(st.lists(st.sampled_from(actions), min_size=1, max_size=2))
    return {"trigger": trigger, "actions": chosen, **draw(_fields({}, enabled=st.booleans(), description=TEXT))}


NODE = st.sampled_from([{"instance_type": kind} for kind in ("m5.large", "m5.2xlarge")])


def _compute(names: Names) -> st.SearchStrategy[Spec]:
    workers = st.sampled_from([[], [{"instance_type": "g5.4xlarge", "min_nodes": 0, "max_nodes": 2}]])
    return _fields({"head_node": NODE}, worker_nodes=workers, flags=st.sampled_from([{"a": 1}, {"a": 2}]))


def _compute_of(names: Names) -> st.SearchStrategy[Any]:
    shape = st.fixed_dictionaries({"head_node": NODE})
    return shape | _name_of("compute", names) if names.of("compute") else shape


def _cron(names: Names) -> st.SearchStrategy[Spec]:
    job = _fields(
        {"entrypoint": st.sampled_from(["python a.py", "python b.py"])},
        compute_config=_compute_of(names),
        max_retries=COUNT,
        env_vars=st.sampled_from([{"A": "1"}, {"A": "2"}]),
        tags=st.sampled_from([{"team": "ml"}, {}]),
    )
    return _fields(
        {"cron_expression": st.sampled_from(["0 3 * * *", "@daily"]), "job_config": job}, enabled=st.booleans()
    )


WORKLOAD = {
    "tags": st.sampled_from([{"team": "ml"}, {"team": "ops", "tier": "prod"}, {}]),
    "requirements": st.sampled_from([["httpx"], None]),
    "ray_version": st.just("2.44.1"),
}


def _service(names: Names) -> st.SearchStrategy[Spec]:
    apps = [[{"name": "api", "import_path": path, "route_prefix": "/"}] for path in ("app:one", "app:two")]
    image = st.sampled_from([f"registry.example.com/team/service:{number}" for number in (1, 2)])
    return _fields(
        {"applications": st.sampled_from(apps), "image_uri": image}, compute_config=_compute_of(names), **WORKLOAD
    )


def _agent(names: Names) -> st.SearchStrategy[Spec]:
    pool = _name_of("pool", names) if names.of("pool") else st.just(FOREIGN_POOL)
    prefect = {"api_url": "http://prefect.example.com/api", "api_key": {"from_env": "KEY"}}
    return _fields(
        {
            "work_pool": pool,
            "prefect": st.just(prefect),
            "image_uri": st.just("registry.example.com/team/agent:1"),
        },
        compute_config=_compute_of(names),
        worker=_fields({}, limit=COUNT),
        env=st.sampled_from([{"A": "1"}, {}]),
        **WORKLOAD,
    )


def addresses(version: Version) -> Iterator[tuple[str, str]]:
    """Kind and name of each object."""
    for address in version.objects:
        kind, _, name = address.partition("/")
        yield kind, name
