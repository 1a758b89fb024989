from pathlib import Path

import pytest
from support.ledgers import MemoryLedger

from pfa_gitops.engine.ownership import Claims
from pfa_gitops.engine.plan import make_plan
from pfa_gitops.model.places import Address
from pfa_gitops.model.references import RefTo, mentions
from pfa_gitops.model.values import Action, Key, Live, Manifest, Reference
from pfa_gitops.platforms.prefect import _deployment_limits
from pfa_gitops.platforms.prefect._deployment_spec import Concurrency, DeploymentSpec
from pfa_gitops.platforms.prefect.deployment import KIND
from pfa_gitops.platforms.prefect.infra_block import KIND as INFRA_BLOCK

SCHEMA = {"title": "Parameters", "properties": {"n": {"type": "integer"}, "x": {}}, "required": ["n"]}
FLOW = "from prefect import flow\n@flow(name={name})\ndef f(n: int):\n    '''Count.'''\n"


def problems(name="test", **spec):
    made = DeploymentSpec(flow_name="flow", **spec)
    manifest = Manifest(Address("Deployment", name), made, KIND.key(name, made))
    return [problem.message for problem in KIND.check(manifest)]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"work_queue": "q"}, "work_queue means nothing without work_pool"),
        ({"infra_block": "b"}, "infra_block means nothing without work_pool"),
        ({"storage": {"block": "s3-bucket/x"}, "pull_steps": []}, "storage and pull_steps both say where the code is"),
        (
            {"concurrency_limit": 1, "global_concurrency_limit": "g"},
            "a deployment has a limit of its own or a global one, not both",
        ),
        (
            {"work_pool": "p", "infra_block": "b", "job_variables": {"infra": 1}},
            "infra_block sets the job variable `infra` too",
        ),
        (
            {"work_pool": "p", "infra_overrides": {"env": {}}, "job_variables": {"env": {}}},
            "infra_overrides sets `env` too",
        ),
        ({"parameter_openapi_schema": SCHEMA, "parameters": {"m": 1}}, "the flow has no parameter `m`"),
        ({"parameter_openapi_schema": SCHEMA, "parameters": {"n": "1"}}, "text is not what `n` takes"),
        (
            {"parameter_openapi_schema": SCHEMA, "schedules": [{"cron": "@daily"}]},
            "the scheduled runs would lack the parameter `n`",
        ),
        (
            {"parameter_openapi_schema": SCHEMA, "schedules": [{"cron": "@daily", "parameters": {"n": 1, "m": 2}}]},
            "the flow has no parameter `m`",
        ),
        ({"schedules": [{"cron": "often"}]}, "the cron expression cannot be read: it has 1 fields"),
    ],
)
def test_what_is_wrong_is_told(spec, message):
    [found] = problems(**spec)
    assert found.startswith(message)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"work_pool": "p", "infra_overrides": {"image_uri": "a:1"}},
        {"parameter_openapi_schema": SCHEMA},  # whoever starts a run gives the parameter
        {"parameter_openapi_schema": SCHEMA, "schedules": [{"cron": "@daily", "active": False}]},
        {"parameter_openapi_schema": SCHEMA, "schedules": [{"cron": "@daily", "parameters": {"n": 1}}]},
        {"parameter_openapi_schema": SCHEMA, "parameters": {"n": "1"}, "enforce_parameter_schema": False},
        {"parameters": {"anything": 1}},
        {"global_concurrency_limit": "g", "concurrency_limit": {"collision_strategy": "CANCEL_NEW"}},
    ],
)
def test_what_is_right_is_not_told(spec):
    assert problems(**spec) == []


def test_a_name_that_prefect_refuses_is_told():
    assert problems(name="a/b") == ["Prefect does not take the name 'a/b'"]


@pytest.mark.parametrize("field", ["tags", "schedules", "parameters", "job_variables"])
def test_null_clears_what_cannot_be_null(field):
    spec = DeploymentSpec(**{field: None})
    assert not getattr(spec, field)
    assert getattr(spec, field) is not None
    assert field in spec.model_fields_set


def test_a_deployment_is_known_by_its_flow_and_name():
    assert KIND.key("meta", DeploymentSpec(flow_name="flow")) == Key("Deployment", "flow/meta")
    assert KIND.key("meta", DeploymentSpec(flow_name="flow", name="own")) == Key("Deployment", "flow/own")


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "flows.py").write_text(FLOW.format(name="'counted'"))
    (tmp_path / "dynamic.py").write_text(FLOW.format(name="__file__"))
    return tmp_path


def test_the_source_fills_in_what_the_manifest_leaves_out(root):
    spec, flaws = KIND.complete(DeploymentSpec(entrypoint="flows.py:f"), root)
    assert list(flaws) == []
    assert (spec.flow_name, spec.description) == ("counted", "Count.")
    assert spec.parameter_openapi_schema["required"] == ["n"]
    assert spec.model_fields_set == {"entrypoint", "flow_name", "description", "parameter_openapi_schema"}


def test_what_the_manifest_says_wins(root):
    given = DeploymentSpec(entrypoint="flows.py:f", flow_name="mine", description=None, parameter_openapi_schema=None)
    assert KIND.complete(given, root).spec == given


@pytest.mark.parametrize(
    ("spec", "path", "message"),
    [
        ({}, ("flow_name",), "neither entrypoint nor flow_name is set"),
        ({"entrypoint": "dynamic.py:f"}, ("flow_name",), "the name of the flow dynamic.py:f is not a constant"),
        ({"entrypoint": "gone.py:f"}, ("entrypoint",), "there is no file gone.py"),
        ({"entrypoint": "gone.py:f", "flow_name": "f"}, ("entrypoint",), "there is no file gone.py"),
        ({"entrypoint": "gone.py:f", "path": "/opt"}, ("flow_name",), "there is no file gone.py, so that"),
        ({"entrypoint": "../x.py:f"}, ("entrypoint",), "../x.py lies outside of the project"),
        ({"entrypoint": "flows.py:g", "pull_steps": [], "flow_name": "g"}, ("entrypoint",), "flows.py has no flow g"),
    ],
)
def test_a_source_that_cannot_be_read_is_told(root, spec, path, message):
    [flaw] = KIND.complete(DeploymentSpec(**spec), root).flaws
    assert flaw.path == path
    assert flaw.message.startswith(message)
    assert flaw.mend


def test_a_flow_that_only_running_the_file_would_find_may_be_named(tmp_path):
    (tmp_path / "made.py").write_text("from company import job\n@job\ndef f(a: int): ...\ng = job(f)\ndef h(): ...")
    for name in ("f", "g"):
        completed = KIND.complete(DeploymentSpec(entrypoint=f"made.py:{name}", flow_name="named"), tmp_path)
        assert completed.flaws == ()
        assert "parameter_openapi_schema" not in completed.spec.model_fields_set
        [flaw] = KIND.complete(DeploymentSpec(entrypoint=f"made.py:{name}"), tmp_path).flaws
        assert flaw.message == f"{name} in made.py is not a flow, as far as the source tells"
    [flaw] = KIND.complete(DeploymentSpec(entrypoint="made.py:h", flow_name="named"), tmp_path).flaws
    assert flaw.message == "h in made.py is not a flow"


@pytest.mark.parametrize(
    "elsewhere", [{"pull_steps": []}, {"storage": {"block": "s3-bucket/code"}}, {"path": "/opt/code"}]
)
def test_the_source_may_be_absent_where_the_code_comes_from_elsewhere(root, elsewhere):
    spec = DeploymentSpec(entrypoint="gone.py:f", flow_name="f", **elsewhere)
    completed = KIND.complete(spec, root)
    assert (completed.spec, list(completed.flaws)) == (spec, [])
    assert "parameter_openapi_schema" not in completed.spec.model_fields_set


def live(**spec):
    return Live(Key("Deployment", "f/d"), DeploymentSpec.model_construct(**spec), "id")


OWN = live(concurrency_limit=Concurrency(limit=3, collision_strategy="CANCEL_NEW"))
SHARED = live(global_concurrency_limit="g")


@pytest.mark.parametrize(
    ("desired", "before", "first", "body"),
    [
        ({"concurrency_limit": 2}, None, {}, {"concurrency_limit": 2}),
        ({"concurrency_limit": 2}, OWN, {}, {"concurrency_limit": 2}),
        ({"concurrency_limit": 2}, SHARED, {"global_concurrency_limit_id": None}, {"concurrency_limit": 2}),
        ({"concurrency_limit": None}, None, {}, {}),
        ({"concurrency_limit": None}, OWN, {}, {"concurrency_limit": None, "concurrency_options": None}),
        ({"concurrency_limit": None}, SHARED, {}, {"concurrency_options": None}),
        (
            {"concurrency_limit": None, "global_concurrency_limit": "g"},
            OWN,
            {"concurrency_limit": None},
            {"concurrency_options": None},
        ),
        (
            {"concurrency_limit": {"limit": 3, "grace_period_seconds": 90}},
            OWN,
            {},
            {
                "concurrency_limit": 3,
                "concurrency_options": {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 90},
            },
        ),
        (
            {"concurrency_limit": {"grace_period_seconds": 90}},
            None,
            {},
            {"concurrency_options": {"collision_strategy": "ENQUEUE", "grace_period_seconds": 90}},
        ),
    ],
)
def test_a_shared_limit_is_never_deleted_nor_changed(desired, before, first, body):
    spec = DeploymentSpec(**desired)
    assert _deployment_limits.before_update(spec, before.spec if before else DeploymentSpec()) == first
    assert _deployment_limits.own_body(spec, before) == body


def test_a_block_that_comes_back_has_its_deployments_written_again():
    """A replacement that failed halfway left no block, and a placeholder that names the type of the one before."""
    block = INFRA_BLOCK.spec(type="ray-job")
    spec = DeploymentSpec(flow_name="flow", infra_block="team")
    target = Address("InfraBlock", "team")
    references = tuple(
        Reference(found.path, target, found.marker.rewritten_on)
        for found in mentions(spec)
        if isinstance(found.marker, RefTo)
    )
    manifests = [
        Manifest(target, block, INFRA_BLOCK.key("team", block)),
        Manifest(Address("Deployment", "d"), spec, KIND.key("d", spec), references=references),
    ]
    lives = {manifests[1].key: Live(manifests[1].key, spec, "1")}
    inventory = MemoryLedger().inventory
    changes = make_plan(
        Claims(tuple(manifests)), lives, inventory, {"InfraBlock": INFRA_BLOCK, "Deployment": KIND}
    ).changes
    assert [change.action for change in changes] == [Action.CREATE, Action.UPDATE]
    assert changes[1].changed == {"infra_block"}
