"""A child kept alive: real processes, with short pauses."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pfa_gitops.model.errors import SecretMissing
from pfa_gitops.runner.worker_process import Patience, WorkerDown, WorkerProcess

QUICK = Patience(deaths=3, soon_s=600, first_pause_s=0.01, longest_pause_s=0.05, grace_s=5)
STAY = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def until(true, timeout_s=120.0):
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_child_is_started_again_and_said_so():
    lines: list[str] = []
    worker = WorkerProcess(STAY, lambda: os.environ, lines.append, QUICK)
    worker.start()
    try:
        until(lambda: "up" in lines)
        first = worker.status().pid
        os.kill(first, signal.SIGKILL)
        until(lambda: lines.count("up") == 2)
        status = worker.status()
        assert status.pid not in {None, first}
        assert status.restarts == 1
        assert status.problem == "the worker ended with signal SIGKILL"
        worker.check()
    finally:
        worker.stop()
    until(lambda: worker.status().pid is None)


def test_a_child_that_keeps_dying_is_no_longer_healthy():
    worker = WorkerProcess([sys.executable, "-c", "raise SystemExit(3)"], lambda: os.environ, lambda _: None, QUICK)
    worker.start()
    try:
        until(lambda: worker.status().restarts >= 3)
        with pytest.raises(WorkerDown, match="exit code 3"):
            worker.check()
    finally:
        worker.stop()


def test_a_death_is_seen_although_a_helper_holds_the_output_and_the_helper_goes_too():
    child = ["/bin/sh", "-c", "sleep 600 & echo $!; exit 3"]
    pids: list[str] = []
    worker = WorkerProcess(child, lambda: os.environ, pids.append, QUICK)
    worker.start()
    try:
        until(lambda: worker.status().restarts >= 3)
        with pytest.raises(WorkerDown, match="exit code 3"):
            worker.check()
    finally:
        worker.stop()
    helpers = [pid for pid in pids if pid.isdecimal()]
    assert len(helpers) >= 3
    until(lambda: all(ended(pid) for pid in helpers))


def test_a_secret_that_is_missing_counts_as_a_death_and_is_asked_for_again():
    asked = []

    def environment():
        asked.append(True)
        raise SecretMissing("the secret from_env KEY is not set")

    worker = WorkerProcess(STAY, environment, lambda _: None, QUICK)
    worker.start()
    try:
        until(lambda: len(asked) >= 3)
        with pytest.raises(WorkerDown, match="from_env KEY is not set"):
            worker.check()
    finally:
        worker.stop()


def test_a_failure_of_any_other_kind_counts_as_a_death_and_its_message_is_kept_to_itself():
    said: list[str] = []

    def environment():
        raise KeyError("hunter2")

    worker = WorkerProcess(STAY, environment, said.append, QUICK)
    worker.start()
    try:
        until(lambda: len(said) >= 3)
        with pytest.raises(WorkerDown, match="KeyError"):
            worker.check()
    finally:
        worker.stop()
    assert "hunter2" not in "".join(said)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is meant to end so
def test_a_worker_that_nobody_watches_over_is_not_healthy():
    def say(_line: str) -> None:
        raise SystemExit  # ends the thread, as nothing else can

    worker = WorkerProcess([sys.executable, "-c", ""], lambda: os.environ, say, QUICK)
    with pytest.raises(WorkerDown, match="never started"):
        worker.check()
    worker.start()
    until(lambda: not worker._thread.is_alive())
    with pytest.raises(WorkerDown, match="nobody watches over the worker: the worker ended with exit code 0"):
        worker.check()
    worker.stop()
    worker.check()


def test_the_child_ends_with_us_and_has_its_sigint_back():
    program = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"  # as a background shell leaves it
        "from pfa_gitops.runner.worker_process import WorkerProcess\n"
        "child = [sys.executable, '-c', 'import os, signal, time; ignored = signal.SIG_IGN; '\n"
        "         'print(os.getpid(), signal.getsignal(signal.SIGINT) is ignored, flush=True); time.sleep(600)']\n"
        "WorkerProcess(child, lambda: os.environ, lambda line: print(line, flush=True)).start()\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, ignores_sigint = parent.stdout.readline().split()
        parent.kill()
    assert ignores_sigint == "False"
    until(lambda: ended(pid))


def ended(pid: str) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_child_hears_sigint_where_its_parent_blocks_it_as_ray_does():
    lines: list[str] = []
    sleeper = "import signal, time; signal.signal(signal.SIGINT, lambda *_: print('heard', flush=True)); "
    command = [sys.executable, "-c", sleeper + "signal.raise_signal(signal.SIGINT); time.sleep(600)"]
    worker = WorkerProcess(command, lambda: os.environ, lines.append, QUICK)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        worker.start()
        until(lambda: "heard" in lines)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        worker.stop()


def test_an_excused_end_is_no_death_however_often_and_says_what_it_means():
    patience = dataclasses.replace(QUICK, excused={77: "the key is refused"})
    worker = WorkerProcess([sys.executable, "-c", "raise SystemExit(77)"], lambda: os.environ, lambda _: None, patience)
    worker.start()
    try:
        until(lambda: worker.status().excused > patience.deaths)
        worker.check()
        assert worker.status().problem == "the key is refused"
    finally:
        worker.stop()
