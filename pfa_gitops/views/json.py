"""Plans, outcomes and manifests as JSON values. Pure. `schemas/plan.json` describes a plan."""

from collections.abc import Iterable, Sequence
from typing import Any

from pfa_gitops.model.impact import AffectedRun, counted
from pfa_gitops.model.places import show_path
from pfa_gitops.model.policy import Violation
from pfa_gitops.model.values import API_VERSION, Action, Change, FieldChange, Manifest, Manifests, Outcome, Plan, Result
from pfa_gitops.views.chains import chains_json
from pfa_gitops.views.contract import contract_json
from pfa_gitops.views.problems import problem_json
from pfa_gitops.views.values import to_json

PLAN_FORMAT = "pfa-gitops/plan/v1"
OUTCOMES_FORMAT = "pfa-gitops/outcomes/v1"


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return the plan: format, environment, notices, limits that it exceeds, summary and changes."""
    return {
        "format": PLAN_FORMAT,
        "environment": plan.environment,
        "notices": list(plan.notices),
        "breaches": list(plan.breaches),
        "verdicts": [_verdict(verdict) for verdict in plan.verdicts],
        "protection": {str(address): on for address, on in plan.protection},
        "summary": summary(plan),
        "impact": impact_json(plan.affected),
        "changes": [change_json(change) for change in plan.changes],
        "will_run": chains_json(plan.chains),
    }


def summary(plan: Plan) -> dict[str, int]:
    """Return the counts: create, update, replace, delete, unchanged."""
    counts = {action.value: plan.count(action) for action in Action if action is not Action.NONE}
    return {**counts, "unchanged": plan.count(Action.NONE)}


def change_json(change: Change) -> dict[str, Any]:
    """Return one change: address, action, risks, fields and impact."""
    return {
        "address": str(change.address),
        "action": change.action.value,
        "adopts": change.adopts,
        "risks": [risk.value for risk in change.risks],
        "fields": [field_json(field) for field in change.fields],
        "impact": impact_json(change.impact),
        "contract": contract_json(change.contract),
    }


def _verdict(verdict: Violation) -> dict[str, Any]:
    return {
        "policy": verdict.policy,
        "severity": verdict.severity.value,
        "message": verdict.message,
        "address": str(verdict.address) if verdict.address else None,
        "failure": verdict.failure,
    }


def impact_json(runs: Iterable[AffectedRun]) -> dict[str, dict[str, int]]:
    """Return how many flow runs are affected, by effect and state; what there is none of is left out."""
    return {
        effect.value: {state.value: count for state, count in states.items()}
        for effect, states in counted(runs).items()
    }


def field_json(field: FieldChange) -> dict[str, Any]:
    """Return one field: path, before, after and reason."""
    return {
        "path": show_path(field.path),
        "before": to_json(field.before),
        "after": to_json(field.after),
        "reason": field.reason,
    }


def outcomes_json(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return what became of a plan: its own JSON, and each change's outcome."""
    return {
        "format": OUTCOMES_FORMAT,
        "environment": plan.environment,
        "plan": plan_json(plan),
        "summary": {result.value: sum(outcome.result is result for outcome in outcomes) for result in Result},
        "outcomes": [_outcome(outcome) for outcome in outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "address": str(outcome.change.address),
        "action": outcome.change.action.value,
        "result": outcome.result.value,
        "seconds": round(outcome.seconds, 3),
        "problem": problem_json(outcome.problem) if outcome.problem else None,
    }


def manifest_json(manifest: Manifest[Any]) -> dict[str, Any]:
    """Return one manifest as it stands after rendering and overlays: what people would have written by hand."""
    metadata: dict[str, Any] = {"name": manifest.address.name}
    metadata |= {"labels": dict(manifest.labels)} if manifest.labels else {}
    metadata |= {"annotations": dict(manifest.annotations)} if manifest.annotations else {}
    metadata |= {name: True for name in ("adopt", "protect") if getattr(manifest, name)}
    return {
        "apiVersion": API_VERSION,
        "kind": manifest.address.kind,
        "metadata": metadata,
        "spec": to_json(manifest.spec),
    }


def manifests_json(manifests: Manifests) -> list[dict[str, Any]]:
    """Return all manifests, sorted by address."""
    return [manifest_json(manifest) for manifest in sorted(manifests, key=lambda manifest: manifest.address)]
