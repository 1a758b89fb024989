"""What was changed behind the manifests' back. Pure."""

from dataclasses import dataclass

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import FieldChange, Touch


@dataclass(frozen=True)
class Drift:
    """One object that is not as it was last applied."""

    address: Address
    fields: tuple[FieldChange, ...] = ()
    """`before` is what was applied, `after` what is live. Only fields that were applied count."""
    gone: bool = False
    """It was deleted."""
    touched: Touch | None = None
    """The last change of one of the fields, or the deletion, where the platform keeps its past. Else the last change of
    the object, which need not be the one that made the difference."""


@dataclass(frozen=True)
class DriftReport:
    """All that drifted in one environment."""

    environment: str
    objects: int
    """How many were looked at."""
    drifts: tuple[Drift, ...]
    notices: tuple[str, ...] = ()
