"""What the inventory remembers of applies, and `status --watch`: real processes, a real Prefect and a real git."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
import uuid
from contextlib import suppress

import pytest
from support.commands import HEEDS_INTERRUPT, PROGRAM, Workdir

from pfa_gitops.holder import is_dead
from pfa_gitops.model.holder import Holder
from pfa_gitops.model.values import Owner
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._lock import VariableLock
from pfa_gitops.platforms.prefect._target import PrefectTarget

PROJECT = """apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: NAME}
"""
VARIABLE = """apiVersion: pfa-gitops/v1
kind: Variable
metadata: {name: NAME-v}
spec: {value: 1}
"""
DEPLOYMENT = """---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: NAME-d}
spec: {flow_name: NAME, entrypoint: f.py:f, path: /code}
"""
AGENT = """---
apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: NAME}
spec: {type: anyscale}
---
apiVersion: pfa-gitops/v1
kind: ComputeConfig
metadata: {name: NAME}
spec: {head_node: {instance_type: m5.2xlarge}}
---
apiVersion: pfa-gitops/v1
kind: Agent
metadata: {name: NAME}
spec: {work_pool: NAME, compute_config: NAME, prefect: {api_url: "http://127.0.0.1:9/api"}, tags: {team: ml}}
"""
CI = {
    "GITHUB_RUN_ID": "77",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "team/flows",
    "GITHUB_ACTOR": "ana",
}


@pytest.fixture
def name():
    return f"h{uuid.uuid4().hex[:8]}"


@pytest.fixture
def project(tmp_path, prefect_server, name):
    made = Workdir(tmp_path, {"HOME": str(tmp_path), **prefect_server.environment})
    made.write("pfa-gitops.yaml", PROJECT.replace("NAME", name))
    made.write("manifests/a.yaml", VARIABLE.replace("NAME", name))
    return made


def git(project, *arguments):
    who = ("-c", "user.name=ana", "-c", "user.email=ana@example.com")
    done = subprocess.run(["git", *who, *arguments], cwd=project.folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(project, message):
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", message)
    return git(project, "rev-parse", "HEAD")


def applies(project):
    return project.document("status", "--history")["applies"]


def inventory_writes(server, name):
    [document] = [
        one
        for one in server.post("/block_documents/filter", {"block_documents": {"name": {"like_": name}}})
        if one["name"].startswith(name)
    ]
    return document["updated"]


def test_each_apply_is_remembered_with_its_commit_and_its_ci_run(project, prefect_server, name):
    assert applies(project) == []
    assert "Nothing was applied yet" in project.pfa("status", "--history").stdout
    git(project, "init", "-q")
    first = commit(project, "one")
    assert project.pfa("apply", "--auto-approve", **CI).returncode == 0
    project.write("manifests/b.yaml", DEPLOYMENT.replace("NAME", name))
    assert project.pfa("apply", "--auto-approve", **CI).returncode == 0
    second, one = applies(project)
    assert (one["commit"], one["dirty"], one["who"], one["command"]) == (first, False, "ana", "apply")
    assert one["url"] == "https://github.example/team/flows/actions/runs/77"
    assert (one["result"], one["counts"], one["outcomes"]) == ("complete", {"create": 1}, {"done": 1})
    assert one["changes"] == [f"create Variable/{name}-v"]
    assert (second["commit"], second["dirty"]) == (first, True), "the second manifest was not committed"
    assert project.document("status")["last_apply"] == second
    text = project.pfa("status", "--history").stdout
    assert f"apply complete, by ana at {second['at']}, commit {first[:10]} with changes that were not committed" in text
    labels = prefect_server.get(f"/deployments/name/{name}/{name}-d")["labels"]
    assert labels["pfa-gitops.made-of-commit"] == first
    assert labels["pfa-gitops.made-by-run"] == one["url"]


def test_a_service_is_tagged_with_what_it_was_deployed_of(project, name, quiet_emulator):
    project.environment = {**project.environment, **quiet_emulator.env}
    project.write("manifests/b.yaml", AGENT.replace("NAME", name))
    git(project, "init", "-q")
    one = commit(project, "one")
    assert project.pfa("apply", "--auto-approve", **CI).returncode == 0
    told = {"pfa-gitops.project": name, "pfa-gitops.environment": "default", "pfa-gitops.commit": one}
    told |= {"pfa-gitops.run": "https://github.example/team/flows/actions/runs/77"}
    assert tags(quiet_emulator) == told | {"team": "ml"}
    assert project.pfa("plan", "--detailed-exitcode").returncode == 0, "a manifest's tags are its own"
    drift = project.pfa("drift")
    assert drift.returncode == 0, f"what apply filled in is no drift: {drift.stdout}"
    project.write("manifests/b.yaml", AGENT.replace("NAME", name).replace("tags: {team: ml}", "tags: {}"))
    assert project.pfa("apply", "--auto-approve").returncode == 0
    assert tags(quiet_emulator) == told, "nothing was deployed anew"


def tags(emulator):
    [service] = emulator.call("GET", "/api/v2/services-v2/")["results"]
    found = emulator.call("GET", f"/api/v2/tags/resource?resource_type=service&resource_id={service['id']}")
    return {tag["key"]: tag["value"] for tag in found["result"]["tags"]}


def test_another_commit_alone_changes_nothing_and_writes_nothing(project, prefect_server, name):
    project.write("manifests/b.yaml", DEPLOYMENT.replace("NAME", name))
    git(project, "init", "-q")
    commit(project, "one")
    assert project.pfa("apply", "--auto-approve", **CI).returncode == 0
    written = inventory_writes(prefect_server, name)
    project.write("README", "another commit")
    commit(project, "two")
    assert project.pfa("plan", "--detailed-exitcode", **CI | {"GITHUB_RUN_ID": "78"}).returncode == 0
    assert project.pfa("apply", "--auto-approve", **CI | {"GITHUB_RUN_ID": "78"}).returncode == 0
    assert len(applies(project)) == 1
    assert inventory_writes(prefect_server, name) == written


def test_an_apply_that_waited_for_an_equal_one_leaves_no_trace(project, prefect_server, name):
    async def both():
        somewhere = Holder("ben", "another-machine", "2026-01-01T00:00:00+00:00", "apply")
        command = (*PROGRAM, "apply", "--auto-approve")
        how = {"cwd": project.folder, "env": project.whole_environment, "stderr": subprocess.PIPE}
        async with PrefectClient(PrefectTarget(prefect_server.url)) as client:
            lock = VariableLock(client, Owner(name, "default"), "1", is_dead)
            await lock.acquire(somewhere, 0, print)
            holding = asyncio.create_task(lock.hold())
            waiting = [await asyncio.create_subprocess_exec(*command, **how) for _ in range(2)]
            for process in waiting:
                await process.stderr.readuntil(b"waiting for the lock")
            holding.cancel()
            await lock.release()
            for process in waiting:
                await process.communicate()
        return [process.returncode for process in waiting]

    assert asyncio.run(both()) == [0, 0]
    assert [one["counts"] for one in applies(project)] == [{"create": 1}]


@pytest.mark.slow  # units have the rules
def test_import_and_destroy_are_remembered(project, prefect_server, name):
    prefect_server.post("/variables/", {"name": f"{name}-v", "value": 1})
    assert project.pfa("import", "--all").returncode == 0
    [taken] = applies(project)
    assert (taken["command"], taken["counts"], taken["result"]) == ("import", {"adopt": 1}, "complete")
    assert project.pfa("destroy", "--auto-approve").returncode == 0
    gone, _ = applies(project)
    assert (gone["command"], gone["counts"]) == ("destroy", {"delete": 1})
    assert gone["changes"] == [f"delete Variable/{name}-v"]


def test_watch_shows_it_again_until_ctrl_c(project):
    assert project.pfa("apply", "--auto-approve").returncode == 0
    command = [sys.executable, "-c", HEEDS_INTERRUPT, "status", "--watch", "--interval", "1"]
    with subprocess.Popen(
        command, cwd=project.folder, env=project.whole_environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            seen = 0
            while seen < 2:
                line = process.stdout.readline()
                assert line, "it ended by itself"
                assert "\x1b" not in line, "no terminal"
                seen += line.startswith("Environment ")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=100)
        finally:
            process.kill()
    assert process.returncode == 0


def test_on_a_terminal_each_report_takes_the_place_of_the_one_before(project):
    ours, its = pty.openpty()
    command = [sys.executable, "-c", HEEDS_INTERRUPT, "status", "--watch", "--interval", "1"]
    environment = {**project.whole_environment, "TERM": "xterm"}
    with subprocess.Popen(command, cwd=project.folder, env=environment, stdout=its, stderr=its) as process:
        os.close(its)
        try:
            seen = b""
            while seen.count(b"\x1b[2J") < 2:
                seen += os.read(ours, 4096)
            process.send_signal(signal.SIGINT)
            with suppress(OSError):  # the other end is closed when it has ended
                while os.read(ours, 4096):
                    pass
            process.wait(timeout=100)
        finally:
            process.kill()
            os.close(ours)
    assert process.returncode == 0


@pytest.mark.parametrize(
    "arguments", [("--watch", "--check"), ("--history", "--unmanaged"), ("--watch", "--format", "json")]
)
def test_options_that_do_not_go_together(project, arguments):
    done = project.pfa("status", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
