"""An agent's worker without Serve and Prefect: real processes stand for it, which report as a worker does."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.runner.agent_arguments import AgentArguments
from pfa_gitops.runner.kept_worker import READY_SECONDS, SHUTDOWN_SECONDS, SILENT_SECONDS, KeptWorker, Limits
from pfa_gitops.runner.worker_process import Patience, WorkerDown
from pfa_gitops.runner.worker_status import VARIABLE

QUICK = Patience(deaths=3, soon_s=600, first_pause_s=0.01, longest_pause_s=0.05, grace_s=5)
REPORT = "import time; from pfa_gitops.runner.worker_status import report; report(2); time.sleep(600)"


class Played(AgentArguments):
    """An agent whose worker is a line of Python."""

    program: str

    def command(self):
        return [sys.executable, "-c", self.program]


def kept(program, prefect=None, **service):
    connection = {"api_url": "http://prefect.example.com/api", **(prefect or {})}
    played = Played(work_pool="pool", prefect=connection, program=program)
    return KeptWorker(played, {**os.environ, **service}, lambda _: None, QUICK)


def test_a_start_ends_when_the_worker_polls():
    worker = kept(REPORT)
    asyncio.run(worker.start())
    try:
        told = worker.told()
        assert (told["ready"], told["jobs"]) == (True, 2)
        assert told["pid"] is not None
        worker.check()
    finally:
        worker.stop()


@pytest.mark.parametrize(
    ("program", "service", "says"),
    [
        ("import time; time.sleep(600)", {READY_SECONDS: "0.5"}, "the worker does not poll after 0.5 s"),
        ("raise SystemExit(4)", {}, "the worker died [0-9] times: the worker ended with exit code 4"),
        ("raise SystemExit(77)", {}, "they come from_env THE_KEY"),
    ],
    ids=["it never polls", "it dies", "its key is refused"],
)
def test_a_worker_that_never_polls_fails_the_start_and_nothing_is_left_running(program, service, says):
    worker = kept(program, {"api_key": {"from_env": "THE_KEY"}}, THE_KEY="pnu_secret", **service)
    with pytest.raises(WorkerDown, match=says) as failed:
        asyncio.run(worker.start())
    assert worker.told()["pid"] is None
    assert "pnu_secret" not in str(failed.value)


def test_a_worker_that_stopped_polling_is_unhealthy():
    worker = kept(REPORT, **{SILENT_SECONDS: "100"})
    asyncio.run(worker.start())
    try:
        worker.check()
        os.utime(status_file(worker), (1, 1))
        with pytest.raises(WorkerDown, match="the worker has not polled for"):
            worker.check()
    finally:
        worker.stop()


def status_file(worker: KeptWorker) -> Path:
    environment = Path(f"/proc/{worker.told()['pid']}/environ").read_bytes().decode().split("\0")
    return Path(dict(line.partition("=")[::2] for line in environment)[VARIABLE])


@pytest.mark.parametrize("text", ["soon", "-1", "0", "inf", "nan"])
def test_a_limit_that_is_no_number_is_refused_with_a_mend(text):
    with pytest.raises(ReaderError, match=SILENT_SECONDS):
        Limits.of({SILENT_SECONDS: text})


def test_serve_waits_longer_than_we_do_and_we_wait_longer_than_a_worker_drains():
    assert SHUTDOWN_SECONDS > Patience().grace_s > 10
