"""An example of this repository, applied to real servers, with a worker of its own on the pool that it has made."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.anyscale_emulator import PATIENCE_S, AnyscaleEmulator
from support.commands import Workdir
from support.prefect_server import PrefectServer
from support.prefect_worker import Workplace

EXAMPLES = Path(__file__).parents[2] / "examples"
_QUICK = {
    "PREFECT_WORKER_QUERY_SECONDS": "0.5",
    "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.3",
    "PFA_GITOPS_JOB_POLL_SECONDS": "1",
}


class ExampleProject(Workplace):
    """A copy of an example. Its pool is made by `apply`, as everything else of it."""

    def __init__(self, name: str, folder: Path, server: PrefectServer, emulator: AnyscaleEmulator) -> None:
        self.server, self.emulator, self.folder = server, emulator, folder
        self.log = folder.parent / f"{name}-worker.log"
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(".pfa-gitops", "__pycache__"))
        self.environment = {**server.environment, **emulator.env}
        self.commands = Workdir(folder, self.environment)

    def apply(self, **environment: str) -> None:
        """Apply, and see that nothing is left to do."""
        applied = self.commands.pfa("apply", "--auto-approve", **environment)
        assert applied.returncode == 0, applied.stderr + applied.stdout
        planned = self.commands.pfa("plan", "--detailed-exitcode", **environment)
        assert planned.returncode == 0, planned.stdout + planned.stderr

    @contextmanager
    def worker(self, pool: str, *options: str, program: str = sys.executable, **settings: str) -> Iterator[None]:
        """A worker of type `anyscale` while the block lasts."""
        command = [program, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "anyscale", *options]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, env={**self._whole_environment(), **_QUICK, **settings}, stdout=log, stderr=log
            )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE_S)
            finally:
                process.kill()

    def python(self, *arguments: str) -> str:
        """Run Python to its end; what it prints."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self._whole_environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _whole_environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return {**inherited, **self.environment}

    def id_of(self, deployment: str) -> str:
        """The id of a deployment, by FLOW/NAME."""
        return str(self.server.get(f"/deployments/name/{deployment}")["id"])

    def runs_of(self, deployment: str) -> list[Mapping[str, Any]]:
        """The runs of a deployment, by FLOW/NAME."""
        return list(self.server.post("/flow_runs/filter", {"deployments": {"id": {"any_": [self.id_of(deployment)]}}}))
