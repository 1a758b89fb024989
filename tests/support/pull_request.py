"""A pull request on a stand-in for GitHub: jobs that use the action on its commits, and on its merge."""

from dataclasses import dataclass, field
from pathlib import Path

from support.action_runner import Job
from support.github import REPOSITORY, GitHubStandIn

SECRET = "the-key-that-nobody-may-see"
PROJECT = """\
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: NAME}
spec:
  env: [PFA_TEST_KEY]
  environments:
    prod: {}
    staging: {}
"""
HEADS = ("a" * 40, "b" * 40, "c" * 40)
MERGE = "e" * 40


@dataclass
class World:
    """A checkout with a project in `deploy/`, GitHub, and the servers that the project is about."""

    folder: Path
    github: GitHubStandIn
    servers: dict[str, str]
    name: str
    artifacts: dict[str, Path] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    inputs: dict[str, str] = field(
        default_factory=lambda: {"working_directory": "deploy", "environment": "prod", "version": "installed"}
    )

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def write(self, text: str) -> None:
        (self.workspace / "deploy" / "manifests" / "all.yaml").write_text(text)

    def job(self, event_name: str, event: dict, commit: str = MERGE, **more) -> Job:
        folder = self.folder / f"job-{len(self.jobs)}"
        folder.mkdir()
        variables = {**self.servers, "PFA_TEST_KEY": SECRET}
        made = Job(folder, self.github, self.artifacts, event_name, event, commit, variables, **more)
        self.jobs.append(made)
        return made

    def plan(self, head: str, source: str = REPOSITORY, code: int = 0, **more) -> Job:
        """Plan pull request 7 at a commit, as `.github/workflows/gitops.yml` does."""
        pull = {"number": 7, "head": {"sha": head, "repo": {"full_name": source}}}
        job = self.job("pull_request", {"pull_request": pull}, "d" * 40, **more)
        assert job.use(self.workspace, **self.inputs) == code, job.log
        for name in self.artifacts.keys() - {one["name"] for one in self.github.artifacts}:
            self.github.add_artifact(name, head)
        return job

    def apply(self, code: int = 0, **inputs) -> Job:
        """Apply what the merge commit has."""
        job = self.job("push", {"before": "9" * 40}, MERGE)
        assert job.use(self.workspace, **{**self.inputs, "command": "apply", **inputs}) == code, job.log
        return job
