"""A log that grows page by page: each line once, whatever the platform does with its tokens."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from pfa_gitops.platforms.anyscale._job_logs import LogPlace, _read


class Platform:
    """Answers as the SDK's client does: the runs of one job, each with its lines."""

    def __init__(self, *, tokens: bool) -> None:
        self.logs: dict[str, list[str]] = {}
        self._tokens = tokens
        self._anyscale_client = self

    def get_job(self, **_: Any) -> Any:
        return SimpleNamespace(last_job_run_id=[*self.logs][-1] if self.logs else None)

    def get_job_runs(self, _job_id: str) -> Any:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        return [SimpleNamespace(id=name, created_at=start.replace(day=1 + n)) for n, name in enumerate(self.logs)][::-1]

    def stream_logs_for_job_run(self, run_id: str, next_page_token: str | None) -> tuple[str, str | None]:
        """Without tokens it always gives the whole log, as a last page without one does."""
        lines = self.logs[run_id][int(next_page_token or 0) :]
        token = str(len(self.logs[run_id])) if self._tokens else None
        return "".join(f"{line}\n" for line in lines), token if lines else next_page_token


def follow(platform: Platform) -> list[str]:
    said: list[str] = []
    place = LogPlace()
    steps = ((), ("a",), ("a", "b", "c"), ("a", "b", "c"))
    for lines in steps:
        if lines:
            platform.logs["run-1"] = list(lines)
        new = _read(platform, "job", place)
        said, place = said + new.lines, new.place
    platform.logs["run-1"].append("the last of the first try")
    platform.logs["run-2"] = ["second try"]
    platform.logs["run-3"] = []
    for _ in range(2):
        new = _read(platform, "job", place)
        said, place = said + new.lines, new.place
    platform.logs["run-3"].append("third try")
    return said + _read(platform, "job", place).lines


EXPECTED = ["a", "b", "c", "the last of the first try", "second try", "third try"]


def test_each_line_of_each_try_comes_once():
    assert follow(Platform(tokens=True)) == EXPECTED


def test_also_where_pages_come_without_a_token():
    assert follow(Platform(tokens=False)) == EXPECTED
