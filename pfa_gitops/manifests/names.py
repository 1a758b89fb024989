"""What a template may name: `vars`, `env`, `environment`, `git`, `project`. No I/O but what the caller injects."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pfa_gitops.model.credentials import CREDENTIALS

GitSource = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
"""What is known of the git checkout, or how to find out; asked only when a template wants to know."""


TOP = ("vars", "env", "environment", "git", "project")


class Refused(Exception):
    """A template asked for what it may not have."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


class Variables(Mapping[str, Any]):
    """`vars`: the project's, overlaid by the environment's."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class EnvironmentVariables(Mapping[str, str]):
    """`env`: only the names that the project allows. Notes which ones were asked for.

    No template reads a credential: what it gives is no secret, plans show it.
    """

    def __init__(self, values: Mapping[str, str], allowed: Collection[str] | None) -> None:
        self._values = values
        self._allowed = allowed
        self._asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        if name.upper() in CREDENTIALS:
            mend = f"say where a secret is kept, {{from_env: {name}}}, where a secret may stand"
            raise Refused(f"a template cannot read the secret {name}", mend)
        if self._allowed is not None and name not in self._allowed:
            mend = f"add {name} to spec.env in pfa-gitops.yaml"
            raise Refused(f"the project does not let manifests read the environment variable {name}", mend)
        self._asked.add(name)
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values and (self._allowed is None or name in self._allowed)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._allowed or () if name in self._values and name.upper() not in CREDENTIALS)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Git(Mapping[str, Any]):
    """`git`: branch, commit, short_commit, tag, dirty, as far as they are known."""

    def __init__(self, source: GitSource) -> None:
        self._source = source

    def _known(self) -> Mapping[str, Any]:
        if callable(self._source):
            self._source = self._source()
        return self._source

    def __getitem__(self, name: str) -> Any:
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())


@dataclass(frozen=True)
class Names:
    """All that one template may name."""

    vars: Mapping[str, Any]
    env: EnvironmentVariables
    environment: str
    git: Git
    project: Mapping[str, str]
    """`project.name`, and `project.directory`: the absolute path of the project's folder on this machine."""

    def context(self) -> dict[str, Any]:
        """For Jinja."""
        return {name: getattr(self, name) for name in TOP}


def asked(env: EnvironmentVariables) -> frozenset[str]:
    """The environment variables that templates asked for so far."""
    return frozenset(env._asked)
