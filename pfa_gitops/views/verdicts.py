"""The policies that a plan breaks, each once, for any view. Pure."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from pfa_gitops.model.places import Address
from pfa_gitops.model.policy import Severity, Violation
from pfa_gitops.views.values import some_of

SHOWN = 5
"""Objects that one line names."""


class Broken(NamedTuple):
    """One policy, and whose changes break it."""

    policy: str
    severity: Severity
    message: str
    failure: str | None
    """Why nobody can tell whether it is broken."""
    addresses: Sequence[Address]
    """None where the plan as a whole breaks it."""

    def where(self, shown: Callable[[str], str]) -> str:
        """The first of the addresses in brackets, each as `shown` has it; empty where there are none."""
        named = some_of(self.addresses, SHOWN, shown)
        return f" ({named})" if named else ""


def broken(verdicts: Iterable[Violation]) -> list[Broken]:
    """Put together what the same policy says in the same words. In the order of the verdicts."""
    groups = groupby(verdicts, key=lambda one: (one.policy, one.severity, one.message, one.failure))
    return [Broken(*said, [one.address for one in group if one.address]) for said, group in groups]
