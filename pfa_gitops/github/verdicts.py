"""What policies and limits say of a plan, from its JSON report, as problems to be shown. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import address
from pfa_gitops.model.policy import Severity


class Said(NamedTuple):
    """What is said of a plan."""

    denials: tuple[Problem, ...]
    """For these it may not be applied."""
    warnings: tuple[Problem, ...]
    """What somebody should look at before it is: policies that only warn, and limits that it exceeds."""


def said_of(plan: Mapping[str, Any]) -> Said:
    """Read the report: see schemas/plan.json."""
    verdicts = [(Severity(verdict["severity"]), _verdict(verdict)) for verdict in plan["verdicts"]]
    limits = [Problem(str(text), "look at the plan; `apply --ignore-limits` applies it") for text in plan["breaches"]]
    denials = tuple(problem for severity, problem in verdicts if severity is Severity.DENY)
    warnings = (problem for severity, problem in verdicts if severity is not Severity.DENY)
    return Said(denials, (*warnings, *limits))


def _verdict(verdict: Mapping[str, Any]) -> Problem:
    denied = verdict["severity"] == Severity.DENY
    failure = f" (it cannot be evaluated: {verdict['failure']})" if verdict["failure"] else ""
    message = f"{'denied by' if denied else 'told by'} the policy {verdict['policy']}: {verdict['message']}{failure}"
    mend = "no flag overrules a policy" if denied else ""
    return Problem(message, mend, address=address(verdict["address"]) if verdict["address"] else None)
