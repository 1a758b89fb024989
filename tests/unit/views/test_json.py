import json

import jsonschema

from pfa_gitops.model.contract import ContractChange, Hit, HitSort, ParameterChange
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.impact import AffectedRun, Effect, RunState
from pfa_gitops.model.places import Address, Origin
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.values import ABSENT, Action, Change, FieldChange, Outcome, Plan, Result
from pfa_gitops.views.json import outcomes_json, plan_json
from pfa_gitops.views.plan_schema import PLAN_SCHEMA

UPDATE = Change(
    Address("Deployment", "prefect-test"),
    Action.UPDATE,
    (
        FieldChange(("schedules", "nightly", "cron"), "0 3 * * *", "0 4 * * *"),
        FieldChange(("tags", 0), ABSENT, "x"),
        FieldChange(("data", "value"), Sealed("hunter2"), Sealed("hunter3"), "why"),
    ),
    risks=(Risk.DROPS_RUNS,),
    impact=(
        AffectedRun("1", RunState.LATE, Effect.DROPPED),
        AffectedRun("2", RunState.SCHEDULED, Effect.DROPPED),
        AffectedRun("3", RunState.SCHEDULED, Effect.DROPPED),
    ),
    contract=(
        ContractChange(
            "region",
            ParameterChange.REMOVED,
            True,
            hits=(Hit(HitSort.RUN, "a-run", 2), Hit(HitSort.SCHEDULE, "nightly")),
        ),
        ContractChange("size", ParameterChange.WIDENED, False, "integer → number"),
    ),
)
CONTRACT = [
    {
        "parameter": "region",
        "kind": "removed",
        "breaking": True,
        "detail": "",
        "hits": [{"sort": "run", "name": "a-run", "runs": 2}, {"sort": "schedule", "name": "nightly", "runs": 0}],
    },
    {"parameter": "size", "kind": "widened", "breaking": False, "detail": "integer → number", "hits": []},
]
IMPACT = {"dropped": {"scheduled": 2, "late": 1}}
PLAN = Plan("dev", (UPDATE, Change(Address("Variable", "v"), Action.NONE)), ("a note",))


def test_a_plan_fits_its_schema_and_says_what_it_should():
    document = json.loads(json.dumps(plan_json(PLAN)))
    jsonschema.validate(document, PLAN_SCHEMA)
    assert document == {
        "format": "pfa-gitops/plan/v1",
        "environment": "dev",
        "notices": ["a note"],
        "breaches": [],
        "verdicts": [],
        "protection": {},
        "summary": {"create": 0, "update": 1, "replace": 0, "delete": 0, "unchanged": 1},
        "impact": IMPACT,
        "changes": [
            {
                "address": "Deployment/prefect-test",
                "action": "update",
                "adopts": False,
                "risks": ["drops_runs"],
                "fields": [
                    {
                        "path": "schedules.nightly.cron",
                        "before": "0 3 * * *",
                        "after": "0 4 * * *",
                        "reason": None,
                    },
                    {"path": "tags[0]", "before": None, "after": "x", "reason": None},
                    {"path": "data.value", "before": "(secret)", "after": "(secret)", "reason": "why"},
                ],
                "impact": IMPACT,
                "contract": CONTRACT,
            },
            {
                "address": "Variable/v",
                "action": "none",
                "adopts": False,
                "risks": [],
                "fields": [],
                "impact": {},
                "contract": [],
            },
        ],
        "will_run": [],
    }


def test_outcomes_tell_each_result_and_the_problem_with_its_place():
    problem = Problem("no such pool", "create it", Origin("a.yaml", 3, 5), UPDATE.address)
    document = outcomes_json(PLAN, [Outcome(UPDATE, Result.FAILED, problem, 0.5)])
    assert document["summary"] == {"done": 0, "failed": 1, "blocked": 0, "skipped": 0}
    [outcome] = document["outcomes"]
    assert outcome["result"] == "failed"
    assert outcome["problem"]["message"] == "no such pool"
    assert "a.yaml" in json.dumps(outcome["problem"])
