"""Runs a composite action as GitHub's runner does: its `run:` steps by bash, with the files and variables they get.

The official actions between them are stood in for: artifacts are folders. Expressions are evaluated as far as
`action.yml` uses them; any other one fails the test.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support.github import REPOSITORY, TOKEN, GitHubStandIn

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
_TERM = re.compile(r"([\w.-]+) (==|!=) '([^']*)'")


@dataclass
class Job:
    """A job's workspace, its event, and what its steps left behind."""

    folder: Path
    github: GitHubStandIn
    artifacts: dict[str, Path]
    """By name, what was uploaded; jobs share it."""
    event_name: str
    event: Mapping[str, Any]
    commit: str
    environment: Mapping[str, str] = field(default_factory=dict)
    token: str = TOKEN
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    """The names of the steps that were run."""

    def use(self, workspace: Path, **inputs: str) -> int:
        """Run the whole action; the exit code of the step that failed, else 0."""
        known = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
        assert inputs.keys() <= {name.replace("-", "_") for name in known}
        given = {name: inputs.get(name.replace("-", "_"), known[name]) for name in known}
        context = {f"inputs.{name}": value for name, value in given.items()}
        context["inputs.token"] = self.token
        (self.folder / "temp").mkdir(parents=True, exist_ok=True)
        code = 0
        for step in ACTION["runs"]["steps"]:
            condition = step.get("if", "true")
            if (code and "cancelled" not in condition) or not _holds(condition, context):
                continue
            self.ran.append(step["name"])
            ended, outputs = self._run(step, context, workspace) if "run" in step else self._official(step, context)
            code = code or ended
            context |= {f"steps.{step.get('id')}.outputs.{name}": value for name, value in outputs.items()}
        for name, output in ACTION["outputs"].items():
            self.outputs[name] = _filled(output["value"], context)
        return code

    def _run(self, step: Mapping[str, Any], context: Mapping[str, str], workspace: Path) -> tuple[int, dict[str, str]]:
        """As the runner does it: the script is a file, and bash has -e and pipefail."""
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        files = {name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")}
        for file in files.values():
            file.write_text("")
        files["GITHUB_EVENT_PATH"].write_text(json.dumps(self.event))
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        variables = {name: _filled(value, context) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=workspace,
            env={**self._variables(), **{name: str(file) for name, file in files.items()}, **variables},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        self.log += _masked(done.stdout, done.stderr)
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        return done.returncode, _outputs(files["GITHUB_OUTPUT"].read_text())

    def _variables(self) -> dict[str, str]:
        named = {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ}
        return {
            **named,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_ACTOR": "mona",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_GRAPHQL_URL": f"{self.github.url}/graphql",
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_REF": "refs/pull/7/merge" if self.event_name == "pull_request" else "refs/heads/main",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "4711",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_SHA": self.commit,
            "RUNNER_TEMP": str(self.folder / "temp"),
            **self.environment,
        }

    def _official(self, step: Mapping[str, Any], context: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        name = step["uses"].partition("@")[0]
        given = {key: _filled(str(value), context) for key, value in step.get("with", {}).items()}
        if name == "actions/upload-artifact":
            kept = self.folder.parent / "artifacts" / given["name"]
            shutil.copytree(given["path"], kept, dirs_exist_ok=True)
            self.artifacts[given["name"]] = kept
        elif name == "actions/download-artifact":
            [found] = [one for one in self.github.artifacts if str(one["id"]) == given["artifact-ids"]]
            assert str(found["workflow_run"]["id"]) == given["run-id"]
            shutil.copytree(self.artifacts[found["name"]], given["path"], dirs_exist_ok=True)
        return 0, {}


def _masked(output: str, errors: str) -> str:
    """The log as people see it: the runner takes `::add-mask::` and strikes out what it names."""
    lines = output.splitlines(keepends=True)
    masks = [line.removeprefix("::add-mask::").strip() for line in lines if line.startswith("::add-mask::")]
    text = "".join(line for line in lines if not line.startswith("::add-mask::")) + errors
    for hidden in masks:
        text = text.replace(hidden.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%"), "***")
    return text


def _outputs(text: str) -> dict[str, str]:
    """Both forms of $GITHUB_OUTPUT: NAME=VALUE, and NAME<<END with lines up to END."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, heredoc, end = line.partition("<<")
        if heredoc:
            found[name] = "\n".join(iter(lambda: next(lines), end))
        else:
            name, _, found_value = line.partition("=")
            found[name] = found_value
    return found


def _filled(text: str, context: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: context.get(found[1], ""), text)


def _holds(condition: str, context: Mapping[str, str]) -> bool:
    """`a == 'b' && c != ''`, `!cancelled()`."""
    terms = condition.removeprefix("${{ ").removesuffix(" }}").split(" && ")
    return all(_term(term, context) for term in terms)


def _term(term: str, context: Mapping[str, str]) -> bool:
    if term in {"true", "!cancelled()"}:
        return True
    parts = _TERM.fullmatch(term)
    assert parts, f"no such expression here: {term}"
    return (context.get(parts[1], "") == parts[3]) == (parts[2] == "==")
