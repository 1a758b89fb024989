"""The file by which a worker tells its agent that it polls."""

import json
import os

from pfa_gitops.runner.worker_status import VARIABLE, age_s, read, report


def test_what_a_worker_reports_its_agent_reads(tmp_path):
    path = tmp_path / "worker.json"
    assert read(path) is None
    assert age_s(path) is None
    report(3, environment={VARIABLE: str(path)})
    first = read(path)
    report(4, ticks=2, environment={VARIABLE: str(path)})
    assert (first.jobs, read(path).jobs) == (3, 4)
    assert read(path).ticks == first.ticks + 1
    assert set(json.loads(path.read_text())) == {"ticks", "jobs", "last_poll", "tick_s"}
    assert list(tmp_path.iterdir()) == [path], "no draft is left"


def test_the_files_age_is_how_long_the_worker_is_silent(tmp_path):
    path = tmp_path / "worker.json"
    report(0, environment={VARIABLE: str(path)})
    assert age_s(path) < 60
    os.utime(path, (1, 1))
    assert age_s(path) > 10**9


def test_a_worker_without_an_agent_or_a_disk_goes_on(tmp_path):
    report(0, environment={})
    report(0, environment={VARIABLE: str(tmp_path / "gone" / "worker.json")})


def test_half_a_file_is_no_word(tmp_path):
    path = tmp_path / "worker.json"
    path.write_text('{"ticks": 1')
    assert read(path) is None
