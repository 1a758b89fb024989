"""What a conversion makes: manifests, remarks on what changed or was lost, what the project must say. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Origin, Path
from pfa_gitops.model.values import API_VERSION

UNKNOWN = "FILL_IN"
"""The value of a project's variable that only the reader knows. Never empty, so that no plan hides it."""


class Sort(StrEnum):
    """What a remark asks of the reader."""

    REFUSED = "refused"  # no manifest was made of it
    LOST = "lost"  # it was left out
    OPEN = "open"  # it is for the reader to fill in or to do
    CHANGED = "changed"  # it was carried over in other words


class Remark(NamedTuple):
    """One thing that the reader must know."""

    sort: Sort
    problem: Problem


@dataclass(frozen=True)
class Made:
    """A manifest that was made, and where each of its values was written. Paths start at the spec."""

    address: Address
    spec: Mapping[str, Any]
    origins: Mapping[Path, Origin] = field(default_factory=dict)
    needs: Address | None = None
    """The manifest without which it means nothing."""
    adopt: bool = False
    """Whether the next apply takes the object over that is there already."""

    @property
    def document(self) -> dict[str, Any]:
        """The manifest as a file holds it."""
        made = manifest(self.address.kind, self.address.name, self.spec)
        return {**made, "metadata": {**made["metadata"], "adopt": True}} if self.adopt else made


@dataclass(frozen=True)
class Conversion:
    """All that came of one file."""

    manifests: tuple[Made, ...]
    project: Mapping[str, Any]
    """A Project document with what the manifests need."""
    remarks: tuple[Remark, ...]


class Report:
    """What is noted on the way: remarks, and what the project must say."""

    def __init__(self) -> None:
        self._remarks: list[Remark] = []
        self.env: set[str] = set()
        """Environment variables that the manifests read."""
        self.vars: dict[str, Any] = {}
        """Variables of the project that the manifests read."""
        self.refers: set[str] = set()
        """What the manifests refer to, as `Kind/name`; the name may be a template."""
        self._hidden: dict[str, str] = {}

    def hide(self, name: str, secret: str) -> str:
        """The environment variable that takes a secret's place: one for each secret."""
        base = re.sub(r"\W", "_", name).upper()
        variable, number = base, 2
        while self._hidden.setdefault(variable, secret) != secret:
            variable, number = f"{base}_{number}", number + 1
        self.env.add(variable)
        return variable

    def note(self, sort: Sort, message: str, mend: str, at: Origin | None, address: Address | None = None) -> None:
        """Add a remark."""
        self._remarks.append(Remark(sort, Problem(message, mend, at, address)))

    def take(self, sort: Sort, problems: Iterable[Problem]) -> None:
        """Add problems that somebody else found."""
        self._remarks.extend(Remark(sort, problem) for problem in problems)

    def forget(self, addresses: set[Address | None]) -> None:
        """Drop what was said of manifests that are refused, but for why."""
        self._remarks = [
            remark
            for remark in self._remarks
            if remark.sort is Sort.REFUSED or remark.problem.address is None or remark.problem.address not in addresses
        ]

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """Each remark once. What holds of several manifests at one place, as behind a YAML alias, names none."""
        found: dict[tuple[Any, ...], set[Address | None]] = {}
        for sort, problem in self._remarks:
            of = problem.address if problem.origin is None else None
            found.setdefault((sort, problem.message, problem.mend, problem.origin, of), set()).add(problem.address)
        return tuple(
            Remark(sort, Problem(message, mend, origin, next(iter(addresses)) if len(addresses) == 1 else None))
            for (sort, message, mend, origin, _), addresses in found.items()
        )


def manifest(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest as a file holds it."""
    head = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}}
    return {**head, "spec": dict(spec)} if spec else head


def manifest_name(text: str) -> str:
    """A text as `metadata.name` takes it."""
    name = re.sub(r"[^A-Za-z0-9_. -]+", "-", text)[:200].strip(" -.")
    return name or "unnamed"


def block_name(text: str) -> str:
    """A text as Prefect takes it as a block's name: lowercase letters, digits and dashes."""
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-") or "unnamed"
