"""The JSON Schema of `plan --format json`. Pure. Written by hand: it is a promise, not a by-product."""

from typing import Any

from pfa_gitops.model.chain import Part, Verdict
from pfa_gitops.model.contract import HitSort, ParameterChange
from pfa_gitops.model.impact import Effect, RunState
from pfa_gitops.model.policy import Severity
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.values import Action
from pfa_gitops.views.json import PLAN_FORMAT


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    properties = {**required, **optional}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_COUNT = {"type": "integer", "minimum": 0}
_ANY_VALUE = "Any JSON value; null where there is none. A secret is shown as `(secret)`."

_FIELD = _object(
    {
        "path": {"type": "string", "description": "Where in the spec, e.g. `schedules.nightly.cron`."},
        "before": {"description": f"The live value. {_ANY_VALUE}"},
        "after": {"description": f"The desired value. {_ANY_VALUE}"},
        "reason": {"type": ["string", "null"], "description": "Why, where the values do not say it."},
    }
)
_IMPACT = {
    **_object({}, **{effect.value: _object({}, **dict.fromkeys(RunState, _COUNT)) for effect in Effect}),
    "description": "Flow runs that have not ended and that are dropped, moved or orphaned, by how far they are.",
}
_HIT = _object(
    {
        "sort": {"enum": [sort.value for sort in HitSort]},
        "name": {"type": "string", "description": "Its name; of runs the name of one of them."},
        "runs": {**_COUNT, "description": "How many flow runs it stands for."},
    }
)
_CONTRACT = _object(
    {
        "parameter": {"type": "string"},
        "kind": {"enum": [kind.value for kind in ParameterChange]},
        "breaking": {"type": "boolean", "description": "Who gave the right parameters may give wrong ones after it."},
        "detail": {"type": "string", "description": "What it took and takes, where that tells more. May be empty."},
        "hits": {"type": "array", "items": _HIT, "description": "Whose parameters no longer fit."},
    }
)
_CHANGE = _object(
    {
        "address": {"type": "string", "pattern": "^[A-Za-z]+/.+$", "description": "Kind and name."},
        "action": {"enum": [action.value for action in Action]},
        "adopts": {"type": "boolean", "description": "The object exists, is nobody's, and becomes this project's."},
        "risks": {
            "type": "array",
            "items": {"enum": [risk.value for risk in Risk]},
            "description": "What harm the change may do, the most severe first. Empty where it does nothing.",
        },
        "fields": {"type": "array", "items": _FIELD},
        "impact": _IMPACT,
        "contract": {
            "type": "array",
            "items": _CONTRACT,
            "description": "What becomes of the parameters that the deployment takes.",
        },
    }
)
_VERDICT = _object(
    {
        "policy": {"type": "string"},
        "severity": {
            "enum": [severity.value for severity in Severity],
            "description": "`deny`: apply refuses the plan. `warn`: it is told only.",
        },
        "message": {"type": "string"},
        "address": {
            "type": ["string", "null"],
            "description": "Whose change breaks it; null where the plan as a whole does.",
        },
        "failure": {
            "type": ["string", "null"],
            "description": "Why it could not be evaluated, which counts as broken.",
        },
    }
)
_LINK = _object(
    {
        "part": {"enum": [part.value for part in Part]},
        "verdict": {"enum": [verdict.value for verdict in Verdict]},
        "reason": {"type": "string"},
        "about": {"type": "string", "description": "The object that it is about; it need not be a manifest's."},
        "age_seconds": {"type": ["number", "null"], "description": "How long ago that was seen, e.g. a heartbeat."},
    }
)
CHAINS = {
    "type": "array",
    "items": _object(
        {
            "address": {"type": "string", "pattern": "^[A-Za-z]+/.+$"},
            "verdict": {"enum": [verdict.value for verdict in Verdict], "description": "That of the weakest link."},
            "links": {"type": "array", "items": _LINK},
        }
    ),
    "description": "For each deployment, whether its runs start once the plan is applied.",
}
PLAN_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "plan.json",
    "title": "Plan",
    "description": "What `pfa-gitops plan --format json` prints.",
    **_object(
        {
            "format": {"const": PLAN_FORMAT},
            "environment": {"type": "string"},
            "notices": {"type": "array", "items": {"type": "string"}},
            "breaches": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The environment's limits that the plan exceeds: apply refuses it.",
            },
            "verdicts": {"type": "array", "items": _VERDICT, "description": "The policies that the plan breaks."},
            "protection": {
                "type": "object",
                "additionalProperties": {"type": "boolean"},
                "description": "What becomes protected (true), or is no longer, once it is applied.",
            },
            "summary": _object(dict.fromkeys(("create", "update", "replace", "delete", "unchanged"), _COUNT)),
            "impact": _IMPACT,
            "changes": {
                "type": "array",
                "items": _CHANGE,
                "description": "Every manifest's change in the order of apply, with action `none` too; then deletes.",
            },
            "will_run": CHAINS,
        }
    ),
}
