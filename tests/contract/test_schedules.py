"""Schedules through the real SDK, and their firing."""

from datetime import UTC, datetime

import pytest
from support.anyscale_emulator import eventually


@pytest.fixture
def schedule(sdk):
    """A schedule's config that is never due by itself during a test."""

    def make(name, cron="0 0 1 1 *", entrypoint="true", **values):
        job = sdk.job.models.JobConfig(name=name, entrypoint=entrypoint, max_retries=0, **values)
        return sdk.schedule.models.ScheduleConfig(job_config=job, cron_expression=cron, timezone="Europe/Berlin")

    return make


def test_a_schedule_is_known_by_its_name_and_replaced(sdk, schedule):
    first = sdk.schedule.apply(schedule("nightly", "0 3 * * *", tags={"team": "ml"}))
    assert sdk.schedule.apply(schedule("nightly", "30 4 * * MON-FRI", "echo new")) == first
    status = sdk.schedule.status(name="nightly")
    assert (status.id, status.state) == (first, "ENABLED")
    assert (status.config.cron_expression, status.config.timezone) == ("30 4 * * MON-FRI", "Europe/Berlin")
    assert status.config.job_config.entrypoint == "echo new"


def test_pausing_and_going_on(sdk, schedule):
    schedule_id = sdk.schedule.apply(schedule("paused"))
    sdk.schedule.set_state(id=schedule_id, state="DISABLED")
    assert sdk.schedule.status(id=schedule_id).state == "DISABLED"
    sdk.schedule.set_state(id=schedule_id, state="ENABLED")
    assert sdk.schedule.status(id=schedule_id).state == "ENABLED"


def test_triggering_starts_a_job_with_the_tags_and_deleting_waits_for_it(sdk, emulator, schedule, tmp_path):
    entrypoint = f"until test -e {tmp_path}/go; do sleep 0.05; done"
    schedule_id = sdk.schedule.apply(schedule("triggered", entrypoint=entrypoint, tags={"team": "ml"}))
    sdk.schedule.trigger(id=schedule_id)
    job = eventually(lambda: next(iter(sdk.job.list(name="triggered-")), None))
    assert sdk.job.list_tags(job_id=job.id) == {"team": "ml"}
    with pytest.raises(ValueError, match="active jobs"):
        sdk.schedule.delete(id=schedule_id)
    (tmp_path / "go").touch()
    eventually(lambda: emulator.job(job.id)["current_state"] == "SUCCESS")
    sdk.schedule.delete(id=schedule_id)
    with pytest.raises(RuntimeError, match="not found"):
        sdk.schedule.status(name="triggered")


def test_an_expression_that_is_none_is_refused(sdk, schedule):
    for cron in ("not a cron", "61 * * * *", "0 0 30 2 *"):
        with pytest.raises(ValueError, match="Invalid schedule"):
            sdk.schedule.apply(schedule("invalid", cron))


def test_listing_shows_all(sdk, schedule):
    ids = {sdk.schedule.apply(schedule(f"listed-{number}")) for number in range(3)}
    assert ids <= {item.id for item in sdk.schedule.list(page_size=2)}


@pytest.mark.parametrize(
    ("expression", "zone", "after", "due"),
    [
        ("*/15 * * * *", "UTC", "2026-01-01T10:14:59", "2026-01-01T10:15:00"),
        ("0 3 * * *", "Europe/Berlin", "2026-07-01T00:30:00", "2026-07-01T01:00:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 12 13 * FRI", "UTC", "2026-01-01T00:00:00", "2026-01-02T12:00:00"),
        ("0 0 * * 7", "UTC", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        ("5-10/5 1,2 * JAN *", "UTC", "2026-01-01T01:05:00", "2026-01-01T01:10:00"),
        ("@monthly", "UTC", "2026-01-31T12:00:00", "2026-02-01T00:00:00"),
    ],
)
def test_when_an_expression_is_due(expression, zone, after, due):
    from pfa_gitops.emulator.cron import next_time  # noqa: PLC0415 - the only part of the emulator asked directly

    found = next_time(expression, zone, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert found.astimezone(UTC) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.slow
def test_a_schedule_fires_by_itself(sdk, schedule):
    sdk.schedule.apply(schedule("minutely", "* * * * *"))
    eventually(lambda: next(iter(sdk.job.list(name="minutely-")), None), timeout_s=200, pause_s=1)
    sdk.schedule.set_state(name="minutely", state="DISABLED")
