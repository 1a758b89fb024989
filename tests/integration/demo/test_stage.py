"""How the demo's steps end when a command does not do what it should: real processes in the place of pfa-gitops."""

import os
import signal
import sys
import threading
from dataclasses import dataclass, field

import pytest
from support.anyscale_emulator import eventually

from pfa_gitops.demo import story
from pfa_gitops.demo.stage import DATA_DIR, Stage, StepFailed

# Writes its pid, then sleeps; an interrupt ends it, and it says so.
SLEEPS = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    pathlib.Path("pid.part").write_text(str(os.getpid()))
    os.rename("pid.part", "pid")
    time.sleep(600)
except KeyboardInterrupt:
    pathlib.Path("interrupted").touch()
    sys.exit(130)
"""


@dataclass
class Told:
    """What was said."""

    texts: list[str] = field(default_factory=list)

    def __call__(self, text, _bold):
        self.texts.append(text)

    def __contains__(self, part):
        return any(part in text for text in self.texts)


@pytest.fixture
def staged(tmp_path):
    """A stage whose `pfa-gitops` is this Python program; and what it says."""

    def make(program):
        return Stage(tmp_path, Told(), program=(sys.executable, "-c", program))

    return make


@pytest.fixture
def heeds_interrupt():
    """Tests may run where SIGINT is ignored."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def started(folder):
    eventually((folder / "pid").exists)
    return int((folder / "pid").read_text())


def fails_as_too_slow(stage, way, **more):
    """Have a step time out while its command runs: a slow machine may need longer than one second to start it."""
    for limit in (1, 10, 100):
        with pytest.raises(StepFailed, match=f"`pfa-gitops x` takes longer than {limit} s"):
            getattr(stage, way)("x", timeout_s=limit, **more)
        if (stage.folder / "pid").exists():
            return


@pytest.mark.parametrize("way", ["answer", "command", "followed"])
def test_a_command_that_takes_too_long_fails_the_step_and_is_ended(staged, tmp_path, heeds_interrupt, way):
    fails_as_too_slow(staged(SLEEPS), way, **({"last": "counted to 10"} if way == "followed" else {}))
    with pytest.raises(ProcessLookupError):
        os.kill(started(tmp_path), 0)
    assert (tmp_path / "interrupted").exists()


def test_ctrl_c_while_an_answer_is_awaited_ends_the_command(staged, tmp_path, heeds_interrupt):
    def interrupt():
        started(tmp_path)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=interrupt)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        staged(SLEEPS).answer("x", timeout_s=400)
    presser.join()
    with pytest.raises(ProcessLookupError):
        os.kill(started(tmp_path), 0)


def test_a_run_fails_unless_its_last_line_was_seen(staged, capfd):
    lines = "  12:00:00 counted to 10x\n  recounted to 10\n  12:00:01 counted to {}\n"
    says = f"import sys; sys.stderr.write({lines!r})"
    staged(says.format(10)).followed("run", last="counted to 10", timeout_s=200)
    assert "  12:00:01 counted to 10\n" in capfd.readouterr().err
    with pytest.raises(StepFailed, match="no log line of the flow ended with counted to 10"):
        staged(says.format(8)).followed("run", last="counted to 10", timeout_s=200)


def test_a_clean_up_that_fails_does_not_hide_the_failure(staged, tmp_path):
    (tmp_path / DATA_DIR).mkdir(parents=True)
    stage = staged("import sys; sys.exit(3)")
    steps = [story.Step("Check", lambda stage: stage.command("validate"))]
    with pytest.raises(story.DemoFailed, match="step 1 of 2, “Check”, failed: `pfa-gitops validate` ended with exit"):
        story.perform(stage, steps, keep=False)
    assert "step 2 of 2, “Clean up”, failed: `pfa-gitops local down --delete-data`" in stage.say


def test_a_clean_up_that_fails_by_itself_is_the_failure(staged, tmp_path):
    (tmp_path / DATA_DIR).mkdir(parents=True)
    with pytest.raises(story.DemoFailed, match="step 1 of 1, “Clean up”, failed"):
        story.perform(staged("import sys; sys.exit(3)"), [], keep=False)
