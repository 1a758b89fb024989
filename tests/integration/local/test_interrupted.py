"""What is left when `up` is broken off, or when the machine went down under a stack."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from support.anyscale_emulator import eventually
from support.commands import HEEDS_INTERRUPT


def started(folder):
    """The state file's content, if both servers were started."""
    try:
        content = json.loads((folder / "stack.json").read_text())
    except OSError:
        return None
    state = {name: content[name] for name in ("prefect", "emulator")}
    return state if all(server["process"] for server in state.values()) else None


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP, signal.SIGHUP]])
def test_breaking_off_up_stops_what_it_started(tmp_path, numbers):
    command = [sys.executable, "-c", HEEDS_INTERRUPT, "local", "up", "--data-dir", str(tmp_path)]
    command += ["--prefect-port", "0", "--anyscale-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as up:
        state = eventually(lambda: started(tmp_path))
        for number in numbers:
            up.send_signal(number)
            time.sleep(0.05)
        out, err = up.communicate(timeout=400)
    assert up.returncode == 130
    assert out == ""
    assert "stopping what was started" in err
    assert "Traceback" not in err
    for server in state.values():
        assert not running(server["process"][0])
        assert not listening(server["port"])
    assert not (tmp_path / "stack.json").exists()


@pytest.fixture
def stranger():
    """A process that has nothing to do with us."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True) as process:
        yield process
        process.kill()


def test_a_pid_that_is_a_strangers_now_is_left_alone(local, tmp_path, stranger):
    dead = {"port": 1, "process": [stranger.pid, "of an earlier boot 123"]}
    (tmp_path / "stack.json").write_text(
        json.dumps(
            {"token": "aph0_x", "prefect": {"name": "prefect", **dead}, "emulator": {"name": "emulator", **dead}}
        )
    )
    shown = local("status", "--data-dir", tmp_path)
    assert shown.returncode == 1
    assert "down" in shown.stdout
    assert local("down", "--data-dir", tmp_path).returncode == 0
    assert stranger.poll() is None
    assert not (tmp_path / "stack.json").exists()


def test_a_broken_state_file_is_a_problem(local, tmp_path):
    (tmp_path / "stack.json").write_text("{")
    shown = local("status", "--data-dir", tmp_path)
    assert shown.returncode == 1
    assert "stack.json" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("command", [("up",), ("status",), ("env",), ("env", "--format", "json")])
def test_a_folder_that_cannot_be_made_is_a_problem(local, tmp_path, command):
    (tmp_path / "file").touch()
    shown = local(*command, "--data-dir", tmp_path / "file" / "data")
    assert shown.returncode == 1
    assert "cannot be used: not a directory" in shown.stderr
    assert "--data-dir" in shown.stderr
    assert "Traceback" not in shown.stderr
    assert shown.stdout == ""


def test_without_the_extra_up_says_what_to_install(tmp_path):
    program = (
        "import runpy, sys\n"
        "sys.modules.update(ray=None, uvicorn=None)\n"  # as if they were not installed
        "runpy.run_module('pfa_gitops.cli.app', run_name='__main__')"
    )
    command = [sys.executable, "-c", program, "local", "up", "--data-dir", str(tmp_path / "data")]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert refused.returncode == 1
    assert "the local stack needs ray, uvicorn, which are not installed" in refused.stderr
    assert 'pip install "pfa-gitops[local]"' in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "data").exists()


def test_delete_data_removes_only_what_is_ours(local, tmp_path):
    (tmp_path / "prefect").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    assert local("down", "--data-dir", tmp_path, "--delete-data").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_down_where_nothing_runs_says_so(local, tmp_path):
    shown = local("down", "--data-dir", tmp_path / "nowhere")
    assert shown.returncode == 0
    assert "nothing was running" in shown.stderr
    assert not (tmp_path / "nowhere").exists()
