from dataclasses import replace

import pytest

from pfa_gitops.model.contract import ContractChange, Hit, HitSort, ParameterChange
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Sealed, SecretRef
from pfa_gitops.model.values import (
    ABSENT,
    Action,
    Change,
    FieldChange,
    Key,
    Live,
    Manifest,
    Outcome,
    Plan,
    Result,
    Spec,
)
from pfa_gitops.views.terminal import show_outcome, show_plan, show_result
from pfa_gitops.views.values import one_line, to_json


def change(address: str, action: Action, *fields: FieldChange) -> Change:
    kind, name = address.split("/")
    manifest = Manifest(Address(kind, name), Spec(), Key(kind, name))
    return Change(manifest.address, action, fields, manifest, Live(manifest.key, Spec(), "id"))


PLAN = Plan(
    "prod",
    (
        change("WorkPool/anyscale", Action.CREATE, FieldChange(("type",), ABSENT, "anyscale")),
        change("Variable/x", Action.NONE),
        change(
            "Deployment/count",
            Action.UPDATE,
            FieldChange(("parameters", "highest_number"), 10, 12),
            FieldChange(("schedules", "nightly"), {"cron": "0 3 * * *"}, ABSENT),
        ),
        change(
            "Block/db",
            Action.UPDATE,
            FieldChange(("data", "value"), Sealed("hunter2"), Sealed("hunter3"), "the stored secret differs"),
        ),
        change(
            "Agent/a", Action.UPDATE, FieldChange(("compute_config",), "big", "big", "ComputeConfig/big is updated")
        ),
    ),
    ("the override prod-sizes has run out",),
)


def test_plan():
    assert show_plan(PLAN) == (
        "Environment prod\n"
        "\n"
        "note: the override prod-sizes has run out\n"
        "\n"
        "Agent\n"
        "  ~ a\n"
        '      compute_config  "big"  (ComputeConfig/big is updated)\n'
        "\n"
        "Block\n"
        "  ~ db\n"
        "      data.value  (secret)  (the stored secret differs)\n"
        "\n"
        "Deployment\n"
        "  ~ count\n"
        "      parameters.highest_number  10 → 12\n"
        '      schedules.nightly          {"cron": "0 3 * * *"} → (removed)\n'
        "\n"
        "WorkPool\n"
        "  + anyscale\n"
        '      type  "anyscale"\n'
        "\n"
        "Plan: 1 to create, 3 to update, 0 to replace, 0 to delete, 1 unchanged."
    )


def test_colour_adds_nothing_but_colour():
    coloured = show_plan(PLAN, colour=True)
    assert "\x1b[" in coloured
    assert "hunter" not in coloured


def test_an_empty_plan_says_so():
    assert "Nothing to change" in show_plan(Plan("dev", ()))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        ("", '""'),
        ({"ä": [1, True]}, '{"ä": [1, true]}'),
        (Sealed("hunter2"), "(secret)"),
        ({"a": Sealed("hunter2")}, '{"a": "(secret)"}'),
        (SecretRef(from_env="KEY"), "(secret from_env KEY)"),
        ("x" * 100, '"' + "x" * 58 + "…"),
        ("two\nlines", '"two\\nlines"'),
    ],
)
def test_a_value_stands_on_one_line(value, shown):
    assert one_line(value) == shown


def test_json_has_no_secret_and_null_for_absent():
    assert to_json({"a": Sealed("hunter2"), "b": ABSENT, "c": SecretRef(from_env="X")}) == {
        "a": "(secret)",
        "b": None,
        "c": {"from_env": "X"},
    }


def test_outcomes():
    done = Outcome(PLAN.changes[0], Result.DONE, seconds=1.25)
    failed = Outcome(PLAN.changes[2], Result.FAILED, Problem("no such pool", "create it"), 0.1)
    assert show_outcome(done) == "  + WorkPool/anyscale created in 1.2 s"
    assert show_outcome(failed) == "  ✗ Deployment/count failed: no such pool\n      create it"
    assert show_result([done]) == "Apply complete: 1 done."
    assert show_result([done, failed]) == "Apply incomplete: 1 done, 1 failed. Apply again to go on from here."
    skipped = Outcome(done.change, Result.SKIPPED)
    assert show_result([done, skipped]) == "Apply incomplete: 1 done, 1 skipped. Apply again to go on from here."
    stale = replace(skipped, stale=True)
    assert show_result([done, stale]) == "Apply incomplete: 1 done, 1 skipped. What was skipped says why."


def test_no_character_of_a_manifest_moves_the_cursor_or_forges_a_line():
    forged = FieldChange(("env", "A\n  - WorkPool prod"), "\x9b2J", "\u202e\x7f\x1b[31m")
    shown = show_plan(Plan("dev", (change("Agent/a", Action.UPDATE, forged),), ("note\n\x1b[2J",)))
    assert "env.A\\n  - WorkPool prod" in shown
    assert all(character == "\n" or character.isprintable() for character in shown)
    assert shown.count("\n") == show_plan(Plan("dev", (change("Agent/a", Action.UPDATE, forged),), ("n",))).count("\n")


def test_the_difference_of_two_long_values_is_in_sight():
    text = "FROM anyscale/ray:2.44.1-slim-py311\nRUN pip install pandas polars duckdb numpy=="
    shown = show_plan(
        Plan("dev", (change("Image/a", Action.UPDATE, FieldChange(("containerfile",), text + "1", text + "2")),))
    )
    assert '=1" → …' in shown
    assert '=2"\n' in shown


def test_what_becomes_of_parameters_is_told_below_the_deployment():
    contract = (
        ContractChange(
            "region",
            ParameterChange.REMOVED,
            breaking=True,
            hits=(
                Hit(HitSort.DEPLOYMENT, "count"),
                Hit(HitSort.SCHEDULE, "night\x1b[2Jly"),
                Hit(HitSort.AUTOMATION, "on-failure"),
                Hit(HitSort.RUN, "a-run", 2),
            ),
        ),
        ContractChange("size", ParameterChange.WIDENED, breaking=False, detail="integer → number"),
    )
    plan = Plan("dev", (replace(change("Deployment/count", Action.UPDATE), contract=contract),))
    text = show_plan(plan)
    assert "      breaking: region is gone; hits the deployment's own parameters, schedule night" in text
    assert "automation on-failure, 2 flow runs\n      safe: size takes more (integer → number)\n" in text
    assert "\x1b" not in text
