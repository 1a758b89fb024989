"""A plan and the project's policies → verdicts. What policies see is the plan's JSON, which holds no secret."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pfa_gitops.manifests.project import Policy
from pfa_gitops.model.places import Address
from pfa_gitops.model.policy import Violation
from pfa_gitops.model.receipts import writes
from pfa_gitops.model.values import Change, Plan
from pfa_gitops.policy.child import Answers, ask
from pfa_gitops.views.json import change_json, manifest_json, plan_json

LONGEST = 300
"""Characters of what CEL says."""


def judge(plan: Plan, policies: Sequence[Policy]) -> tuple[Violation, ...]:
    """What the policies of the plan's environment say of it."""
    bound = [policy for policy in policies if not policy.environments or plan.environment in policy.environments]
    if not bound:
        return ()
    pending = [change for change in plan.changes if writes(change)]
    shown = {change.address: _seen(change) for change in plan.changes}
    about = {
        "environment": plan.environment,
        "changes": [shown[change.address] for change in pending],
        "plan": {**plan_json(plan), "changes": list(shown.values())},
    }
    answers = ask([policy.when for policy in bound], about)
    return tuple(verdicts(bound, answers, [change.address for change in pending]))


def verdicts(policies: Sequence[Policy], answers: Answers, addresses: Sequence[Address]) -> Iterator[Violation]:
    """What the child's answers say. A policy that it did not get to counts as broken."""
    for policy, answer in zip(policies, answers.told, strict=False):
        yield from _verdicts(policy, answer, addresses)
    yield from _unheard(policies, answers)


def _seen(change: Change) -> dict[str, Any]:
    """A change as policies see it: its JSON, whose it is, and what the manifest wants; null for a delete."""
    desired = manifest_json(change.desired) if change.desired else None
    metadata = desired["metadata"] if desired else {}
    return {
        **change_json(change),
        "kind": change.address.kind,
        "name": change.address.name,
        "labels": metadata.get("labels", {}),
        "annotations": metadata.get("annotations", {}),
        "spec": desired["spec"] if desired else None,
    }


def _verdicts(policy: Policy, answer: Mapping[str, Any], addresses: Sequence[Address]) -> Iterator[Violation]:
    if "error" in answer:
        yield _failed(policy, None, str(answer["error"]))
        return
    for index in answer["hits"]:
        yield Violation(policy.name, policy.severity, policy.message, _address(addresses, index))
    for index, why in answer["failures"]:
        yield _failed(policy, _address(addresses, index), str(why))


def _failed(policy: Policy, address: Address | None, why: str) -> Violation:
    return Violation(policy.name, policy.severity, policy.message, address, why.split("\n", 1)[0][:LONGEST])


def _address(addresses: Sequence[Address], index: int | None) -> Address | None:
    return None if index is None else addresses[index]


def _unheard(policies: Sequence[Policy], answers: Answers) -> Iterator[Violation]:
    """Those that were not evaluated to their end, and those after them."""
    if (unfinished := answers.unfinished) is not None:
        yield _failed(policies[unfinished], None, answers.why)
        for policy in policies[unfinished + 1 :]:
            yield _failed(policy, None, f"the one before it was not evaluated: {answers.why}")
