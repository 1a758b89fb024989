"""What an agent does when its service is not as it should be, and that it really runs."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from support.anyscale_bench import at
from support.anyscale_emulator import AnyscaleEmulator, client_environment
from support.kind_cases import Workbench
from support.prefect_server import PrefectServer

from pfa_gitops.engine.observe import observe
from pfa_gitops.model.values import Action, Result
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale.agent import KIND
from pfa_gitops.platforms.registry import kinds

BASE = {"work_pool": "p", "prefect": {"api_url": "http://127.0.0.1:9/api"}}


def deploy_half(sdk: Any, name: str) -> None:
    """Start a rollout that stays half done."""
    from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - 5 s to import

    applications = [{"import_path": "pfa_gitops.runner.agent_service:app", "args": {}}]
    config = ServiceConfig(name=name, applications=applications, cloud="local-cloud", project="default")
    sdk.service.deploy(config, canary_percent=50)


def test_a_deploy_while_a_rollout_is_under_way_is_refused_with_a_mend(quiet, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        manifest = bench.manifest("Agent", "half", BASE)
        await bench.apply(await bench.plan([manifest]))
        await client.sdk.call(lambda sdk: deploy_half(sdk, "half"))
        plan = await bench.plan([manifest])
        [outcome] = await bench.run(plan)
        assert outcome.result is Result.FAILED
        assert outcome.problem.message == "a rollout of the service half is under way (ROLLING_OUT)"
        assert "roll it back" in outcome.problem.mend

    at(quiet, tmp_path, scenario)


def test_a_service_of_that_name_that_is_no_agent_is_left_alone(quiet, tmp_path):
    def deploy(sdk: Any) -> None:
        from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - 5 s to import

        sdk.service.deploy(ServiceConfig(name="other", applications=[{"import_path": "main:app"}]))

    async def scenario(client: AnyscaleClient, bench: Workbench):
        await client.sdk.call(deploy)
        manifest = bench.manifest("Agent", "other", BASE)
        observed = await observe([manifest], kinds(), bench.clients)
        assert [problem.message for problem in observed.problems] == ["the service other is there and is no agent"]

    at(quiet, tmp_path, scenario)


def test_a_change_in_a_local_directory_is_rolled_out_and_a_touched_file_is_not(quiet, tmp_path):
    source = tmp_path / "src"
    source.mkdir()
    (source / "flow.py").write_text("one")
    spec = {**BASE, "working_dir": "src", "py_modules": ["src"]}

    async def scenario(client: AnyscaleClient, bench: Workbench):
        await bench.apply(await bench.plan([bench.manifest("Agent", "files", spec)]))
        os.utime(source / "flow.py", (10**9, 10**9))
        assert (await bench.plan([bench.manifest("Agent", "files", spec)])).pending == ()
        (source / "flow.py").write_text("two")
        plan = await bench.plan([bench.manifest("Agent", "files", spec)])
        assert plan.changes[0].changed == {"files_digest"}
        await bench.apply(plan)
        assert (await bench.plan([bench.manifest("Agent", "files", spec)])).pending == ()
        unnamed = bench.manifest("Agent", "files", {**BASE, "worker": {"limit": 2}})
        later = bench.forgetful
        await later.apply(await later.plan([unnamed]))
        [live] = (await KIND.observe(client, [unnamed])).lives
        assert live.spec.working_dir.startswith("s3://"), "what no manifest named stays as it was uploaded"

    at(quiet, tmp_path, scenario)


APPLY = "/api/v2/services-v2/apply"


def sent(emulator: AnyscaleEmulator, method: str, path: str) -> int:
    return emulator.requests().count((method, path))


def test_a_deploy_whose_answer_was_lost_is_looked_for_and_not_sent_again(quiet, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        for spec in (BASE, {**BASE, "worker": {"limit": 3}, "tags": {"a": "1"}}):  # a create, then an update
            manifest = bench.manifest("Agent", "lost", spec)
            plan = await bench.plan([manifest])
            quiet.forget_requests()
            quiet.fault("lose_reply", method="PUT", path=APPLY)
            await bench.apply(plan)
            quiet.clear_faults()
            assert sent(quiet, "PUT", APPLY) == 1
            assert (await bench.plan([manifest])).pending == ()

    at(quiet, tmp_path, scenario)


def test_a_deploy_that_never_arrived_is_sent_again_and_not_for_ever(quiet, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        await bench.apply(await bench.plan([bench.manifest("Agent", "dropped", BASE)]))
        manifest = bench.manifest("Agent", "dropped", {**BASE, "worker": {"limit": 3}})
        plan = await bench.plan([manifest])
        quiet.forget_requests()
        quiet.fault("drop", method="PUT", path=APPLY, count=0)
        [outcome] = await bench.run(plan)
        assert (outcome.result, sent(quiet, "PUT", APPLY)) == (Result.FAILED, 3)
        quiet.clear_faults()
        quiet.fault("drop", method="PUT", path=APPLY)
        await bench.apply(plan)
        quiet.clear_faults()
        assert (await bench.plan([manifest])).pending == ()

    at(quiet, tmp_path, scenario)


def test_lost_answers_to_tags_and_to_the_end_of_a_service_do_no_harm(quiet, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        await bench.apply(await bench.plan([bench.manifest("Agent", "ends", {**BASE, "tags": {"a": "1"}})]))
        manifest = bench.manifest("Agent", "ends", {**BASE, "tags": {"b": "2"}})
        plan = await bench.plan([manifest])
        for method, path in (("PUT", "tags/resource"), ("DELETE", "tags/resource")):
            quiet.fault("lose_reply", method=method, path=path)
        await bench.apply(plan)
        assert (await bench.plan([manifest])).pending == ()
        for method, path in (("POST", "/terminate"), ("DELETE", "services-v2/")):
            quiet.fault("lose_reply", method=method, path=path)
        await bench.delete(manifest)
        quiet.clear_faults()

    at(quiet, tmp_path, scenario)


@pytest.mark.parametrize(
    ("kind", "specs", "path"),
    [
        (
            "ComputeConfig",
            [{"head_node": {"instance_type": size}} for size in ("m5.large", "m5.2xlarge")],
            "/api/v2/compute_templates/",
        ),
        (
            "Image",
            [{"containerfile": f"FROM anyscale/ray:{version}\n\n"} for version in ("2.44.1", "2.50.0")],
            "/ext/v0/cluster_environment_builds/",
        ),
    ],
)
def test_a_version_whose_answer_was_lost_is_not_made_twice(quiet, tmp_path, kind, specs, path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        await bench.apply(await bench.plan([bench.manifest(kind, "lost-version", specs[0])]))
        manifest = bench.manifest(kind, "lost-version", specs[1])
        plan = await bench.plan([manifest])
        quiet.forget_requests()
        quiet.fault("lose_reply", method="POST", path=f"^{path}$")
        await bench.apply(plan)
        quiet.clear_faults()
        assert sent(quiet, "POST", path) == 1
        assert (await bench.plan([manifest])).pending == ()

    at(quiet, tmp_path, scenario)


def test_a_module_that_is_renamed_is_rolled_out(quiet, tmp_path):
    for name in ("foo", "bar"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("")

    async def scenario(client: AnyscaleClient, bench: Workbench):
        await bench.apply(await bench.plan([bench.manifest("Agent", "module", {**BASE, "py_modules": ["foo"]})]))
        renamed = bench.manifest("Agent", "module", {**BASE, "py_modules": ["bar"]})
        plan = await bench.plan([renamed])
        assert plan.changes[0].changed == {"files_digest"}
        await bench.apply(plan)
        assert (await bench.plan([renamed])).pending == ()

    at(quiet, tmp_path, scenario)


def test_a_terminated_agent_is_created_again_with_exactly_its_tags(quiet, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        first = bench.manifest("Agent", "back", {**BASE, "tags": {"a": "1", "b": "2"}})
        await bench.apply(await bench.plan([first]))
        [live] = (await KIND.observe(client, [first])).lives
        await client.sdk.call(lambda sdk: sdk.service.terminate(id=live.id))
        while (await client.service_by_id(live.id)).current_state != "TERMINATED":  # noqa: ASYNC110 - it sends no events
            await asyncio.sleep(0.1)
        again = bench.manifest("Agent", "back", {**BASE, "tags": {"b": "3"}})
        plan = await bench.plan([again])
        assert plan.changes[0].action is Action.CREATE
        await bench.apply(plan)
        assert (await bench.plan([again])).pending == ()
        assert (await KIND.observe(client, [again])).lives[0].id == live.id

    at(quiet, tmp_path, scenario)


def test_a_new_version_of_a_compute_config_is_no_difference_to_who_names_a_version(quiet, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        sizes = [
            bench.manifest("ComputeConfig", "size", {"head_node": {"instance_type": kind}}) for kind in ("m5", "m6")
        ]
        bare = bench.manifest("Agent", "follows", {**BASE, "compute_config": "size"})
        pinned = bench.manifest("Agent", "stays", {**BASE, "compute_config": "size:1"})
        await bench.apply(await bench.plan([sizes[0]]))
        await bench.apply(await bench.plan([bare, pinned]))
        await bench.apply(await bench.plan([sizes[1]]))
        [change] = (await bench.plan([bare, pinned])).pending
        assert (change.address.name, change.fields[0].before, change.fields[0].after) == ("follows", "size:1", "size")

    at(quiet, tmp_path, scenario)


PLAN = """
import asyncio, os, sys
from pathlib import Path
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.platforms.registry import kinds
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest

async def main():
    async with AnyscaleClient(AnyscaleTarget.from_environment(os.environ, Path())) as client:
        for name, spec in {SPECS}.items():
            kind = kinds()[name]
            parsed = kind.complete(kind.spec.model_validate(spec), Path()).spec
            await kind.observe(client, [Manifest(Address(name, "x"), parsed, kind.key("x", parsed))])

asyncio.run(main())
print(sorted({module.partition(".")[0] for module in sys.modules} & {"anyscale", "ray", "prefect"}))
"""


def test_reading_does_not_import_the_sdk(quiet):
    specs = {"Agent": BASE, "ComputeConfig": {}, "Image": {"image_uri": "a/b:1"}}
    command = [sys.executable, "-c", PLAN.replace("{SPECS}", json.dumps(specs))]
    done = subprocess.run(
        command, env=client_environment(quiet), capture_output=True, text=True, timeout=200, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_an_agent_that_cannot_start_fails_at_once_and_is_planned_again(emulator, tmp_path):
    async def scenario(client: AnyscaleClient, bench: Workbench):
        bad = bench.manifest("Agent", "cannot-start", {**BASE, "working_dir": "s3://nowhere/none.zip"})
        [outcome] = await bench.run(await bench.plan([bad]), ready_timeout_seconds=120)
        assert outcome.result is Result.FAILED
        assert outcome.problem.message.startswith("the service is in SYSTEM_FAILURE: ")
        assert "\n" not in outcome.problem.message
        [change] = (await bench.plan([bad])).changes
        assert [(field.path, field.before, field.after) for field in change.fields] == [
            (("state",), "SYSTEM_FAILURE", "RUNNING")
        ]
        await bench.delete(bad)

    at(emulator, tmp_path, scenario)


@pytest.mark.slow  # Ray takes its time; integration/runner/test_agent_service.py and the demo run an agent each time
def test_an_agent_really_runs(emulator, prefect_server: PrefectServer, tmp_path):
    prefect_server.post("/work_pools/", {"name": "really", "type": "anyscale"})
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "flow.py").write_text("")
    spec = {
        "work_pool": "really",
        "prefect": {"api_url": prefect_server.url},
        "env": {"PREFECT_HOME": str(tmp_path / "home"), "DO_NOT_TRACK": "1"},
        "working_dir": "src",
    }

    async def scenario(client: AnyscaleClient, bench: Workbench):
        good = bench.manifest("Agent", "really", spec)
        [outcome] = await bench.run(await bench.plan([good]), ready_timeout_seconds=300)
        assert outcome.problem is None
        assert (await bench.plan([good])).pending == ()
        await bench.delete(good)

    at(emulator, tmp_path, scenario)
