"""The commands of docs/guides/other-ci.md, GitLab's jobs and the pre-commit hooks, as they stand there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import yaml
from support.commands import Workdir

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "guides" / "other-ci.md").read_text()
COMMANDS = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
[HOOKS_OF_THE_GUIDE] = [text for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL) if "hooks:" in text]
GITLAB = yaml.safe_load((ROOT / "examples" / "gitlab" / ".gitlab-ci.yml").read_text())
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}


@pytest.fixture
def project(tmp_path, prefect_server):
    """The example for GitHub, with names that no other test uses."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / "github", folder)
    name = f"ci{uuid.uuid4().hex[:8]}"
    for file in [folder / "pfa-gitops.yaml", *(folder / "manifests").iterdir()]:
        file.write_text(file.read_text().replace("reports", name).replace("daily-report", f"{name}-daily"))
    return Workdir(folder, {**prefect_server.environment, "ENVIRONMENT": "prod"})


def shell(project, script):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=project.folder,
        env={**project.whole_environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def test_the_commands_of_the_guide(project):
    assert len(COMMANDS) == 4
    for script in COMMANDS:
        done = shell(project, script)
        assert done.returncode == 0, done.stderr
    marker = (project.folder / "comment.md").read_text().splitlines()[0]
    assert marker.startswith("<!-- pfa-gitops: ci")
    assert (project.folder / "plan.md").read_text().startswith(marker)
    assert "### Apply for" in (project.folder / "apply.md").read_text()


@pytest.mark.slow  # the same commands in other words
def test_gitlabs_jobs(project):
    for name in ("validate", "plan", "apply", "drift"):
        job = GITLAB[name]
        done = shell(project, "\n".join(job["script"]))
        assert done.returncode == 0, done.stderr
        kept = job.get("artifacts", {})
        for path in [*kept.get("paths", ()), *kept.get("reports", {}).values()]:
            assert (project.folder / path).is_file(), path


def test_the_hooks(project):
    [repository] = yaml.safe_load(HOOKS_OF_THE_GUIDE)["repos"]
    nested = project.folder.parent / "deploy"
    project.folder.rename(nested)
    above = Workdir(nested.parent, project.environment)
    for named in repository["hooks"]:
        hook = HOOKS[named["id"]]
        done = shell(above, shlex.join([*shlex.split(hook["entry"]), *named["args"]]))
        assert done.returncode == 0, done.stderr
    assert (nested / "schemas" / "Deployment.json").is_file()
    (nested / "manifests" / "deployment.yaml").write_text("kind: Deploymen\n")
    hook, args = HOOKS["pfa-gitops-validate"], repository["hooks"][0]["args"]
    refused = shell(above, shlex.join([*shlex.split(hook["entry"]), *args]))
    assert refused.returncode == 1
    assert "deploy/manifests/deployment.yaml:1" in refused.stderr


@pytest.mark.parametrize(
    ("path", "hooks"),
    [
        ("deploy/manifests/a.yaml", ["pfa-gitops-validate"]),
        ("manifests/a.yaml.j2", ["pfa-gitops-validate"]),
        ("flows/a.py", ["pfa-gitops-validate"]),
        ("deploy/schemas/WorkPool.json", ["pfa-gitops-schemas"]),
        (".pre-commit-config.yaml", ["pfa-gitops-validate", "pfa-gitops-schemas"]),
        ("README.md", []),
    ],
)
def test_which_files_wake_a_hook(path, hooks):
    assert [name for name, hook in HOOKS.items() if re.search(hook["files"], path)] == hooks
