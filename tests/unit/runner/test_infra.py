"""Overrides over a block, the job's name and tags, the job's config."""

import shlex
from dataclasses import fields
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from pfa_gitops.platforms.anyscale._agent_arguments import SECRET_ENV
from pfa_gitops.runner.configuration import AnyscaleConfiguration, Variables
from pfa_gitops.runner.infra import AnyscaleJobInfra, RayJobInfra, merged
from pfa_gitops.runner.ray_jobs import ray_job_config
from pfa_gitops.runner.submission import Job, entrypoint, job_config, job_name, run_tags, tag_value


def test_an_override_wins_and_null_overrides_nothing():
    block = {"type": "anyscale-job", "image_uri": "img:1", "timeout_s": 5, "max_retries": 2}
    infra = merged(block, {"image_uri": "img:2", "timeout_s": None, "max_retries": 0})
    assert isinstance(infra, AnyscaleJobInfra)
    assert (infra.image_uri, infra.timeout_s, infra.max_retries) == ("img:2", 5, 0)


def test_env_and_tags_merge_key_by_key_and_the_rest_is_replaced():
    block = {"env": {"A": "1", "B": "1"}, "tags": {"a": "1"}, "excludes": ["x"]}
    infra = merged(block, {"env": {"B": "2"}, "tags": {"b": "2"}, "excludes": ["y"]})
    assert infra.env == {"A": "1", "B": "2"}
    assert infra.tags == {"a": "1", "b": "2"}
    assert infra.excludes == ["y"]


def test_the_blocks_type_says_what_runs_the_job():
    assert isinstance(merged({"type": "ray-job"}, {}), RayJobInfra)
    assert isinstance(merged({}, {"image_uri": "img:1"}), AnyscaleJobInfra)
    with pytest.raises(ValueError, match="s3-bucket"):
        merged({"type": "s3-bucket"}, {})
    with pytest.raises(ValueError, match="must be a block"):
        merged("runner-infra", {})
    with pytest.raises(ValueError, match="`max_retries`: Input should be a valid integer"):
        merged({"max_retries": "many"}, {})


def test_job_variables_of_any_plain_type_become_text_and_null_takes_out():
    block = {"env": {"PORT": 80, "GONE": "1", "KEY": {"from_env": "K"}}, "tags": {"cost": 7}}
    infra = merged(block, {"env": {"PORT": 8080, "GONE": None, "DEBUG": True}, "tags": {"team": None}})
    assert infra.env == {"PORT": "8080", "DEBUG": "True", "KEY": {"from_env": "K"}}
    assert infra.tags == {"cost": "7"}


@pytest.mark.parametrize(
    "values",
    [
        {"timeout_s": "hunter2"},
        {"env": ["hunter2"]},
        {"tags": "hunter2"},
        {"infra": {"env": {"A": "hunter2"}, "type": 1}},
    ],
)
def test_what_cannot_be_used_is_said_without_its_value(values):
    with pytest.raises(ValueError, match="AnyscaleConfiguration") as caught:
        AnyscaleConfiguration(**values)
    assert "hunter2" not in str(caught.value)


def test_a_null_also_takes_out_what_the_worker_would_hand_on():
    configuration = AnyscaleConfiguration(infra={}, env={"PREFECT_API_URL": None, "PORT": 8080})
    configuration.prepare_for_flow_run(FlowRun(flow_id=uuid4()), None, None, None, None, None)
    assert configuration.env["PORT"] == "8080"
    assert "PREFECT_API_URL" not in configuration.env


def test_a_job_is_named_after_its_run_and_attempt():
    assert job_name("Nightly: ETL (EU)!", "1f2e", 0) == "nightly-etl-eu-1f2e-0"
    assert job_name("日報", "1f2e", 2) == "flow-run-1f2e-2"
    assert len(job_name("x" * 300, "1f2e", 0)) < 64


def test_tags_say_which_run_it_is_and_win_over_the_blocks_own():
    labels = {"prefect.io/flow-name": "etl", "prefect.io/deployment-name": "eu", "prefect.io/work-pool-name": "p"}
    infra = AnyscaleJobInfra(tags={"team": "ml", "attempt": "x"}, project="forecasts")
    tags = run_tags(infra, "Nightly: 1", "1f2e", 1, labels)
    assert tags == {
        "team": "ml",
        "flow_run_id": "1f2e",
        "flow_run": "Nightly- 1",
        "attempt": "1",
        "deployment": "etl/eu",
        "project": "forecasts",
        "work_pool": "p",
    }
    assert len(tag_value("x" * 999)) == 255


def test_the_entrypoint_is_our_own_but_for_a_users_command_without_secrets():
    for default in (None, "", "prefect flow-run execute"):
        assert entrypoint(default, {}) == "python -m pfa_gitops.runner.execute"
    assert entrypoint("./run.sh", {}) == "./run.sh"
    compound = entrypoint("cd app && A='1' run", {SECRET_ENV: "{}"})
    start = ["python", "-m", "pfa_gitops.runner.execute", "--", "bash", "-c"]
    assert shlex.split(compound) == [*start, "cd app && A='1' run"]


def test_a_jobs_config_leaves_out_what_nobody_set_and_never_retries_by_itself():
    config = job_config(AnyscaleJobInfra(type="anyscale-job", timeout_s=9), Job("n", {"a": "1"}, {"E": "1"}))
    assert config == {
        "name": "n",
        "tags": {"a": "1"},
        "env_vars": {"E": "1"},
        "entrypoint": "python -m pfa_gitops.runner.execute",
        "max_retries": 0,
        "timeout_s": 9,
    }


def test_every_field_of_the_sdks_job_config_is_a_field_of_the_block():
    from anyscale.job.models import JobConfig  # noqa: PLC0415 - five seconds that collecting need not take

    renamed = {"env_vars": "env"}
    theirs = {renamed.get(field.name, field.name) for field in fields(JobConfig)}
    assert theirs == set(AnyscaleJobInfra.model_fields) - {"type", "cluster_env", "job_start_timeout_s"}


def test_the_name_and_the_entrypoint_are_the_blocks_only_and_a_run_ignores_them():
    assert {"name", "entrypoint"} & set(Variables.model_fields) == set()
    infra = merged({"name": "train", "entrypoint": "python train.py"}, {"name": "mine", "entrypoint": "true"})
    assert isinstance(infra, AnyscaleJobInfra)
    assert (infra.name, infra.entrypoint) == ("train", "python train.py")
    config = job_config(infra, Job("a-run-0", {}, {}))
    assert (config["name"], config["entrypoint"]) == ("a-run-0", "python -m pfa_gitops.runner.execute")


def test_a_ray_job_has_its_own_runtime_environment():
    infra = RayJobInfra(type="ray-job", working_dir="/w", requirements=["emoji"], entrypoint_num_cpus=1)
    assert ray_job_config(infra, Job("n", {"a": "1"}, {"E": "1"})) == {
        "submission_id": "n",
        "metadata": {"a": "1"},
        "entrypoint": "python -m pfa_gitops.runner.execute",
        "entrypoint_num_cpus": 1,
        "runtime_env": {"working_dir": "/w", "pip": ["emoji"], "env_vars": {"E": "1"}},
    }
