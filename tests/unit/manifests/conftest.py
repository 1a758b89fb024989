"""Kinds that need no platform, and workspaces written for one test."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, field_validator

from pfa_gitops.manifests.pipeline import Workspace, read_workspace
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.references import Embeds, ItemOf, RefTo
from pfa_gitops.model.secrets import EnvValue, SecretRef
from pfa_gitops.model.values import Action, Change, Ids, Key, Live, Manifest, NamedSpec, Spec
from pfa_gitops.platforms.base import Completed, Flaw, Kind, Observation

PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: test}\n"


class QueueSpec(Spec):
    name: str
    """What the queue is called."""
    priority: int | None = Field(default=None, ge=1)


class PoolSpec(NamedSpec):
    type: str = "process"
    limit: int | None = Field(default=None, ge=0)
    """How many runs may run at once."""
    queues: list[QueueSpec] = Field(default_factory=list)


class NodeSpec(Spec):
    machine: str
    """The machine's type."""
    count: int = 1


class ShapeSpec(NamedSpec):
    head: NodeSpec | None = None
    workers: list[NodeSpec] = Field(default_factory=list)


class CronSpec(Spec):
    cron: str
    """When, as five fields."""
    timezone: str | None = None


class IntervalSpec(Spec):
    every: float
    """How often, in seconds."""
    starts: datetime | None = None


class JobSpec(NamedSpec):
    entrypoint: str
    """The file and the function, e.g. `flows/count.py:count_to`. Relative to the project."""
    pool: Annotated[str | None, RefTo("Pool", rewritten_on=frozenset({Action.REPLACE}))] = None
    """The pool that runs it."""
    queue: Annotated[str | None, ItemOf("pool", "queues", frozenset({"default"}))] = None
    shape: Annotated[str, RefTo("Shape", r"(?P<name>[^:]+)(:\d+)?")] | NodeSpec | None = None
    """A shape by name, or written out."""
    after: list[Annotated[str, RefTo("Job")]] = Field(default_factory=list)
    store: Annotated[str, RefTo("Block", optional=True)] | None = None
    secret_store: Annotated[str, RefTo("Block")] | None = None
    env: dict[str, EnvValue] = Field(default_factory=dict)
    token: SecretRef | None = None
    mode: Literal["fast", "careful"] = "fast"
    schedules: list[CronSpec | IntervalSpec] = Field(default_factory=list)
    retries: int | dict[str, int] | None = None
    data: Annotated[Any, Embeds("Block", r"\{\{ *blocks\.(?P<name>[a-z0-9-]+\.[a-z0-9-]+) *\}\}")] = None

    @field_validator("entrypoint")
    @classmethod
    def _file_and_function(cls, value: str) -> str:
        if ":" not in value:
            raise ValueError("name a file and a function, as in `flows/count.py:count_to`")
        return value


class BlockSpec(NamedSpec):
    type: str
    data: dict[str, Any] = Field(default_factory=dict)


class OfflineKind(Kind[Any, None]):
    """The whole contract but the platform, which no test of manifests asks."""

    platform = "none"
    spec_class: type[Spec]

    @property
    def spec(self) -> type[Any]:
        return self.spec_class

    async def observe(self, client: None, wanted: Sequence[Manifest[Any]]) -> Observation:
        raise AssertionError("manifests ask no platform")

    async def create(self, client: None, change: Change, ids: Ids) -> str:
        raise AssertionError("manifests ask no platform")

    async def update(self, client: None, change: Change, ids: Ids) -> None:
        raise AssertionError("manifests ask no platform")

    async def delete(self, client: None, live: Live[Any]) -> None:
        raise AssertionError("manifests ask no platform")


class PoolKind(OfflineKind):
    name, summary, spec_class = "Pool", "a pool of workers", PoolSpec


class ShapeKind(OfflineKind):
    name, summary, spec_class = "Shape", "the shape of a cluster", ShapeSpec


class JobKind(OfflineKind):
    name, summary, spec_class = "Job", "a job", JobSpec

    def complete(self, spec: JobSpec, root: Path) -> Completed[Any]:
        """The name is the function's; the file must be there."""
        file, _, function = spec.entrypoint.partition(":")
        if not (root / file).is_file():
            return Completed(spec, [Flaw(("entrypoint",), f"there is no file {file}", "correct the path")])
        return Completed(spec if spec.name else spec.model_copy(update={"name": function}))

    def key(self, name: str, spec: JobSpec) -> Key:
        return Key("Job", f"{spec.name}/{name}")

    def check(self, manifest: Manifest[Any]) -> Iterable[Problem]:
        for name in manifest.spec.env:
            if name != name.upper():
                yield manifest.problem(("env", name), f"`{name}` is not in capitals", f"write `{name.upper()}`")


class BlockKind(OfflineKind):
    name, summary, spec_class = "Block", "a block", BlockSpec

    def key(self, name: str, spec: BlockSpec) -> Key:
        return Key("Block", f"{spec.type}/{spec.name or name}")


KINDS: Mapping[str, Kind[Any, Any]] = {kind.name: kind for kind in (BlockKind(), JobKind(), PoolKind(), ShapeKind())}

Read = Callable[..., Workspace]
Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def kinds() -> Mapping[str, Kind[Any, Any]]:
    return KINDS


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write files into an empty directory, which becomes the working directory: places are relative to it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in {"flows/a.py": "", **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return Path()

    return write_files


@pytest.fixture
def read(write: Write) -> Read:
    """Write files, with a plain project where they bring none, and read them."""

    def read_files(files: Mapping[str, str], environment: str | None = None, **given: Any) -> Workspace:
        directory = write({"pfa-gitops.yaml": PROJECT, **files})
        environ, git = given.pop("environ", {}), given.pop("git", {})
        return read_workspace(directory, environment, KINDS, environ, git, **given)

    return read_files
