"""Jobs through the real SDK: they really run."""

import urllib.error
import warnings
from pathlib import Path

import pytest
from support.anyscale_emulator import eventually

STATES = ["PENDING", "AWAITING_CLUSTER_START", "RUNNING"]


def test_a_job_runs_in_the_uploaded_folder_with_its_variables(sdk, run_job, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "numbers.py").write_text("ANSWER = 42\n")
    (tmp_path / "tool.sh").write_text("#!/bin/sh\necho tool $WHO\n")
    (tmp_path / "tool.sh").chmod(0o755)
    code = "from package.numbers import ANSWER; print(ANSWER)"
    job_id = run_job("uploaded", f'./tool.sh && python -c "{code}"', working_dir=str(tmp_path), env_vars={"WHO": "me"})
    assert sdk.job.get_logs(id=job_id).split("\n")[:2] == ["tool me", "42"]
    assert sdk.job.status(id=job_id).state == "SUCCEEDED"


def test_the_same_folder_is_uploaded_once(emulator, run_job, tmp_path):
    (tmp_path / "main.py").write_text("print(1)\n")
    before = uploads(emulator)
    run_job("once-1", "python main.py", working_dir=str(tmp_path))
    uploaded = uploads(emulator)
    assert len(uploaded) == len(before) + 1
    run_job("once-2", "python main.py", working_dir=str(tmp_path))
    assert uploads(emulator) == uploaded


def uploads(emulator):
    """The files in the bucket, and when each was written."""
    files = (path for path in (emulator.data_dir / "bucket").rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files}


def test_a_local_folder_is_used_where_it_lies(run_job, tmp_path):
    run_job("in-place", "echo here > mark", working_dir=f"local://{tmp_path}")
    assert (tmp_path / "mark").read_text() == "here\n"


def test_no_api_key_of_the_emulator_reaches_a_job_and_python_is_its_own(sdk, emulator, run_job):
    job_id = run_job("env", 'env; python -c "import sys; print(sys.executable)"')
    lines = sdk.job.get_logs(id=job_id).split("\n")
    names = {line.partition("=")[0] for line in lines}
    assert not names & {"PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "RAY_ADDRESS"}
    assert f"ANYSCALE_HOST={emulator.url}" in lines
    assert f"ANYSCALE_HA_JOB_ID={job_id}" in lines
    assert any(line.endswith("/bin/python") for line in lines)


def test_the_states_of_a_job_that_succeeds(emulator, run_job):
    job = emulator.job(run_job("states", "true"))
    assert job["transitions"] == [*STATES, "SUCCESS"]
    assert [run["status"] for run in job["runs"]] == ["SUCCEEDED"]


def test_a_job_is_tried_again_as_often_as_max_retries_says(sdk, emulator, run_job):
    with pytest.raises(RuntimeError, match="FAILED"):
        run_job("retried", "echo try; exit 3", max_retries=2)
    job_id = sdk.job.status(name="retried").id
    job = emulator.job(job_id)
    again = ["ERRORED", "RESTARTING", "RUNNING"]
    assert job["transitions"] == [*STATES, *again, *again, "ERRORED", "OUT_OF_RETRIES"]
    status = sdk.job.status(id=job_id)
    assert (status.state, [run.state for run in status.runs]) == ("FAILED", ["FAILED"] * 3)


def test_max_retries_unset_means_one(sdk, emulator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK warns that this default will change
        job_id = sdk.job.submit(sdk.job.models.JobConfig(name="default-retries", entrypoint="exit 1"))
    job = eventually(lambda: (job := emulator.job(job_id))["current_state"] == "OUT_OF_RETRIES" and job)
    assert len(job["runs"]) == 2


def test_timeout_s_ends_a_run(sdk, emulator, run_job):
    with pytest.raises(RuntimeError, match="FAILED"):
        run_job("slow", "sleep 600", timeout_s=1)
    [run] = emulator.job(sdk.job.status(name="slow").id)["runs"]
    assert (run["status"], run["error"]) == ("FAILED", "The run took longer than timeout_s.")


def test_terminate_ends_the_whole_process_group(sdk, emulator, run_job, tmp_path):
    job_id = run_job("group", f"sleep 300 & echo $! > {tmp_path}/child; sleep 300", wait=False)
    child = int(eventually(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip()))
    sdk.job.terminate(id=job_id)
    eventually(lambda: sdk.job.status(id=job_id).state == "TERMINATED")
    assert not alive(child)
    assert emulator.job(job_id)["runs"][0]["status"] == "STOPPED"
    sdk.job.terminate(id=job_id)
    assert sdk.job.status(id=job_id).state == "TERMINATED"


def test_a_job_that_ignores_term_is_killed_after_the_grace(sdk, run_job, tmp_path):
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while true; do sleep 0.2; done"
    job_id = run_job("stubborn", script, wait=False)
    pid = int(eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip()))
    sdk.job.terminate(id=job_id)
    eventually(lambda: sdk.job.status(id=job_id).state == "TERMINATED")
    assert not alive(pid)


def test_what_a_job_leaves_behind_ends_with_it(run_job, tmp_path):
    child = tmp_path / "child"
    run_job("litter", f"setsid sh -c 'echo $$ > {child}; exec sleep 300' & until test -s {child}; do sleep 0.05; done")
    assert not alive(int(child.read_text()))


def test_jobs_of_one_name_are_allowed_and_the_name_means_the_newest(sdk, run_job):
    run_job("twin", "true")
    newest = run_job("twin", "true")
    assert sdk.job.status(name="twin").id == newest


def test_a_job_that_does_not_exist(sdk):
    with pytest.raises(RuntimeError, match="not found"):
        sdk.job.status(id="prodjob_none")
    with pytest.raises(RuntimeError, match="not found"):
        sdk.job.status(name="no-such-job")


def test_listing_filters_and_pages(sdk, run_job):
    ids = [run_job(f"listed-{number}", "true", tags={"team": "ml", "n": str(number)}) for number in range(5)]
    found = [job.id for job in sdk.job.list(name="listed-", page_size=2)]
    assert found == ids[::-1]
    assert [job.id for job in sdk.job.list(tags_filter={"team": ["ml"], "n": ["1", "3"]})] == [ids[3], ids[1]]
    assert [job.id for job in sdk.job.list(name="listed-", state_filter=["FAILED"])] == []
    by_name = sdk.job.list(name="listed-", sort_field="NAME", sort_order="ASC")
    assert [job.name for job in by_name] == [f"listed-{number}" for number in range(5)]


def test_more_than_a_thousand_at_once_is_refused_and_500_served_as_the_cli_asks_for_them(emulator):
    assert emulator.call("GET", "/api/v2/decorated_ha_jobs/?count=500")["metadata"]["next_paging_token"] is None
    with pytest.raises(urllib.error.HTTPError) as refused:
        emulator.call("GET", "/api/v2/decorated_ha_jobs/?count=1001")
    assert refused.value.code == 422


def test_tags_are_added_listed_and_removed(sdk, run_job):
    job_id = run_job("tagged", "true", tags={"team": "ml"})
    sdk.job.add_tags(job_id=job_id, tags={"cost": "1", "team": "data"})
    assert sdk.job.list_tags(job_id=job_id) == {"team": "data", "cost": "1"}
    sdk.job.remove_tags(job_id=job_id, keys=["team", "never-there"])
    assert sdk.job.list_tags(job_id=job_id) == {"cost": "1"}


def test_a_job_is_archived_and_deleted_only_when_it_ended(sdk, run_job):
    running = run_job("archived-when-it-ended", "sleep 600", wait=False)
    for change in (sdk.job.archive, sdk.job.delete):
        with pytest.raises((ValueError, RuntimeError)):
            change(id=running)
    sdk.job.terminate(id=running)
    eventually(lambda: sdk.job.status(id=running).state == "TERMINATED")
    sdk.job.archive(id=running)
    assert [job.id for job in sdk.job.list(name="archived-when-it-ended")] == []
    assert [job.id for job in sdk.job.list(name="archived-when-it-ended", include_archived=True)] == [running]
    sdk.job.delete(id=running)
    with pytest.raises(RuntimeError, match="not found"):
        sdk.job.status(id=running)


def test_named_config_image_project_and_what_status_says_of_them(sdk, run_job):
    models = sdk.compute_config.models
    sdk.compute_config.create(
        models.ComputeConfig(head_node=models.HeadNodeConfig(instance_type="m5.large")), name="for-job"
    )
    sdk.image.register("docker.io/acme/job:1", name="job-image")
    job_id = run_job(
        "configured", "true", compute_config="for-job", image_uri="anyscale/image/job-image:1", timeout_s=60
    )
    config = sdk.job.status(id=job_id).config
    assert (config.compute_config, config.image_uri) == ("for-job:1", "anyscale/image/job-image:1")
    assert (config.max_retries, config.timeout_s, config.entrypoint) == (0, 60, "true")


def test_a_job_that_never_gets_its_cluster(sdk, faulty, run_job):
    faulty.call("POST", "/_emulator/jobs/stuck", {"name": "^stuck$"})
    job_id = run_job("stuck", "true", wait=False)
    run_job("not-stuck", "true")  # it came later, and has ended
    assert faulty.job(job_id)["current_state"] == "AWAITING_CLUSTER_START"
    assert sdk.job.status(id=job_id).state == "STARTING"
    sdk.job.terminate(id=job_id)
    eventually(lambda: sdk.job.status(id=job_id).state == "TERMINATED")


def test_a_job_that_loses_its_node_is_tried_again(emulator, run_job, tmp_path):
    script = f"echo run >> {tmp_path}/runs; test $(wc -l < {tmp_path}/runs) = 2 || sleep 600"
    job_id = run_job("node", script, wait=False, max_retries=1)
    eventually(lambda: (tmp_path / "runs").exists() and (tmp_path / "runs").read_text())
    emulator.call("POST", f"/_emulator/jobs/{job_id}/lose_node")
    job = eventually(lambda: (job := emulator.job(job_id))["current_state"] == "SUCCESS" and job)
    assert [run["error"] for run in job["runs"]] == ["The node was lost.", None]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
