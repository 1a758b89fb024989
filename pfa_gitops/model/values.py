"""The vocabulary: Address, Origin, Spec, Manifest, Live, Action, FieldChange, Change, Plan, Outcome.

Text becomes Manifests; Manifests and Live become a Plan; a Plan becomes Outcomes. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pfa_gitops.model.chain import Chain
from pfa_gitops.model.contract import ContractChange
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.impact import AffectedRun
from pfa_gitops.model.places import Address, Origins, Path
from pfa_gitops.model.policy import Severity, Violation
from pfa_gitops.model.risk import Risk

API_VERSION = "pfa-gitops/v1"
RESTORED: Final = object()
"""The context in which a spec is validated that the inventory kept: it may have what `Kind.complete` filled in."""


class Spec(BaseModel):
    """The base of every kind's spec: unknown fields are errors, and only what was written counts as set.

    `model_fields_set` tells what a manifest names. A field that nobody names is not ours.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        defer_build=True,  # few kinds are used by one command, and building the others takes half a second
        arbitrary_types_allowed=True,  # a Sealed may stand where a secret was fetched
        protected_namespaces=(),
    )


SpecT = TypeVar("SpecT", bound=Spec)


class NamedSpec(Spec):
    """A spec whose object may carry another name on the platform than `metadata.name`."""

    name: str | None = Field(default=None, min_length=1)
    """The object's name on the platform. Default: `metadata.name`."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_no_name(cls, data: Any) -> Any:
        return without_nulls(data, "name")


def without_nulls(data: Any, *names: str) -> Any:
    """`data` without those of these fields that are null: there null says no more than leaving the field out."""
    if not isinstance(data, Mapping):
        return data
    return {name: value for name, value in data.items() if value is not None or name not in names}


class Key(NamedTuple):
    """What an object is called where it lives: the kind and the platform's own name for it."""

    kind: str
    name: str


class Owner(NamedTuple):
    """Whose an object is: a project in one of its environments."""

    project: str
    environment: str

    def __str__(self) -> str:
        return f"project {self.project}, environment {self.environment}"


@dataclass(frozen=True)
class Reference:
    """A link from one manifest to another."""

    path: Path
    """Where in the referring spec it stands."""
    target: Address
    rewritten_on: frozenset["Action"] = frozenset()
    """The actions on the target after which the referring object must be written again."""


@dataclass(frozen=True)
class Manifest(Generic[SpecT]):
    """One object as the files want it, complete: rendered, overlaid, validated, linked."""

    address: Address
    spec: SpecT
    key: Key
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    origins: Origins = field(default_factory=Origins, compare=False)
    references: tuple[Reference, ...] = ()
    adopt: bool = False
    """An object of that name that is nobody's becomes ours."""
    protect: bool = False
    """The object is never deleted or replaced."""
    applied: Mapping[str, Any] = field(default_factory=dict)
    """What was written when it was last applied, as plain values: `Entry.applied`. Empty where that is not known."""

    @property
    def platform_name(self) -> str:
        """The object's own name on the platform: `spec.name`, else `metadata.name`."""
        return getattr(self.spec, "name", None) or self.address.name

    def problem(self, path: Path, message: str, mend: str = "") -> Problem:
        """What is wrong at `path` in the spec, with the place where it was written."""
        return Problem(message, mend, self.origins.at(("spec", *path)), self.address)


class Touch(NamedTuple):
    """When an object was changed last, and by whom."""

    at: str
    """ISO 8601."""
    by: str | None = None
    """None where the platform does not tell."""


@dataclass(frozen=True)
class Live(Generic[SpecT]):
    """One object as a platform has it. `spec` is the class that the manifest's spec has."""

    key: Key
    spec: SpecT
    id: str
    """The platform's id of the object, which writes need."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What only the kind itself needs for its writes, e.g. the ids of a deployment's schedules."""
    touched: Touch | None = None
    """Its last change, where the platform tells."""
    owner: Owner | None = None
    """Whose it is, where the platform lets that be written on the object itself."""


class Action(StrEnum):
    """What a plan does to one object."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    NONE = "none"


class _Absent:
    """The value of a field that is not there. Unset and null differ."""

    def __repr__(self) -> str:
        return "(absent)"

    def __bool__(self) -> bool:
        return False


ABSENT = _Absent()


@dataclass(frozen=True)
class FieldChange:
    """One field that differs. `before` is live, `after` is desired; either may be ABSENT or Sealed."""

    path: Path
    before: Any
    after: Any
    reason: str | None = None
    """Why, where the two values do not say it, e.g. that a referenced object gets a new version."""


@dataclass(frozen=True)
class Change:
    """What happens to one object, and why."""

    address: Address
    action: Action
    fields: tuple[FieldChange, ...] = ()
    desired: Manifest[Any] | None = None
    live: Live[Any] | None = None
    former: tuple[Address, ...] = ()
    """What it referred to when it was last applied: those are deleted after it."""
    adopts: bool = False
    """The object was nobody's, and becomes ours."""
    impact: tuple[AffectedRun, ...] = ()
    """The flow runs that it affects. One that several changes affect stands at the first of them."""
    risks: tuple[Risk, ...] = ()
    """What harm it may do, the most severe first. Empty where it does nothing."""
    contract: tuple[ContractChange, ...] = ()
    """What becomes of the parameters that it takes, and whom that hits."""

    @property
    def changed(self) -> frozenset[str]:
        """The spec's top-level fields that differ; a PATCH sends these and no others."""
        return frozenset(str(change.path[0]) for change in self.fields if change.path)

    @property
    def manifest(self) -> Manifest[Any]:
        """The desired side, which every write but a delete has."""
        if self.desired is None:
            raise ValueError(f"{self.address}: nothing is desired")
        return self.desired

    @property
    def existing(self) -> Live[Any]:
        """The live side, which every write but a create has."""
        if self.live is None:
            raise ValueError(f"{self.address}: nothing is live")
        return self.live

    @property
    def key(self) -> Key:
        """The object's name on its platform."""
        return self.desired.key if self.desired else self.existing.key


@dataclass(frozen=True)
class Plan:
    """Every manifest's change, those with nothing to do too, and what is to be deleted, in the order of apply."""

    environment: str
    changes: tuple[Change, ...]
    notices: tuple[str, ...] = ()
    """What a reader should know though it changes nothing, e.g. that an override has run out."""
    forgotten: tuple[Address, ...] = ()
    """What was ours and is gone from its platform: the inventory drops it."""
    breaches: tuple[str, ...] = ()
    """The limits of the environment that it exceeds, one sentence each."""
    protection: tuple[tuple[Address, bool], ...] = ()
    """What becomes protected, or is no longer: only apply writes that down."""
    verdicts: tuple[Violation, ...] = ()
    """The project's policies that it breaks."""
    chains: tuple[Chain, ...] = ()
    """For each deployment, whether its runs will start once it is applied."""

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(change for change in self.changes if change.action is not Action.NONE)

    @property
    def affected(self) -> tuple[AffectedRun, ...]:
        """The flow runs that it affects, each once."""
        return tuple(run for change in self.changes for run in change.impact)

    @property
    def denials(self) -> tuple[Violation, ...]:
        """The verdicts for which it may not be applied."""
        return tuple(verdict for verdict in self.verdicts if verdict.severity is Severity.DENY)

    @property
    def is_empty(self) -> bool:
        """Whether applying it changes nothing, be it only whose an object is or whether it is protected."""
        return not (self.pending or self.protection or any(change.adopts for change in self.changes))

    def count(self, action: Action) -> int:
        """How many changes do `action`."""
        return sum(change.action is action for change in self.changes)


class Result(StrEnum):
    """How one change ended."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"  # something that it refers to failed
    SKIPPED = "skipped"  # apply was interrupted before its turn, or before it was seen to be ready


@dataclass(frozen=True)
class Outcome:
    """What became of one change."""

    change: Change
    result: Result
    problem: Problem | None = None
    """Why it failed or was blocked."""
    seconds: float = 0.0
    stale: bool = False
    """A saved plan shows it otherwise than it is by now: to apply that again is of no use."""


Ids = Mapping[Key, str]
"""Platform ids by key: what a write needs to link objects that the platform links by id."""

Manifests = Sequence[Manifest[Any]]
