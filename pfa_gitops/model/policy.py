"""What the project's own rules say of a plan. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from pfa_gitops.model.places import Address


class Severity(StrEnum):
    """What follows where a policy is broken."""

    DENY = "deny"
    """Nothing is applied."""
    WARN = "warn"
    """It is shown."""


@dataclass(frozen=True)
class Violation:
    """A policy that a plan breaks, or that could not be held against it."""

    policy: str
    severity: Severity
    message: str
    address: Address | None = None
    """Whose change breaks it. None: the plan as a whole does."""
    failure: str | None = None
    """Why nobody can tell whether it is broken: that counts as broken."""
