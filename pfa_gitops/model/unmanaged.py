"""What exists on the platforms, and whose it is. Pure."""

from dataclasses import dataclass

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Key, Owner, Touch


@dataclass(frozen=True)
class Stray:
    """One object that is not this project's."""

    key: Key
    id: str
    page: str
    """The URL of its page in the platform's console. Empty where it has none."""
    made: Touch | None
    touched: Touch | None
    owner: Owner | None
    """The project that it belongs to; None where it is nobody's."""
    made_by: str
    """What made it and keeps it, e.g. `Prefect itself`. Empty for what people made."""
    declared: Address | None
    """The manifest of this project that names it, and has not taken it over yet."""


@dataclass(frozen=True)
class StraysReport:
    """What is not this project's, by kind and name. `problems` are of platforms that could not be read."""

    environment: str
    strays: tuple[Stray, ...]
    notices: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    exit_code: int = 0
