"""What an emulator that was stopped, or killed, finds again."""

import os
import shutil
import signal
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from support.anyscale_emulator import TOKEN, AnyscaleEmulator, eventually

FINAL = ("SUCCESS", "OUT_OF_RETRIES", "TERMINATED")


@pytest.fixture
def own(tmp_path):
    """An emulator for one test, as it is killed."""
    running = AnyscaleEmulator(tmp_path / "data").start()
    yield running
    running.stop()


def submit(emulator, name, entrypoint, max_retries=0):
    cloud = emulator.call("GET", "/ext/v0/clouds/default")["result"]["id"]
    compute_config = emulator.call("GET", f"/ext/v0/cluster_computes/default?cloud_id={cloud}")["result"]["id"]
    build = emulator.call("GET", "/ext/v0/cluster_environment_builds/default?ray_version=2.44.1")["result"]["id"]
    config = {"entrypoint": entrypoint, "build_id": build, "compute_config_id": compute_config}
    body = {"name": name, "config": {**config, "max_retries": max_retries}}
    return emulator.call("POST", "/api/v2/decorated_ha_jobs/create", body)["result"]["id"]


def ended(emulator, job_id):
    return eventually(lambda: (job := emulator.job(job_id))["current_state"] in FINAL and job)


def test_a_running_job_outlives_a_kill_and_is_watched_again(own, tmp_path):
    job_id = submit(own, "lives", f"until test -e {tmp_path}/go; do sleep 0.05; done; echo done; exit 0")
    pid = eventually(lambda: own.job(job_id)["runs"] and own.job(job_id)["runs"][0]["pid"])
    own.kill()
    os.kill(pid, 0)
    own.start()
    assert own.job(job_id)["current_state"] == "RUNNING"
    (tmp_path / "go").touch()
    job = ended(own, job_id)
    assert (job["current_state"], [run["pid"] for run in job["runs"]]) == ("SUCCESS", [pid])


def test_a_job_that_ended_meanwhile_is_recorded_with_its_exit_code(own, tmp_path):
    wait = f"until test -e {tmp_path}/go; do sleep 0.05; done"
    ids = [submit(own, f"ends-{code}", f"{wait}; exit {code}") for code in (0, 7)]
    eventually(lambda: all(own.job(job_id)["current_state"] == "RUNNING" for job_id in ids))
    own.kill()
    (tmp_path / "go").touch()
    eventually(lambda: len(list(own.data_dir.glob("runs/*/exit_code"))) == 2)
    own.start()
    good, bad = (ended(own, job_id) for job_id in ids)
    assert (good["current_state"], bad["current_state"]) == ("SUCCESS", "OUT_OF_RETRIES")
    assert bad["error"] == "The entrypoint exited with 7."


def test_a_job_whose_process_was_killed_meanwhile_is_tried_again(own, tmp_path):
    script = f"echo run >> {tmp_path}/runs; test $(wc -l < {tmp_path}/runs) = 2 || sleep 600"
    job_id = submit(own, "dies", script, max_retries=1)
    pid = eventually(lambda: own.job(job_id)["runs"] and own.job(job_id)["runs"][0]["pid"])
    eventually(lambda: (tmp_path / "runs").exists() and (tmp_path / "runs").read_text())
    own.kill()
    os.killpg(pid, signal.SIGKILL)
    own.start()
    job = ended(own, job_id)
    assert (job["current_state"], [run["status"] for run in job["runs"]]) == ("SUCCESS", ["FAILED", "SUCCEEDED"])


def database(emulator):
    return closing(sqlite3.connect(emulator.data_dir / "emulator.db", isolation_level=None))


def test_an_emulator_that_cannot_write_the_jobs_end_does_not_write_the_runs_either(own, tmp_path):
    with database(own) as state:
        state.execute(
            "CREATE TRIGGER power_cut BEFORE UPDATE ON documents WHEN NEW.kind = 'job'"
            " AND json_extract(NEW.body, '$.current_state') = 'SUCCESS' BEGIN SELECT RAISE(ABORT, 'power cut'); END"
        )
        job_id = submit(own, "cut", f"echo run >> {tmp_path}/runs")
        eventually(lambda: "power cut" in (tmp_path / "emulator.log").read_text())
        assert [run["status"] for run in own.job(job_id)["runs"]] == ["RUNNING"]
        own.kill()
        state.execute("DROP TRIGGER power_cut")
    own.start()
    assert ended(own, job_id)["current_state"] == "SUCCESS"
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_job_whose_run_had_ended_already_is_not_run_again(own, tmp_path):
    """An emulator of former days wrote the run's end first, and may have been killed right after."""
    job_id = submit(own, "half", f"echo run >> {tmp_path}/runs")
    ended(own, job_id)
    own.kill()
    with database(own) as state:
        running = "UPDATE documents SET body = json_set(body, '$.current_state', 'RUNNING') WHERE id = ?"
        state.execute(running, [job_id])
    own.start()
    job = ended(own, job_id)
    assert (job["current_state"], [run["status"] for run in job["runs"]]) == ("SUCCESS", ["SUCCEEDED"])
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_clean_stop_ends_the_jobs_and_frees_the_port(own, tmp_path):
    job_id = submit(own, "stopped", "sleep 300")
    pid = eventually(lambda: own.job(job_id)["runs"] and own.job(job_id)["runs"][0]["pid"])
    assert own.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)
    own.start()
    job = ended(own, job_id)
    assert (job["current_state"], job["error"]) == ("OUT_OF_RETRIES", "The node was lost.")


def test_objects_survive(own):
    submit(own, "kept", "true")
    cloud = own.call("GET", "/ext/v0/clouds/default")["result"]
    own.kill()
    own.start()
    assert own.call("GET", "/ext/v0/clouds/default")["result"] == cloud
    assert own.call("GET", "/api/v2/decorated_ha_jobs/?name=kept")["metadata"]["total"] == 1


def test_a_ray_folder_that_a_killed_emulator_left_is_swept_and_a_strangers_is_not(own, tmp_path):
    job_id = submit(own, "swept", "true")
    run_id = ended(own, job_id)["runs"][0]["id"]
    left, strangers = (Path(tempfile.gettempdir()) / f"emu-{name}" for name in (run_id[-8:], tmp_path.name[-8:]))
    own.kill()
    for folder in (left, strangers):
        (folder / "session").mkdir(parents=True)
    try:
        own.start()
        assert not left.exists()
        assert strangers.exists()
    finally:
        shutil.rmtree(strangers)


def test_a_clean_stop_leaves_no_ray_folder(own):
    job_id = submit(own, "leaves", "mkdir -p $RAY_TMPDIR/session; echo made; sleep 300")
    run_id = eventually(lambda: own.job(job_id)["runs"] and own.job(job_id)["runs"][0]["id"])
    folder = Path(tempfile.gettempdir()) / f"emu-{run_id[-8:]}"
    eventually(folder.exists)
    assert own.stop() == 0
    assert not folder.exists()


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_a_token_of_its_own_is_the_only_one(tmp_path, monkeypatch, way):
    options = ("--token", "aph0_only-this") if way == "flag" else ()
    if way == "variable":
        monkeypatch.setenv("ANYSCALE_EMULATOR_TOKEN", "aph0_only-this")
    guarded = AnyscaleEmulator(tmp_path / "data", *options).start()
    try:
        own_token = guarded.call("GET", "/api/v2/userinfo/", cookie="cli_token=aph0_only-this")
        assert own_token["result"]["verified"] is True
        for path in ("/api/v2/userinfo/", "/_emulator/requests"):
            with pytest.raises(Exception, match="401"):
                guarded.call("GET", path)
    finally:
        guarded.stop()


def test_an_emulator_with_a_token_of_its_own_ends_its_jobs_too(tmp_path):
    guarded = AnyscaleEmulator(tmp_path / "data", "--token", TOKEN).start()
    try:
        job_id = submit(guarded, "stopped", "sleep 300")
        pid = eventually(lambda: guarded.job(job_id)["runs"] and guarded.job(job_id)["runs"][0]["pid"])
    finally:
        guarded.stop()
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)
