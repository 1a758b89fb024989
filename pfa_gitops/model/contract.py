"""How the parameters that a deployment takes change, and whom a change hits. Pure."""

from enum import StrEnum
from typing import NamedTuple


class ParameterChange(StrEnum):
    """What happens to one parameter."""

    REMOVED = "removed"
    ADDED = "added"
    """It may be left out."""
    ADDED_REQUIRED = "added-required"
    """It must be given."""
    REQUIRED = "required"
    """It was there, could be left out, and must be given now."""
    OPTIONAL = "optional"
    """It had to be given, and may be left out now."""
    NARROWED = "narrowed"
    """It takes less than before."""
    RETYPED = "retyped"
    """It takes other values than before."""
    WIDENED = "widened"
    """It takes all that it took, and more."""
    DEFAULT = "default"
    """Left out, it has another value."""
    DESCRIBED = "described"
    """Only its title, its description or the like is another one."""


class HitSort(StrEnum):
    """Who still gives what no longer fits."""

    DEPLOYMENT = "deployment"
    """The deployment's own parameters, where no manifest names them."""
    SCHEDULE = "schedule"
    AUTOMATION = "automation"
    RUN = "run"
    """A flow run that nobody has begun."""


class Hit(NamedTuple):
    """Somebody whose parameters fit until now and do not fit after the change."""

    sort: HitSort
    name: str
    """The schedule's slug, the automation's name; of runs the name of one of them."""
    runs: int = 0
    """How many runs it stands for."""


class ContractChange(NamedTuple):
    """One parameter's change."""

    parameter: str
    kind: ParameterChange
    breaking: bool
    """Whether somebody who gave the right parameters until now may give wrong ones after it."""
    detail: str = ""
    """What it took and takes, in a few words, where that tells more."""
    hits: tuple[Hit, ...] = ()
