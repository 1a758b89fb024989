"""Keeps secrets out of what is written: what platforms hold as secrets, and clear text that looks like one. Pure.

A secret becomes a reference. Clear text stays what it is to the platform, so that a reference would change it: the
manifest reads it from the environment of who plans.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from pfa_gitops.convert.secrets import looks_secret
from pfa_gitops.convert.templates import OPENER
from pfa_gitops.convert.values import Report, Sort
from pfa_gitops.model.places import Address, Path, show_path
from pfa_gitops.model.secrets import SOURCES, Concealed
from pfa_gitops.model.values import Spec

UNTELLING = frozenset(
    {"applications", "args", "data", "default", "env", "env_vars", "headers", "infra_overrides", "job_config"}
    | {"job_variables", "parameters", "runtime_env", "value"}
)
"""Parts of a path that say nothing of what stands there."""


HEADERS = re.compile(r"(?:^|_)(?:AUTHORIZATION|COOKIE|BEARER)$", re.IGNORECASE)
WORDS_MEET = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]")
TOKENS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|"
    r"\b(?:ghp|gho|github_pat|glpat|xox[abp]|pnu|pnb|aph0|sk)[-_][A-Za-z0-9_-]{16,}"
)
"""How secrets begin that well-known services hand out, Prefect and Anyscale among them."""


def _looks_secret(name: str, text: str) -> bool:
    """Whether a name says so, in any spelling: `apiKey`, `X-Api-Key`, `API_KEY`."""
    spelled = WORDS_MEET.sub("_", name)
    return looks_secret(spelled, text) or bool(HEADERS.search(spelled))


def _is_token(text: str) -> bool:
    return bool(TOKENS.search(text))


PLACEHOLDER = re.compile(r"\s*\{\{[^{}]*\}\}\s*")
"""A text that is nothing else: it holds no secret, it says where one is found."""


class Variables:
    """The names of the environment variables that take the places of secrets: one for each place."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, parts: Iterable[str]) -> str:
        """A name that nobody has yet, e.g. `DATABASE_PASSWORD`."""
        base = re.sub(r"\W+", "_", "_".join(parts), flags=re.ASCII).strip("_").upper()
        base = f"_{base}" if base[:1].isdigit() else base or "SECRET"
        name, number = base, 2
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        return name


def field_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The places of a spec that its classes declare: their names are ours, and may name secrets."""
    if isinstance(value, Spec):
        for name in type(value).model_fields:
            yield (*path, name)
            yield from field_paths(getattr(value, name, None), (*path, name))
    elif isinstance(value, Mapping | list):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from field_paths(item, (*path, key))


@dataclass(frozen=True)
class Hider:
    """Writes the values of one manifest, and notes what was hidden."""

    address: Address
    report: Report
    variables: Variables
    declared: Set[Path]
    """The places of the spec's own fields."""

    def spec(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The whole spec."""
        return {name: self._value(item, (name,)) for name, item in values.items()}

    def _value(self, value: Any, path: Path) -> Any:
        if isinstance(value, Concealed):
            return self._reference(path)
        if isinstance(value, Mapping):
            return {name: self._value(item, (*path, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, (*path, index)) for index, item in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def _reference(self, path: Path) -> dict[str, Any]:
        name = self._variable(path)
        message = f"{show_path(path)} is a secret, which is not read: the manifest refers to {name}"
        self._note(message, f"set {name}, or write where the secret is kept, e.g. {{from_aws_secret: …}}")
        return {"from_env": name}

    def _text(self, text: str, path: Path) -> str:
        if not text or not (
            _is_token(text) or (not PLACEHOLDER.fullmatch(text) and _looks_secret(self._key(path), text))
        ):
            return OPENER.sub('${{ "${" }}', text)
        name = self._variable(path)
        self.report.env.add(name)
        message = f"{show_path(path)} looks like a secret that stands in clear; its text is not copied"
        self._note(message, f"set {name}, which the manifest reads; better keep it in a secret store")
        return f"${{{{ env.{name} }}}}"

    def _note(self, message: str, mend: str) -> None:
        self.report.note(Sort.OPEN, message, mend, None, self.address)

    def _key(self, path: Path) -> str:
        """What the value is called, where that is a name that people gave."""
        if path == ("value",):
            return self.address.name
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        return "" if key in SOURCES or path in self.declared else key

    def _variable(self, path: Path) -> str:
        named = [part for part in path if isinstance(part, str) and part not in UNTELLING]
        return self.variables.name([self.address.name, *named])
