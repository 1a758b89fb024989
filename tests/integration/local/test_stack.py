"""The stack that is up: what people do beside it, and that nothing is left of it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from urllib.parse import urlsplit

import httpx
import pytest


def variables(local, stack):
    return json.loads(local("env", "--data-dir", stack, "--format", "json").stdout)["variables"]


def free(url):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((urlsplit(url).hostname, urlsplit(url).port)) != 0


def test_a_second_up_says_so_and_starts_nothing(local, stack):
    before = local("status", "--data-dir", stack, "--format", "json").stdout
    again = local("up", "--data-dir", stack, "--prefect-port", 0, "--anyscale-port", 0)
    assert again.returncode == 0
    assert "is up already" in again.stderr
    assert local("status", "--data-dir", stack, "--format", "json").stdout == before


def test_a_second_up_waits_for_a_server_that_is_slow_and_starts_nothing(local, stack):
    before = json.loads(local("status", "--data-dir", stack, "--format", "json").stdout)
    emulator = next(server["pid"] for server in before["servers"] if server["name"] == "emulator")
    os.kill(emulator, signal.SIGSTOP)
    command = [sys.executable, "-m", "pfa_gitops.cli.app", "local", "up", "--data-dir", str(stack)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as again:
        try:
            said = next((line for line in again.stderr if "does not answer now; waiting" in line), "")
        finally:
            os.kill(emulator, signal.SIGCONT)
        said_then = again.communicate(timeout=400)[1]
    assert again.returncode == 0, said_then
    assert said, said_then
    assert json.loads(local("status", "--data-dir", stack, "--format", "json").stdout) == before


def test_a_shell_evaluates_env(local, stack):
    shown = local("env", "--data-dir", stack).stdout
    script = f'{shown}\necho "$PREFECT_API_URL"; echo "$ANYSCALE_HOST"; echo "$ANYSCALE_CLI_TOKEN"'
    prefect, anyscale, token = subprocess.run(
        ["/bin/bash", "-c", script], capture_output=True, text=True, check=True, env={}
    ).stdout.split()
    assert httpx.get(f"{prefect}/health", trust_env=False).json() is True
    user = httpx.get(f"{anyscale}/api/v2/userinfo/", headers={"Cookie": f"cli_token={token}"}, trust_env=False)
    assert user.json()["result"]["username"]


def test_the_emulator_takes_this_stacks_token_only_and_nobody_else_can_read_it(local, stack):
    exported = variables(local, stack)
    token, state = exported["ANYSCALE_CLI_TOKEN"], stack / "stack.json"
    for path in ("/api/v2/userinfo/", "/_emulator/requests"):
        for cookie, status in (("aph0_local-stack", 401), (token, 200)):
            headers = {"Cookie": f"cli_token={cookie}"}
            answer = httpx.get(exported["ANYSCALE_HOST"] + path, headers=headers, trust_env=False)
            assert (path, answer.status_code) == (path, status)
    for file in (state, stack / "token"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(stack.stat().st_mode) == 0o700
    assert json.loads(state.read_text())["token"] == token
    shown = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(stack) in shown
    assert token not in shown
    assert token not in "".join(path.read_text() for path in stack.glob("*.log"))


def test_prefect_shows_its_pages(local, stack):
    page = variables(local, stack)["PREFECT_API_URL"].removesuffix("/api")
    assert "<html" in httpx.get(page, trust_env=False).text


def test_status_tells_what_runs(local, stack):
    shown = local("status", "--data-dir", stack)
    assert shown.returncode == 0
    assert "Prefect server" in shown.stdout
    assert "Anyscale emulator" in shown.stdout


def test_up_prints_only_one_document_as_json(local, stack):
    shown = local("up", "--data-dir", stack, "--format", "json")
    assert json.loads(shown.stdout)["variables"] == variables(local, stack)


def test_a_taken_port_is_a_problem_that_names_port_and_flag(local, stack, tmp_path):
    port = urlsplit(variables(local, stack)["PREFECT_API_URL"]).port
    refused = local("up", "--data-dir", tmp_path / "other", "--prefect-port", port, "--anyscale-port", 0)
    assert refused.returncode == 1
    assert str(port) in refused.stderr
    assert "--prefect-port" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert local("status", "--data-dir", stack).returncode == 0


def test_a_dead_server_shows_and_down_frees_the_ports_and_keeps_the_data(local, stack):
    exported = variables(local, stack)
    servers = json.loads(local("status", "--data-dir", stack, "--format", "json").stdout)["servers"]
    os.kill(next(server["pid"] for server in servers if server["name"] == "emulator"), signal.SIGKILL)
    assert local("status", "--data-dir", stack).returncode == 1
    assert local("env", "--data-dir", stack).returncode == 1

    assert local("down", "--data-dir", stack).returncode == 0
    assert free(exported["PREFECT_API_URL"])
    assert free(exported["ANYSCALE_HOST"])
    assert "no stack was started" in local("status", "--data-dir", stack).stdout
    assert (stack / "prefect" / "prefect.db").stat().st_size


@pytest.mark.slow
def test_the_next_up_finds_the_data_again_on_the_same_ports(local, tmp_path):
    folder = tmp_path / "data"
    assert local("up", "--data-dir", folder, "--prefect-port", 0, "--anyscale-port", 0).returncode == 0
    exported = variables(local, folder)
    httpx.post(f"{exported['PREFECT_API_URL']}/variables/", json={"name": "kept", "value": 1}, trust_env=False)
    assert local("down", "--data-dir", folder).returncode == 0

    prefect, anyscale = (urlsplit(exported[name]).port for name in ("PREFECT_API_URL", "ANYSCALE_HOST"))
    again = local("up", "--data-dir", folder, "--prefect-port", prefect, "--anyscale-port", anyscale)
    try:
        assert again.returncode == 0, again.stderr
        found = httpx.get(f"{exported['PREFECT_API_URL']}/variables/name/kept", trust_env=False)
        assert found.json()["value"] == 1
        assert variables(local, folder) == exported, "a shell that exported them goes on"
    finally:
        local("down", "--data-dir", folder, "--delete-data")
    assert not folder.exists()
