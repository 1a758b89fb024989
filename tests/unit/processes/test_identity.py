"""Real processes, known again and ended."""

import os
import sys

import pytest
from support.anyscale_emulator import eventually

from pfa_gitops.processes import ending, identity
from pfa_gitops.processes.identity import Identity

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def started(tmp_path):
    """A sleeping process with a mark."""
    env = {**os.environ, "TEST_MARK": str(tmp_path)}
    process = identity.start(SLEEPS, cwd=tmp_path, env=env, log=tmp_path / "log")
    yield process
    ending.stop(process, 0)


def test_a_process_is_alive_until_it_is_stopped(started):
    assert identity.alive(started)
    ending.stop(started, 5)
    assert not identity.alive(started)


def test_a_stranger_with_the_same_pid_is_not_the_process_and_its_group_is_left_alone(started):
    stranger = Identity(started.pid, "of-an-earlier-boot 123")
    assert not identity.alive(stranger)
    assert not identity.owns_group(stranger)
    ending.stop(stranger, 0)
    assert identity.alive(started)


@LINUX
def test_ticks_since_boot_count_only_with_their_boot(started):
    boot, ticks = started.started.split()
    assert not identity.alive(Identity(started.pid, ticks))
    assert not identity.alive(Identity(started.pid, f"{boot[::-1]} {ticks}"))


@LINUX
def test_the_group_of_a_process_that_ended_is_its_own_in_this_boot_only(started):
    ending.stop(started, 5)
    assert identity.owns_group(started)
    assert not identity.owns_group(Identity(started.pid, "of-an-earlier-boot 123"))


@LINUX
def test_the_mark_finds_a_process_and_ends_it(started, tmp_path):
    # Linux tells of no environment for a moment after a program began.
    eventually(lambda: ending.marked("TEST_MARK", str(tmp_path)) == [started.pid])
    ending.end_marked("TEST_MARK", str(tmp_path))
    assert not identity.alive(started)
    assert ending.marked("TEST_MARK", str(tmp_path)) == []
