"""A new version of an agent while runs keep coming: no gap between the two workers, and no run done twice or lost."""

import shlex
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from support.agent import agents_answer, deploy_agent, end_agent
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.prefect_server import PrefectServer
from support.prefect_worker import Workplace

pytestmark = pytest.mark.slow  # minutes

NAME = "agent-rolled-out"
FLOW = """
    from prefect import flow

    @flow
    def run():
        pass
    """
# What stands for `prefect flow-run execute`, as twenty of those would take minutes: it writes down that it ran,
# and says to Prefect that the run is done.
EXECUTE = """
import json, os, sys, time, urllib.request

run = os.environ["PREFECT__FLOW_RUN_ID"]
with open(sys.argv[1], "a") as done:
    done.write(run + "\\n")
completed = urllib.request.Request(
    os.environ["PREFECT_API_URL"] + "/flow_runs/" + run + "/set_state",
    json.dumps({"state": {"type": "COMPLETED"}, "force": True}).encode(), {"Content-Type": "application/json"})
for attempt in range(60):
    try:
        urllib.request.urlopen(completed)
        break
    except OSError:
        time.sleep(1)
"""


class Stream(threading.Thread):
    """Starts runs, one after the other, until it is stopped."""

    def __init__(self, place: Workplace, deployment: str) -> None:
        super().__init__(daemon=True)
        self.place, self.deployment = place, deployment
        self.runs: list[str] = []
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.wait(4):
            self.runs.append(self.place.run(self.deployment))

    def end(self) -> list[str]:
        self.ending.set()
        self.join()
        return self.runs


@pytest.fixture
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyscaleEmulator]:
    """The session's emulator has the address that the SDK of this process is bound to; a client of our own has not."""
    running = AnyscaleEmulator(tmp_path_factory.mktemp("rollout") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def place(prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path) -> Workplace:
    return Workplace(prefect_server, emulator, tmp_path, "rollout-pool")


def test_a_rollout_while_runs_keep_coming_loses_none_and_doubles_none(place: Workplace):
    quiet = {"PREFECT_LOGGING_TO_API_ENABLED": "false"}
    service = deploy_agent(place, NAME, {"worker": {"name": "first"}}, quiet)
    eventually(lambda: agents_answer(place.emulator, service).get("ready"), timeout_s=240)
    stream = streaming(place)
    eventually(lambda: len(done(place)) > 2)

    deploy_agent(place, NAME, {"worker": {"name": "second"}}, quiet)
    seen = watched(place, service)
    after = len(stream.runs)
    eventually(lambda: len(stream.runs) > after + 2)
    runs = stream.end()

    eventually(lambda: set(runs) <= set(done(place)))
    assert Counter(done(place)) == Counter(runs), "each run was executed once"
    jobs = [job for job in all_jobs(place) if job["run"] in runs]
    assert Counter(job["run"] for job in jobs) == Counter(runs), "each run had one job"
    assert {job["worker"] for job in jobs} == {"first", "second"}
    assert "both poll" in seen, f"the second was ready before the first was ended: {seen}"
    end_agent(place.emulator, NAME)


def streaming(place: Workplace) -> Stream:
    program = place.folder / "execute.py"
    program.write_text(EXECUTE)
    command = shlex.join([sys.executable, str(program), str(place.folder / "done")])
    stream = Stream(place, place.deployment("rolled", FLOW, {"infra": {}, "command": command}))
    stream.start()
    return stream


def watched(place: Workplace, service: str) -> list[str]:
    """Follow a rollout to its end; what was seen of the two workers, in that order."""
    seen: list[str] = []

    def over() -> bool:
        found = place.emulator.service(service)
        old, new = sorted(found["versions"], key=lambda version: version["created_at"])
        states = old["current_state"], new["current_state"]
        second = workers(place).get("second") == "ONLINE"
        now = {("RUNNING", True): "both poll", ("RUNNING", False): "the first polls"}.get((states[0], second), "over")
        if now not in seen:
            seen.append(now)
        assert states[0] == "RUNNING" or states[1] == "RUNNING", states
        return states == ("TERMINATED", "RUNNING")

    eventually(over, timeout_s=240)
    return seen


def workers(place: Workplace) -> dict[str, str]:
    found = place.server.post(f"/work_pools/{place.pool}/workers/filter")
    return {worker["name"]: worker["status"] for worker in found}


def done(place: Workplace) -> list[str]:
    """The runs that were executed, in that order, as often as they were."""
    path = place.folder / "done"
    return path.read_text().split() if path.exists() else []


def all_jobs(place: Workplace) -> list[dict[str, Any]]:
    found = place.emulator.call("GET", "/api/v2/decorated_ha_jobs/?count=100")
    jobs = found["results"]
    assert not found["metadata"]["next_paging_token"], "one page holds them all"
    environments = [job["config"]["runtime_env"]["env_vars"] for job in jobs]
    return [{"run": env["PREFECT__FLOW_RUN_ID"], "worker": env["PREFECT__WORKER_NAME"]} for env in environments]
