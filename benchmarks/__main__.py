"""Deploys the same flows with `prefect deploy --all` and with `pfa-gitops apply`, twice each, against one server.

Run by `make bench`. The figures are seconds of this machine at this moment; only the ratio travels.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEPLOYMENTS = int(os.environ.get("BENCH_DEPLOYMENTS", "20"))
TIMEOUT_S = 1800  # for a command that hangs; the slowest takes a minute or two
BIN = Path(sys.executable).parent
FLOW = "from prefect import flow\n\n\n@flow\ndef f{number}(x: int = 1):\n    return x\n"


def main() -> None:
    """Print a table: first time and again, peer and ours, and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_flows(folder)
        write_prefect_yaml(folder)
        write_manifests(folder)
        run(folder, "pfa-gitops", "local", "up", "--prefect-port", "0", "--anyscale-port", "0")
        try:
            compare(folder, variables(folder))
        finally:
            run(folder, "pfa-gitops", "local", "down", "--delete-data")


def compare(folder: Path, environment: dict[str, str]) -> None:
    """Time both ways in turn. The pool is made before, so that it counts for nobody."""
    run(folder, "prefect", "work-pool", "create", "bench", "--type", "process", environment=environment)
    peer = ("prefect", "--no-prompt", "deploy", "--all")
    ours = ("pfa-gitops", "apply", "--auto-approve", "--quiet")
    print(f"{DEPLOYMENTS} deployments      prefect deploy   pfa-gitops apply   ratio")
    for title in ("first time", "nothing changed"):
        theirs_s, ours_s = run(folder, *peer, environment=environment), run(folder, *ours, environment=environment)
        print(f"{title:<22} {theirs_s:>12.1f} s {ours_s:>16.1f} s {theirs_s / ours_s:>6.1f}x")


def run(folder: Path, program: str, *arguments: str, environment: dict[str, str] | None = None) -> float:
    """Run a command and return its seconds."""
    begin = time.monotonic()
    output(folder, program, *arguments, environment=environment)
    return time.monotonic() - begin


def output(folder: Path, program: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints. It sees no Prefect and no Anyscale but the one of `environment`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ANYSCALE_"))}
    done = subprocess.run(
        [str(BIN / program), *arguments],
        cwd=folder,
        env={**kept, "PREFECT_HOME": str(folder / "home"), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{program} {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def variables(folder: Path) -> dict[str, str]:
    """What `pfa-gitops local env` says."""
    return dict(json.loads(output(folder, "pfa-gitops", "local", "env", "--format", "json"))["variables"])


def write_flows(folder: Path) -> None:
    """One file per flow, which both sides read."""
    for number in range(DEPLOYMENTS):
        (folder / f"flow{number}.py").write_text(FLOW.format(number=number))


def write_prefect_yaml(folder: Path) -> None:
    """The peer's project file. JSON is YAML."""
    deployments = [
        {
            "name": "theirs",
            "entrypoint": f"flow{number}.py:f{number}",
            "work_pool": {"name": "bench"},
            "schedules": [{"cron": "0 3 * * *", "slug": "nightly"}],
        }
        for number in range(DEPLOYMENTS)
    ]
    pull = [{"prefect.deployments.steps.set_working_directory": {"directory": str(folder)}}]
    (folder / "prefect.yaml").write_text(json.dumps({"name": "bench", "pull": pull, "deployments": deployments}))


def write_manifests(folder: Path) -> None:
    """Our project: the same deployments under another name."""
    project = {"manifests": ["ours.yaml"], "external": ["WorkPool/bench"]}
    (folder / "pfa-gitops.yaml").write_text(document("Project", "bench", project))
    texts = [
        document(
            "Deployment",
            f"ours-{number}",
            {
                "name": "ours",
                "entrypoint": f"flow{number}.py:f{number}",
                "work_pool": "bench",
                "path": str(folder),
                "schedules": [{"cron": "0 3 * * *", "slug": "nightly"}],
            },
        )
        for number in range(DEPLOYMENTS)
    ]
    (folder / "ours.yaml").write_text("\n---\n".join(texts))


def document(kind: str, name: str, spec: dict[str, object]) -> str:
    """One manifest, as JSON, which is YAML."""
    return json.dumps({"apiVersion": "pfa-gitops/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})


if __name__ == "__main__":
    main()
