"""A demo that is broken off leaves no process and no folder. The whole demo is run by `make demo`."""

import json
import os
import signal
import subprocess
import sys

from support.anyscale_emulator import eventually
from support.commands import HEEDS_INTERRUPT


def pids(folder):
    """The two servers' pids, if both were started."""
    for file in folder.glob("*/.pfa-gitops/local/stack.json"):
        content = json.loads(file.read_text())
        servers = [content["prefect"], content["emulator"]]
        if all(server["process"] for server in servers):
            return [server["process"][0] for server in servers]
    return None


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_cleans_up_and_exits_with_130(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HEEDS_INTERRUPT, "demo"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        servers = eventually(lambda: pids(tmp_path))
        demo.send_signal(signal.SIGINT)
        shown, _ = demo.communicate(timeout=400)
    assert demo.returncode == 130
    assert "Clean up" in shown
    assert "Traceback" not in shown
    assert not any(running(pid) for pid in servers)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path):
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "pfa_gitops.cli.app", "demo", "--directory", str(tmp_path / "file" / "x")]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert refused.returncode == 1
    assert str(tmp_path / "file") in refused.stderr
    assert "--directory" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    command = [sys.executable, "-m", "pfa_gitops.cli.app", "demo", "--directory", str(tmp_path)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
