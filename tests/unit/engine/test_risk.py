"""The classes of changes, by table: kinds are the real ones, plans are made by hand."""

from dataclasses import replace
from typing import get_args

import pytest

from pfa_gitops.engine.guards import Bounds, breaches
from pfa_gitops.engine.risk import with_risks
from pfa_gitops.manifests.project import Forbidden
from pfa_gitops.model.impact import AffectedRun, Effect, RunState
from pfa_gitops.model.inventory import DigestKey, Inventory
from pfa_gitops.model.places import Address
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.secrets import UNTOLD, Sealed
from pfa_gitops.model.values import ABSENT, Action, Change, FieldChange, Owner, Plan
from pfa_gitops.platforms.registry import kinds

REF = {"from_env": "DB_PASSWORD"}


def classed(kind, action, *fields, effects=(), protection=(), adopts=False):
    address = Address(kind, "x")
    runs = tuple(AffectedRun(str(index), RunState.SCHEDULED, effect) for index, effect in enumerate(effects))
    change = Change(address, action, tuple(FieldChange(*field) for field in fields), impact=runs, adopts=adopts)
    plan = Plan("dev", (change,), protection=tuple((address, on) for on in protection))
    return [risk.value for risk in with_risks(plan, kinds()).changes[0].risks]


def update(kind, path, before, after):
    return classed(kind, Action.UPDATE, (path, before, after))


@pytest.mark.parametrize(
    ("action", "more", "risks"),
    [
        (Action.NONE, {}, []),
        (Action.NONE, {"adopts": True}, ["safe"]),
        (Action.NONE, {"protection": [True]}, []),
        (Action.NONE, {"protection": [False]}, ["loosens_protection"]),
        (Action.CREATE, {}, ["safe"]),
        (Action.UPDATE, {}, ["safe"]),
        (Action.REPLACE, {}, ["destroys"]),
        (Action.DELETE, {}, ["destroys"]),
        (Action.DELETE, {"effects": [Effect.ORPHANED, Effect.DROPPED]}, ["destroys", "drops_runs"]),
        (Action.UPDATE, {"effects": [Effect.MOVED, Effect.ORPHANED]}, ["safe"]),
        (Action.UPDATE, {"effects": [Effect.DROPPED], "protection": [False]}, ["loosens_protection", "drops_runs"]),
    ],
)
def test_what_happens_to_the_object_and_to_runs(action, more, risks):
    assert classed("Deployment", action, **more) == risks


@pytest.mark.parametrize(
    ("kind", "path", "before", "after", "loosens"),
    [
        ("WorkPool", ("concurrency_limit",), 5, 6, True),
        ("WorkPool", ("concurrency_limit",), 5, None, True),
        ("WorkPool", ("concurrency_limit",), 0, 1, True),
        ("WorkPool", ("concurrency_limit",), 6, 5, False),
        ("WorkPool", ("concurrency_limit",), None, 5, False),
        ("WorkPool", ("description",), "5", "6", False),
        ("WorkPool", ("queues", "urgent", "concurrency_limit"), 1, 2, True),
        ("WorkPool", ("queues", "concurrency_limit", "concurrency_limit"), 1, 2, True),
        ("WorkPool", ("queues", "concurrency_limit", "priority"), 1, 2, False),
        ("WorkPool", ("queues", "urgent"), {"concurrency_limit": 1}, ABSENT, False),
        ("WorkQueue", ("concurrency_limit",), 1, ABSENT, True),
        ("Deployment", ("concurrency_limit",), {"limit": 1}, None, True),
        ("Deployment", ("concurrency_limit",), {"limit": 1}, {"limit": 2}, True),
        ("Deployment", ("concurrency_limit", "limit"), 1, 2, True),
        ("Deployment", ("concurrency_limit", "collision_strategy"), "ENQUEUE", "CANCEL_NEW", False),
        ("Deployment", ("global_concurrency_limit",), "gpu", None, True),
        ("Deployment", ("global_concurrency_limit",), "gpu", "cpu", False),
        ("Deployment", ("enforce_parameter_schema",), True, False, True),
        ("Deployment", ("enforce_parameter_schema",), False, True, False),
        ("Deployment", ("parameters", "concurrency_limit"), 1, 2, False),
        ("ConcurrencyLimit", ("limit",), 1, 2, True),
        ("ConcurrencyLimit", ("active",), True, False, True),
        ("Variable", ("value",), 1, 2, False),
    ],
)
def test_limits_and_checks_that_hold_less(kind, path, before, after, loosens):
    assert update(kind, path, before, after) == (["loosens_protection"] if loosens else ["safe"])


def test_a_concurrency_limit_that_goes_limits_nothing_any_more():
    assert classed("ConcurrencyLimit", Action.DELETE) == ["destroys", "loosens_protection"]


@pytest.mark.parametrize("kind", ["Agent", "Service"])
def test_only_tags_leave_a_service_as_it_runs(kind):
    assert update(kind, ("tags", "team"), "a", "b") == ["safe"]
    assert update(kind, ("image_uri",), "a:1", "a:2") == ["restarts_agent"]
    assert classed(kind, Action.CREATE, (("image_uri",), ABSENT, "a:1")) == ["safe"]
    assert classed(kind, Action.REPLACE, (("name",), "a", "b")) == ["destroys", "restarts_agent"]


@pytest.mark.parametrize(
    ("path", "before", "after", "exposes"),
    [
        (("data", "value"), Sealed("a"), "plain", True),
        (("data", "value"), Sealed("a"), Sealed("b"), False),
        (("data", "value"), UNTOLD, "plain", True),
        (("data", "value"), Sealed("a"), ABSENT, False),
        (("data", "value"), Sealed("a"), "{{ prefect.blocks.secret.db }}", False),
        (("data", "value"), Sealed("a"), "", False),
        (("data", "value"), Sealed("a"), 5432, False),
        (("data", "value"), Sealed("a"), {"port": 5432, "user": None}, False),
        (("data", "value"), Sealed("a"), {"port": 5432, "user": "app"}, True),
        (("data", "value"), Sealed("a"), ["{{ prefect.blocks.secret.db }}", "plain"], True),
        (("env", "X"), REF, "plain", True),
        (("env", "X"), "plain", REF, False),
        (("env",), {"X": REF}, {"X": "plain"}, True),
        (("env",), ABSENT, {"A": 1, "DB_PASSWORD": "plain"}, True),
        (("env",), {"DB_PASSWORD": "plain"}, {"DB_PASSWORD": "plain", "A": "b"}, False),
        (("job_variables", "env", "API_KEY"), ABSENT, "plain", True),
        (("job_variables", "env", "API_KEY"), ABSENT, "{{ prefect.blocks.secret.key }}", False),
        (("job_variables", "env", "API_KEY"), "plain", ABSENT, False),
        (("job_variables", "env", "API_KEY"), ABSENT, "", False),
        (("job_variables", "env", "MAX_TOKENS"), ABSENT, "5", False),
        (("pull_steps", 0, "access_token"), ABSENT, "plain", True),
        (("steps",), ABSENT, [{"git": {"access_token": "plain"}}], True),
    ],
)
def test_text_where_a_secret_was_or_is_said_to_be(path, before, after, exposes):
    assert update("InfraBlock", path, before, after) == (["exposes_secret"] if exposes else ["safe"])


def test_every_risk_can_be_forbidden():
    assert set(get_args(Forbidden)) == {risk.value for risk in Risk} - {Risk.SAFE}


def test_forbidden_risks_are_limits():
    made = with_risks(
        Plan("dev", tuple(Change(Address("Variable", f"v{n}"), Action.DELETE) for n in range(7))), kinds()
    )
    ours = Inventory(Owner("p", "dev"), DigestKey(Sealed("key")))
    one = replace(made, changes=made.changes[:1])
    forbidding = Bounds(forbid=frozenset({Risk.DESTROYS, Risk.DROPS_RUNS}))
    assert list(breaches(made, Bounds(), ours)) == []
    assert list(breaches(one, forbidding, ours)) == ["Variable/v0 has the risk destroys, and limits forbid it"]
    [many] = breaches(made, forbidding, ours)
    names = ", ".join(f"Variable/v{n}" for n in range(5))
    assert many == f"{names} and 2 more have the risk destroys, and limits forbid it"
