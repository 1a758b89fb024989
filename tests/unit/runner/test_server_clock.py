"""The clock of Prefect's answers, compared with ours."""

from datetime import UTC, datetime

import pytest

from pfa_gitops.runner.server_clock import skew_of

NOW = datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "ahead_s"),
    [
        ("Sat, 31 Jan 2026 13:00:00 GMT", 3599.5),
        ("Sat, 31 Jan 2026 11:59:00 GMT", -60.5),
        ("Sat, 31 Jan 2026 12:00:00 GMT", 0.0),  # whole seconds, and the way of the answer
        ("", 0.0),
        ("soon", 0.0),
    ],
)
def test_the_skew(date, ahead_s):
    assert skew_of(date, NOW) == ahead_s
