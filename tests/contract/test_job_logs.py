"""A job's logs: complete, in order, each line once, also while they grow."""

import urllib.request

import pytest
from support.anyscale_emulator import PATIENCE_S, eventually


def test_all_lines_come_once_and_in_order(sdk, run_job):
    job_id = run_job("many-lines", "for i in $(seq 1 3000); do echo line $i; done")
    assert sdk.job.get_logs(id=job_id).splitlines() == [f"line {number}" for number in range(1, 3001)]


def test_head_and_tail(sdk, run_job):
    job_id = run_job("some-lines", "seq 1 50")
    assert sdk.job.get_logs(id=job_id, mode=sdk.job.models.JobLogMode.HEAD, max_lines=2) == "1\n2\n"
    assert sdk.job.get_logs(id=job_id, mode=sdk.job.models.JobLogMode.TAIL, max_lines=2) == "49\n50\n"


def test_standard_error_is_there_and_the_last_line_needs_no_newline(sdk, run_job):
    job_id = run_job("both", "echo out; printf 'é err' >&2")
    assert sdk.job.get_logs(id=job_id).splitlines() == ["out", "é err"]


def test_a_run_without_output_has_an_empty_log(sdk, run_job):
    assert sdk.job.get_logs(id=run_job("quiet", "true")) == ""


def test_a_token_with_every_chunk_and_none_without(emulator, run_job, tmp_path):
    script = f"echo one; printf half; until test -e {tmp_path}/go; do sleep 0.05; done; echo ' two'; echo three"
    job_id = run_job("growing", script, wait=False)
    run = eventually(lambda: emulator.job(job_id)["runs"])[0]["id"]
    path = f"/api/v2/logs/job_logs_download_v2/{run}"
    first = eventually(lambda: (page := emulator.call("GET", path)["result"])["log_chunks"] and page)
    assert [text(emulator, chunk) for chunk in first["log_chunks"]] == ["one\n"]
    following = f"{path}?next_page_token={first['next_page_token']}"
    empty = emulator.call("GET", following)["result"]
    assert (empty["log_chunks"], empty["next_page_token"]) == ([], None)
    (tmp_path / "go").touch()
    eventually(lambda: emulator.job(job_id)["current_state"] == "SUCCESS")
    second = emulator.call("GET", following)["result"]
    assert [text(emulator, chunk) for chunk in second["log_chunks"]] == ["half two\nthree\n"]
    last = emulator.call("GET", f"{path}?next_page_token={second['next_page_token']}")["result"]
    assert (last["log_chunks"], last["next_page_token"]) == ([], None)


def test_following_prints_each_line_once(sdk, run_job, capfd):
    job_id = run_job("followed", "for i in 1 2 3 4 5 6; do echo followed line $i; sleep 0.15; done", wait=False)
    sdk.job._private.job_sdk.PrivateJobSDK().wait(job_id=job_id, interval_s=0.2, timeout_s=PATIENCE_S, follow=True)
    printed = capfd.readouterr()
    lines = [line for line in (printed.out + printed.err).splitlines() if "followed line" in line]
    assert [line[-1] for line in lines] == ["1", "2", "3", "4", "5", "6"]


def test_a_working_dir_that_was_never_uploaded_fails_the_run_and_says_so(sdk, run_job):
    with pytest.raises(RuntimeError, match="FAILED"):
        run_job("no-package", "true", working_dir="s3://emulator-bucket/missing.zip")
    assert "never uploaded" in sdk.job.get_logs(id=sdk.job.status(name="no-package").id)


def text(emulator, chunk):
    with urllib.request.urlopen(chunk["chunk_url"]) as answer:
        return answer.read().decode()
