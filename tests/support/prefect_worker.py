"""A real worker of type `anyscale` as a process of its own, and what it works on: a pool, blocks, deployments, runs."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.anyscale_emulator import AnyscaleEmulator
from support.prefect_server import PrefectServer

from pfa_gitops.runner.documents import FILE

DOCUMENTS = json.loads(FILE.read_text())
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class Workplace:
    """One pool on a Prefect server whose runs become jobs on an emulator."""

    def __init__(self, server: PrefectServer, emulator: AnyscaleEmulator, folder: Path, pool: str) -> None:
        self.server, self.emulator, self.folder, self.pool = server, emulator, folder, pool
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"{pool}.log"
        template = DOCUMENTS["base_job_template"]
        made = server.post("/work_pools/", {"name": pool, "type": "anyscale", "base_job_template": template})
        self.pool_id = str(made["id"])

    def start_worker(self, settings: Mapping[str, str]) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", self.pool, "--type", "anyscale"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--name", "tester", "--no-create-pool-if-not-found"],
                env={**inherited, **self.server.environment, **self.emulator.env, **_QUICK, **settings},
                stdout=log,
                stderr=log,
            )

    def stop_worker(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def block(self, slug: str, name: str, data: Mapping[str, Any]) -> str:
        """Save a block document as `apply` does; its id."""
        known = DOCUMENTS["blocks"][slug]
        kind = self.server.get(f"/block_types/slug/{slug}")
        schema = {"block_type_id": kind["id"], **{key: known["schema"][key] for key in ("fields", "version")}}
        schema_id = self.server.post("/block_schemas/", schema)["id"]
        document = {"name": name, "block_type_id": kind["id"], "block_schema_id": schema_id}
        return str(self.server.post("/block_documents/", {**document, "data": {"type": slug, **data}})["id"])

    def deployment(self, name: str, flow: str, job_variables: Mapping[str, Any]) -> str:
        """Write a flow's file and deploy it; the deployment's id. The flow's function is `run`."""
        path = self.folder / f"{name.replace('-', '_')}.py"
        path.write_text(textwrap.dedent(flow))
        flow_id = self.server.post("/flows/", {"name": name})["id"]
        step = {"prefect.deployments.steps.set_working_directory": {"directory": str(self.folder)}}
        body = {"name": "test", "flow_id": flow_id, "work_pool_name": self.pool, "entrypoint": f"{path.name}:run"}
        body |= {"pull_steps": [step], "job_variables": dict(job_variables)}
        return str(self.server.post("/deployments/", body)["id"])

    def run(self, deployment_id: str, **body: Any) -> str:
        """Start a run; its id."""
        pending = {"state": {"type": "SCHEDULED"}, **body}
        return str(self.server.post(f"/deployments/{deployment_id}/create_flow_run", pending)["id"])

    def flow_run(self, run_id: str) -> dict[str, Any]:
        return dict(self.server.get(f"/flow_runs/{run_id}"))

    def state(self, run_id: str) -> str:
        return str(self.flow_run(run_id)["state_type"])

    def wait(self, run_id: str, wanted: set[str], timeout_s: float = 300) -> dict[str, Any]:
        """Wait for one of the states; the run."""
        deadline = time.monotonic() + timeout_s
        while (run := self.flow_run(run_id))["state_type"] not in wanted:
            seen = f"{run['state']['name']}: {run['state']['message']}"
            assert run["state_type"] not in FINAL, seen
            assert time.monotonic() < deadline, f"{seen}\n{self.log.read_text()[-3000:]}"
            time.sleep(0.3)
        return run

    def job(self, run_id: str) -> dict[str, Any]:
        """The job of a run, as the emulator keeps it."""
        return self.emulator.job(str(self.flow_run(run_id)["infrastructure_pid"]))

    def job_tags(self, run_id: str) -> dict[str, str]:
        """The tags of a run's job."""
        job_id = self.flow_run(run_id)["infrastructure_pid"]
        query = f"resource_type=job&resource_id={job_id}"
        found = self.emulator.call("GET", f"/api/v2/tags/resource?{query}")["result"]["tags"]
        return {tag["key"]: tag["value"] for tag in found}

    def logs(self, run_id: str) -> str:
        wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC"}
        return "\n".join(line["message"] for line in self.server.post("/logs/filter", wanted))


_QUICK = {
    "PREFECT_WORKER_QUERY_SECONDS": "0.5",
    "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.3",
    "PFA_GITOPS_JOB_POLL_SECONDS": "0.3",
}
