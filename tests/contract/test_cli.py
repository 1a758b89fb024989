"""The real CLI, a handful of calls: each takes five seconds to start."""

import json


def test_submit_and_wait_prints_the_log_and_the_exit_code_tells_of_failure(cli, tmp_path):
    (tmp_path / "main.py").write_text("print('hello from the job')\n")
    submit = ("job", "submit", "--name", "by-cli", "--max-retries", "0", "--working-dir", ".", "--wait")
    finished = cli(*submit, "--", "python", "main.py")
    assert finished.returncode == 0, finished.stderr
    assert "hello from the job" in finished.stdout + finished.stderr


def test_a_job_that_does_not_exist_is_an_error_in_json(cli):
    finished = cli("job", "status", "--id", "prodjob_none", "-o", "json")
    assert finished.returncode == 1
    assert json.loads(finished.stderr)["error"]["exit_code"] == 1
