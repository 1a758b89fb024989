"""A project's folder and the servers that it is applied to, each behind a middleman. The commands run in this process.

Objects are given as a mapping from address to spec, e.g. {"Variable/a": {"value": 1}}.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from support.anyscale_emulator import TOKEN, AnyscaleEmulator
from support.middleman import ANYSCALE_READS, PASSES, PREFECT_READS, Judge, Middleman, Noted, middleman
from support.prefect_server import PrefectServer

from pfa_gitops.cli.app import main

API_VERSION = "pfa-gitops/v1"

Objects = Mapping[str, Mapping[str, Any]]
"""Specs by address."""


@dataclass(frozen=True)
class Version:
    """What the manifests say at one time."""

    objects: Objects
    moved: Mapping[str, str] = field(default_factory=dict)
    """New addresses by former ones."""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


@dataclass
class LiveProject:
    """One project in one environment."""

    name: str
    folder: Path
    prefect: Middleman
    anyscale: Middleman
    external: Sequence[str] = ()

    def write(self, version: Version) -> None:
        """Put the manifests into the folder, instead of those that were there."""
        manifests = self.folder / "manifests"
        manifests.mkdir(parents=True, exist_ok=True)
        (self.folder / "token").write_text(TOKEN)
        (self.folder / "pfa-gitops.yaml").write_text(yaml.safe_dump(self._project(version)))
        documents = [_document(address, spec) for address, spec in version.objects.items()]
        (manifests / "all.yaml").write_text(yaml.safe_dump_all(documents) if documents else "# nothing\n")

    def _project(self, version: Version) -> dict[str, Any]:
        environment = {
            "default": True,
            "prefect": {"api_url": f"{self.prefect.url}/api"},
            "anyscale": {"host": self.anyscale.url, "cli_token": {"from_file": "token"}},
        }
        moved = [{"from": former, "to": new} for former, new in version.moved.items()]
        spec = {"environments": {"dev": environment}, "moved": moved, "external": list(self.external)}
        return {"apiVersion": API_VERSION, "kind": "Project", "metadata": {"name": self.name}, "spec": spec}

    def run(self, *arguments: str) -> Done:
        """Run a command to its end, as its process would."""
        stdout, stderr = io.StringIO(), io.StringIO()
        with redirect_stdout(stdout), redirect_stderr(stderr):
            try:
                main([*arguments, "-C", str(self.folder), "--format", "json"])
            except SystemExit as end:
                code = int(end.code or 0)
        done = Done(code, stdout.getvalue(), stderr.getvalue())
        assert "this is a defect" not in done.stderr.lower(), done.stderr
        return done

    def try_apply(self, version: Version) -> Done:
        self.write(version)
        return self.run("apply", "--auto-approve", "--ignore-limits", "--lock-timeout", "60")

    def apply(self, version: Version) -> dict[str, str]:
        """Apply; what was done by address."""
        done = self.try_apply(version)
        assert done.code == 0, done.stderr
        outcomes = done.document["outcomes"]
        assert [outcome for outcome in outcomes if outcome["result"] != "done"] == []
        return {outcome["address"]: outcome["action"] for outcome in outcomes}

    def destroy(self) -> None:
        done = self.run("destroy", "--auto-approve")
        assert done.code == 0, done.stderr

    def expect_nothing_to_do(self, version: Version) -> None:
        """A plan finds nothing, and a second apply writes nothing, not even a lock."""
        self.write(version)
        planned = self.run("plan", "--detailed-exitcode")
        assert planned.code == 0, planned.stderr + planned.stdout
        self.forget()
        again = self.run("apply", "--auto-approve")
        assert again.code == 0, again.stderr
        assert [str(noted) for noted in self.writes] == []

    @contextmanager
    def judged(self, judge: Judge) -> Iterator[None]:
        """Both servers behave as `judge` says meanwhile."""
        self.prefect.judge = self.anyscale.judge = judge
        try:
            yield
        finally:
            self.prefect.judge = self.anyscale.judge = lambda asked: PASSES

    @property
    def writes(self) -> list[Noted]:
        """The writes since `forget`, in the order of their end."""
        return sorted([*self.prefect.writes, *self.anyscale.writes], key=lambda noted: noted.ended)

    def forget(self) -> None:
        self.prefect.log.clear()
        self.anyscale.log.clear()


def _document(address: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    kind, _, name = address.partition("/")
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


@contextmanager
def live_project(
    name: str,
    folder: Path,
    server: PrefectServer,
    emulator: AnyscaleEmulator | None = None,
    external: Sequence[str] = (),
) -> Iterator[LiveProject]:
    """A project without objects. Without an emulator, what it sends to Anyscale is an error."""
    with ExitStack() as stack:
        prefect = stack.enter_context(middleman(server.url.removesuffix("/api"), PREFECT_READS))
        behind = emulator.url if emulator else "http://127.0.0.1:9"
        anyscale = stack.enter_context(middleman(behind, ANYSCALE_READS))
        folder.mkdir(parents=True, exist_ok=True)
        yield LiveProject(name, folder, prefect, anyscale, external)
