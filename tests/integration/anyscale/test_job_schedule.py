"""A schedule that really starts jobs, and what a table of fields does not show."""

import os
import sys
from pathlib import Path

from support.anyscale_bench import at
from support.anyscale_emulator import eventually
from support.kind_cases import Workbench

from pfa_gitops.model.values import Action
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale.job_schedule import KIND

YEARLY = "0 0 1 1 *"
APPLY = "/api/v2/experimental_cron_jobs/"


async def applied(bench: Workbench, name: str, spec: dict) -> Action:
    manifest = bench.manifest("JobSchedule", name, spec)
    plan = await bench.plan([manifest])
    await bench.apply(plan)
    assert (await bench.plan([manifest])).pending == ()
    return plan.changes[0].action


def test_its_job_runs_the_projects_files_and_fetches_its_secrets(quiet, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/hello.sh").write_text('printf "%s of %s" "$TOKEN" "$TEAM" > "$OUT"')
    (tmp_path / "token").write_text("s3cret\n")
    out = tmp_path / "out"
    env = {"TOKEN": {"from_file": str(tmp_path / "token")}, "TEAM": "ml", "OUT": str(out)}
    # The job's image has the package. Here it is this environment, which need not be on anybody's PATH.
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    spec = {
        "cron_expression": YEARLY,
        "job_config": {"entrypoint": "bash 'hello.sh'", "working_dir": "src", "env_vars": env, "max_retries": 0},
    }

    async def scenario(client: AnyscaleClient, bench: Workbench):
        await applied(bench, "says-hello", spec)
        [live] = (await KIND.observe(client, [bench.manifest("JobSchedule", "says-hello", spec)])).lives
        told = quiet.call("GET", f"{APPLY}{live.id}")
        assert "s3cret" not in str(told)
        await client.sdk.call(lambda anyscale: anyscale.schedule.trigger(id=live.id), write=True)
        eventually(lambda: out.exists() and out.read_text() == "s3cret of ml")

    at(quiet, tmp_path, scenario)


def test_what_it_does_not_name_stays_and_pausing_writes_nothing_else(quiet, tmp_path):
    job = {"entrypoint": "true", "env_vars": {"A": "b"}, "tags": {"team": "ml"}, "timeout_s": 60}

    async def scenario(client: AnyscaleClient, bench: Workbench):
        await applied(bench, "kept", {"cron_expression": YEARLY, "job_config": job})
        later = bench.forgetful
        await applied(later, "kept", {"cron_expression": "0 5 1 1 *", "job_config": {"entrypoint": "false"}})
        manifest = bench.manifest("JobSchedule", "kept", {"cron_expression": YEARLY, "job_config": job})
        [live] = (await KIND.observe(client, [manifest])).lives
        kept = live.spec.job_config
        assert (kept.entrypoint, kept.env_vars, kept.tags, kept.timeout_s) == ("false", {"A": "b"}, {"team": "ml"}, 60)
        quiet.forget_requests()
        paused = {"cron_expression": "0 5 1 1 *", "enabled": False, "job_config": {"entrypoint": "false"}}
        await applied(later, "kept", paused)
        writes = {(method, path) for method, path in quiet.requests() if method != "GET" and "cron_jobs" in path}
        assert writes == {("POST", f"{APPLY}{live.id}/pause")}
        [status] = await KIND.status(client, [manifest])
        assert status.message == "paused"

    at(quiet, tmp_path, scenario)


def test_a_resting_schedule_whose_answer_was_lost_rests_all_the_same(quiet, tmp_path):
    spec = {"cron_expression": YEARLY, "enabled": False, "job_config": {"entrypoint": "true"}}

    async def scenario(client: AnyscaleClient, bench: Workbench):
        quiet.forget_requests()
        quiet.fault("lose_reply", method="PUT", path=APPLY)
        quiet.fault("lose_reply", method="POST", path="/pause")
        await applied(bench, "lost", spec)
        quiet.fault("lose_reply", method="PUT", path=APPLY)
        await applied(bench, "lost", spec | {"cron_expression": "0 5 1 1 *"})
        quiet.clear_faults()
        assert quiet.requests().count(("PUT", APPLY)) == 2

    at(quiet, tmp_path, scenario)
