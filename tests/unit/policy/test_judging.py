"""Violations of policies by plans, with real expressions."""

import asyncio
from pathlib import Path

from support.ledgers import MemoryLedger

from pfa_gitops.engine.planning import Planned
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.manifests.project import Environment, Policy, Project, ProjectSpec
from pfa_gitops.model.places import Address
from pfa_gitops.model.policy import Severity, Violation
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import ABSENT, Action, Change, FieldChange, Key, Live, Manifest, Plan
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.platforms.secret_stores import SecretStores
from pfa_gitops.policy.child import SPENT, Answers
from pfa_gitops.policy.judging import judge, verdicts
from pfa_gitops.wiring.connection import Connection


def manifest(kind, name, labels=None, **spec):
    return Manifest(Address(kind, name), kinds()[kind].spec(**spec), Key(kind, name), labels=labels or {})


WANTED = manifest("Block", "b", {"team": "ml"}, type="secret", data={"value": Sealed("hunter2")})
GONE = Live(Key("Variable", "v"), kinds()["Variable"].spec(value=1), "id")
PLAN = Plan(
    "prod",
    (
        Change(WANTED.address, Action.CREATE, (FieldChange(("data",), ABSENT, {"value": Sealed("hunter2")}),), WANTED),
        Change(Address("Variable", "same"), Action.NONE, desired=manifest("Variable", "same", value=1)),
        Change(Address("Variable", "v"), Action.DELETE, live=GONE, risks=(Risk.DESTROYS,)),
    ),
)


def broken(when, **more):
    return [str(verdict.address) for verdict in judge(PLAN, [Policy(name="p", when=when, message="m", **more)])]


def test_a_change_is_seen_with_whose_it_is_and_what_is_wanted():
    assert broken("change.kind == 'Variable' && change.name == 'v'") == ["Variable/v"]
    assert broken("'destroys' in change.risks") == ["Variable/v"]
    assert broken("change.spec == null") == ["Variable/v"]
    assert broken("'team' in change.labels && change.labels.team == 'ml'") == ["Block/b"]
    assert broken("change.spec != null && change.spec.type == 'secret'") == ["Block/b"]
    assert broken("change.action in ['create', 'delete', 'none']") == ["Block/b", "Variable/v"]


def test_the_plan_has_all_changes_and_counts():
    assert broken("plan.summary.delete == 1 && plan.changes.size() == 3") == ["None"]
    assert broken("plan.changes.exists(c, c.name == 'same' && c.spec.value == 1)") == ["None"]


def test_secrets_are_words_to_a_policy():
    assert broken("change.spec != null && change.spec.data.value == '(secret)'") == ["Block/b"]
    assert broken("change.fields.exists(f, f.after.value == 'hunter2')") == []


def test_a_policy_of_another_environment_says_nothing():
    assert broken("true", environments=["dev"]) == []
    assert broken("true", environments=["dev", "prod"]) == ["None"]


def test_what_cannot_be_evaluated_counts_as_broken_and_says_why():
    [verdict] = judge(PLAN, [Policy(name="p", when="plan.nothing == 1", message="m")])
    assert verdict.failure is not None
    assert "nothing" in verdict.failure
    assert verdict.severity is Severity.DENY


def test_those_that_were_not_reached_count_as_broken():
    answers = Answers([{"hits": [0], "failures": []}], 1, SPENT)
    policies = [Policy(name=name, when="true", message="m", severity="warn") for name in ("a", "b", "c")]
    first, second, third = verdicts(policies, answers, [WANTED.address])
    assert first == Violation("a", Severity.WARN, "m", Address("Block", "b"))
    assert (second.policy, third.policy) == ("b", "c")
    assert second.failure == "it takes too much time or memory: there are 20 s and 2 GB at most"
    assert third.failure == f"the one before it was not evaluated: {second.failure}"


def test_the_lock_is_renewed_while_policies_are_evaluated():
    project = Project("p", ProjectSpec(policies=[Policy(name="p", when="true", message="m")]), "")
    connection = Connection(Workspace(Path(), project, Environment("prod"), ()), {}, SecretStores({}), None)
    inventory = MemoryLedger().inventory

    async def rounds_of_the_loop():
        judging, rounds = asyncio.create_task(connection._judged(Planned(PLAN, inventory, inventory, {}))), 0
        while not judging.done():
            await asyncio.sleep(0)
            rounds += 1
        assert judging.result().plan.denials
        return rounds

    assert asyncio.run(rounds_of_the_loop()) > 10
