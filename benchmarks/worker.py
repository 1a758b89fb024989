"""What one worker costs: 200 living jobs watched, and a run's way from its pick-up to its job.

The peer of the second is what prefect-anyscale did: a process of the `anyscale` command for each run.
`python -m benchmarks.worker`
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, Size, run, table
from benchmarks.projects import POOL
from benchmarks.servers import stack

ROUNDS = 10
TICK_S = 5.0
PATIENCE_S = 900.0
LISTING = "/api/v2/decorated_ha_jobs/"


class Stack:
    """The servers of one local stack, asked by HTTP."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def prefect(self, method: str, path: str, body: Any = None) -> Any:
        """One request to Prefect."""
        return _ask(self.environment["PREFECT_API_URL"] + path, method, body, {})

    def anyscale(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the emulator."""
        cookie = {"Cookie": f"cli_token={self.environment['ANYSCALE_CLI_TOKEN']}"}
        return _ask(self.environment["ANYSCALE_HOST"] + path, method, body, cookie)


def rows(size: Size) -> Iterator[Row]:
    """Both."""
    jobs, submits = size.of(200, 4), size.of(10, 2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stack(folder) as environment:
            servers = Stack(environment)
            deployment = deploy(servers)
            with worker(folder, servers) as process:
                ours = [time_of_pick_up(servers, deployment) for _ in range(submits)]
                start(servers, deployment, jobs - submits)
                watched = watch(servers, process, folder)
            theirs = [time_of_command(folder, servers) for _ in range(max(1, submits // 3))]
    watching = f"worker: a look at {jobs} living jobs"
    yield Row(f"{watching}, requests", "one", [watched["requests"]], [1.0], at_most=1.0, unit="")
    yield Row(watching, "the limit", [watched["look_s"]], [1.0], at_most=1.0)
    yield Row(f"{watching}, memory", "the limit", [watched["memory_mb"]], [400.0], at_most=1.0, unit="MB")
    yield Row("worker: from pick-up to submitted", "`anyscale job submit` per run", ours, theirs, at_most=0.2)


def deploy(servers: Stack) -> str:
    """A pool and a deployment whose jobs only sleep; the deployment's id."""
    documents = Path(__file__).parents[1] / "pfa_gitops" / "platforms" / "prefect" / "runner_documents.json"
    template = json.loads(documents.read_text())["base_job_template"]
    servers.prefect("POST", "/work_pools/", {"name": POOL, "type": "anyscale", "base_job_template": template})
    flow = servers.prefect("POST", "/flows/", {"name": "sleeper"})
    body = {"name": "bench", "flow_id": flow["id"], "work_pool_name": POOL, "entrypoint": "none.py:none"}
    body |= {"job_variables": {"command": "sleep 3600"}}
    return str(servers.prefect("POST", "/deployments/", body)["id"])


def start(servers: Stack, deployment: str, number: int) -> list[str]:
    """Create runs, and wait until each has a job that runs; their ids."""
    path = f"/deployments/{deployment}/create_flow_run"
    ids = [str(servers.prefect("POST", path, {"state": {"type": "SCHEDULED"}})["id"]) for _ in range(number)]
    for run_id in ids:
        until(lambda run_id=run_id: servers.prefect("GET", f"/flow_runs/{run_id}")["infrastructure_pid"])
    return ids


@contextmanager
def worker(folder: Path, servers: Stack) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker, warmed up by one run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ANYSCALE_"))}
    own = {
        "PREFECT_HOME": str(folder / "worker-home"),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PFA_GITOPS_JOB_POLL_SECONDS": str(TICK_S),
        "PFA_GITOPS_WORKER_STATUS": str(folder / "status.json"),
    }
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "anyscale"]
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env={**kept, **servers.environment, **own}, stdout=log, stderr=log)
    try:
        until((folder / "status.json").exists)
        yield process
    finally:
        process.terminate()
        process.wait()


def time_of_pick_up(servers: Stack, deployment: str) -> float:
    """Seconds from the moment that Prefect called the run Pending to the moment that Anyscale had its job."""
    (run_id,) = start(servers, deployment, 1)
    states = servers.prefect("GET", f"/flow_run_states/?flow_run_id={run_id}")
    pending = min(_moment(state["timestamp"]) for state in states if state["type"] == "PENDING")
    (job,) = servers.anyscale("GET", f"{LISTING}?tag_filter=flow_run_id:{run_id}")["results"]
    return (_moment(job["created_at"]) - pending).total_seconds()


def time_of_command(folder: Path, servers: Stack) -> float:
    """Seconds that the seed's way takes for one run, a command's process."""
    config = folder / "job.yaml"
    config.write_text(json.dumps({"name": "theirs", "entrypoint": "sleep 1", "max_retries": 0}))
    return run(["anyscale", "job", "submit", "--config-file", config], folder, servers.environment).seconds


def watch(servers: Stack, process: "subprocess.Popen[bytes]", folder: Path) -> dict[str, float]:
    """What some rounds of looks at all jobs cost."""
    status = folder / "status.json"
    first = json.loads(status.read_text())["ticks"]
    servers.anyscale("DELETE", "/_emulator/requests")
    until(lambda: json.loads(status.read_text())["ticks"] >= first + ROUNDS)
    asked = [one for one in servers.anyscale("GET", "/_emulator/requests") if one["method"] == "GET"]
    rounds = json.loads(status.read_text())["ticks"] - first
    memory = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return {
        "requests": len(asked) / rounds,
        "look_s": float(json.loads(status.read_text())["tick_s"]),
        "memory_mb": int(memory[1]) / 1024 if memory else float("nan"),
    }


def until(what: Callable[[], Any]) -> None:
    """Wait until it is true."""
    give_up = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > give_up:
            sys.exit("the benchmark's worker makes no progress")
        time.sleep(0.2)


def _ask(url: str, method: str, body: Any, headers: dict[str, str]) -> Any:
    content = None if body is None else json.dumps(body).encode()
    for attempt in range(30):
        request = urllib.request.Request(url, content, {"Content-Type": "application/json", **headers}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
            return json.loads(text) if text else None
        except urllib.error.HTTPError as error:  # Prefect on SQLite answers 503 now and then
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            time.sleep(0.05 * (attempt + 1))
    sys.exit(f"{method} {url}: 503 after all tries")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


if __name__ == "__main__":
    print(table(rows(Size.asked())))
