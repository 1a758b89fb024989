from datetime import UTC, datetime

import pytest

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address
from pfa_gitops.model.status import Health, Moment, Status, StatusReport, Table, absent
from pfa_gitops.views.ages import age
from pfa_gitops.views.status import show_status, status_json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ago(seconds: float) -> Moment:
    return Moment(NOON, seconds)


POOL = Status(
    Address("WorkPool", "gpu"),
    Health.ATTENTION,
    "anyscale: 1 worker online, 12 of 20 slots used, 1 late",
    None,
    {"paused": False, "concurrency_limit": 20},
    (
        Table(
            "workers",
            (
                {"worker": "agent", "status": "online", "heartbeat": ago(12)},
                {"worker": "laptop", "status": "offline", "heartbeat": ago(7300)},
            ),
            "3 more workers are offline for over a day",
        ),
        Table("queues", ({"queue": "default", "late": 0, "limit": None}, {"queue": "prod", "late": 13, "limit": None})),
        Table(
            "runs",
            tuple(
                {"run": f"run-{number}", "state": "Running", "since": ago(100), "job": f"prodjob_{number}", "id": "x"}
                for number in range(12)
            ),
        ),
    ),
)
REPORT = StatusReport(
    "prod",
    (
        Status(Address("Deployment", "nightly"), Health.GOOD, "paused, last run a-b: Completed", ago(3 * 86400)),
        absent(Address("Deployment", "new")),
        POOL,
    ),
)


def test_objects_by_kind_with_their_tables_aligned():
    rows = "".join(f"      run-{number}  Running  100 s ago  prodjob_{number}\n" for number in range(10))
    assert show_status(REPORT) == (
        "Environment prod\n"
        "\n"
        "Deployment\n"
        "  ● nightly  paused, last run a-b: Completed, 3 d ago\n"
        "  ○ new      not there yet: run apply\n"
        "\n"
        "WorkPool\n"
        "  ▲ gpu  anyscale: 1 worker online, 12 of 20 slots used, 1 late\n"
        "      worker  status   heartbeat\n"
        "      agent   online   12 s ago\n"
        "      laptop  offline  2 h ago\n"
        "      3 more workers are offline for over a day\n"
        "      queue    late\n"
        "      default     0\n"
        "      prod       13\n"
        "      run    state    since      job\n"
        f"{rows}"
        "      … and 2 more"
    )


def test_a_project_without_anything_to_tell_says_so():
    assert "Nothing here has a status" in show_status(StatusReport("dev", ()))


def test_colour_only_where_it_is_wanted():
    assert "\x1b" not in show_status(REPORT)
    assert "\x1b[32m●" in show_status(REPORT, colour=True)


def test_no_character_of_a_name_reaches_the_terminal_raw():
    forged = Status(Address("WorkPool", "a"), Health.GOOD, "x\x1b[2J", tables=(Table("runs", ({"run": "\r✓"},)),))
    assert {"\x1b", "\r"}.isdisjoint(show_status(StatusReport("dev", (forged,))))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119.9, "119 s"), (120, "2 min"), (7200, "2 h"), (86400, "24 h"), (1e6, "11 d")]
)
def test_an_age_is_told_in_the_unit_that_says_most(seconds, text):
    assert age(ago(seconds)) == text


def test_json_has_every_row_and_what_could_not_be_read():
    document = status_json(StatusReport("prod", (POOL,), (Problem("nothing answers", "start it"),), 4))
    [pool] = document["statuses"]
    assert (document["format"], pool["address"], pool["health"]) == (
        "pfa-gitops/status/v1",
        "WorkPool/gpu",
        "attention",
    )
    assert len(pool["runs"]) == 12
    assert pool["workers"][0]["heartbeat"] == {"time": "2026-01-01T12:00:00+00:00", "age_seconds": 12}
    assert [problem["message"] for problem in document["problems"]] == ["nothing answers"]
