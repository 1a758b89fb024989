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

from support.anyscale_emulator import PATIENCE_S, AnyscaleEmulator
from support.prefect_server import PrefectServer

from pfa_gitops.runner.documents import FILE

DOCUMENTS = json.loads(FILE.read_text())
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class Workplace:
    """One pool on a Prefect server whose runs become jobs on an emulator."""

    def __init__(self, server: PrefectServer, emulator: AnyscaleEmulator, folder: Path, pool: str) -> None:
        self.server, self.emulator, self.folder, self.pool = server, emulator, folder, pool
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self.log = folder / f"{pool}.log"
        template = DOCUMENTS["base_job_template"]
        made = server.post("/work_pools/", {"name": pool, "type": "anyscale", "base_job_template": template})
        self.pool_id = str(made["id"])

    def start_worker(self, settings: Mapping[str, str], name: str = "tester", limit: int | None = None) -> None:
        """Start a worker as a process of its own. Several of them have names of their own."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", self.pool, "--type", "anyscale"]
        limited = [] if limit is None else ["--limit", str(limit)]
        with self.log.open("ab") as log:
            self._workers[name] = subprocess.Popen(
                [*command, "--name", name, "--no-create-pool-if-not-found", *limited],
                env={**inherited, **self.server.environment, **self.emulator.env, **_QUICK, **settings},
                stdout=log,
                stderr=log,
                preexec_fn=_as_a_script_would,  # noqa: PLW1509 - the tests start workers from their one thread
            )

    def stop_worker(self, name: str = "tester", number: int = signal.SIGTERM) -> float:
        """Send a worker a signal and wait for its end; the seconds that it took."""
        if (worker := self._workers.pop(name, None)) is None:
            return 0.0
        began = time.monotonic()
        worker.send_signal(number)
        try:
            worker.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        return time.monotonic() - began

    def stop_workers(self) -> None:
        """End all of them at once."""
        for name in list(self._workers):
            self.stop_worker(name, signal.SIGKILL)

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

    def jobs(self, run_id: str) -> list[dict[str, Any]]:
        """All jobs that a run ever got, as the emulator keeps them."""
        query = f"tag_filter=flow_run_id:{run_id}&archive_status=ALL"
        found = self.emulator.call("GET", f"/api/v2/decorated_ha_jobs/?{query}")["results"]
        return [self.emulator.job(job["id"]) for job in found]

    def states(self, run_id: str) -> list[str]:
        """The types of the states that a run went through."""
        return [state["type"] for state in self.server.get(f"/flow_run_states/?flow_run_id={run_id}")]

    def light(self, name: str, until: float | Path = 0.0, **variables: Any) -> str:
        """A deployment whose job tells Prefect by REST that its flow runs and completes; the deployment's id.

        Unlike a flow's process it starts at once. It runs for some seconds, or until a file is there.
        """
        script = self.folder / "light.py"
        script.write_text(_LIGHT)
        command = f"{sys.executable} {script} {until}"
        return self.deployment(name, "", {"command": command, **variables})

    def logs(self, run_id: str) -> str:
        wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC"}
        return "\n".join(line["message"] for line in self.server.post("/logs/filter", wanted))


def _as_a_script_would() -> None:
    """A shell that runs a script starts what it puts into the background with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


_QUICK = {
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.5",
    "PFA_GITOPS_JOB_POLL_SECONDS": "1",
}

_LIGHT = """
import json, os, sys, time, urllib.request

def tell(kind):
    url = os.environ["PREFECT_API_URL"] + "/flow_runs/" + os.environ["PREFECT__FLOW_RUN_ID"] + "/set_state"
    body = json.dumps({"state": {"type": kind}}).encode()
    for attempt in range(600):
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["status"]
        except OSError:
            time.sleep(0.2)

print("told RUNNING:", tell("RUNNING"), flush=True)
if "/" in sys.argv[1]:
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.1)
else:
    time.sleep(float(sys.argv[1]))
print("told COMPLETED:", tell("COMPLETED"), flush=True)
"""
