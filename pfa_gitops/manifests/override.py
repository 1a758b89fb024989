"""The Override document: a patch on other manifests' spec. Pure."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from pfa_gitops.model.values import Spec

KIND = "Override"


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Match(Spec):
    """Which manifests are patched. A manifest must fit all that is given."""

    kind: str = Field(min_length=1)
    """The kind, e.g. `Deployment`."""
    names: list[str] | None = Field(default=None, min_length=1)
    """Globs of `metadata.name`; one must fit, e.g. `prefect-*`. Default: all."""
    labels: dict[str, str] | None = None
    """Labels that the manifest must have, each with this value. Default: any."""


class OverrideSpec(Spec):
    """A patch on the spec of other manifests, for some environments."""

    environments: list[str] | None = Field(default=None, min_length=1)
    """The environments in which it applies. Default: all."""
    match: Match
    """Which manifests are patched."""
    patch: dict[str, Any]
    """A merge patch (RFC 7386) on the spec: mappings are merged, null removes a field, everything else replaces."""
    until: Annotated[datetime, AfterValidator(_in_utc)] | None = None
    """When the override ends, e.g. `2027-01-15T18:00:00Z`; without a zone it is UTC. Needs a reason. Default: never."""
    reason: str | None = Field(default=None, min_length=1)
    """Why, e.g. a ticket."""

    @model_validator(mode="after")
    def _time_needs_reason(self) -> "OverrideSpec":
        if self.until is not None and self.reason is None:
            raise ValueError("`until` needs a `reason`, for those who meet the override later")
        return self
