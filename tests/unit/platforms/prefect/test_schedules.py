from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from pfa_gitops.platforms.prefect._schedules import (
    Schedule,
    derived_slug,
    flaws,
    from_wire,
    in_terms_of,
    rescheduled,
    to_wire,
    with_slugs,
)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (3600, 3600.0),
        (0.5, 0.5),
        ("1h", 3600.0),
        ("1h30m", 5400.0),
        ("2d", 172800.0),
        ("1w", 604800.0),
        ("90s", 90.0),
        ("1.5s", 1.5),
        ("PT90M", 5400.0),
        ("P1DT2H", 93600.0),
        ("P1W", 604800.0),
        (timedelta(minutes=5), 300.0),
    ],
)
def test_an_interval_is_seconds(given, seconds):
    assert Schedule(interval=given).interval == seconds


@pytest.mark.parametrize(
    "given", ["", "P", "PT", "1x", "P1M", "1 hour", "-1h", 0, -5, "0s", "h", "9" * 400 + "s", float("inf")]
)
def test_what_is_no_interval_is_refused(given):
    with pytest.raises(ValidationError):
        Schedule(interval=given)


@pytest.mark.parametrize(
    ("given", "zone", "utc"),
    [
        ("2026-01-31T06:00:00Z", "UTC", "2026-01-31T06:00:00Z"),
        ("2026-01-31T06:00:00+01:00", "UTC", "2026-01-31T05:00:00Z"),
        ("2026-01-31T06:00:00", "Europe/Berlin", "2026-01-31T05:00:00Z"),
        ("2026-01-31", "Europe/Berlin", "2026-01-30T23:00:00Z"),
        (datetime(2026, 1, 31, 6, tzinfo=UTC), "Europe/Berlin", "2026-01-31T06:00:00Z"),
        (date(2026, 1, 31), "UTC", "2026-01-31T00:00:00Z"),
        ("2026-01-31T06:00:00.250000Z", "UTC", "2026-01-31T06:00:00.250000Z"),
    ],
)
def test_an_anchor_is_in_utc(given, zone, utc):
    assert Schedule(interval=60, timezone=zone, anchor_date=given).anchor_date == utc


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("tomorrow", "is no time"),
        ("0001-01-01T00:00:00+05:00", "outside of the years"),
        ("9999-12-31T23:00:00-05:00", "outside of the years"),
    ],
)
def test_an_anchor_that_is_no_time_is_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        Schedule(interval=60, anchor_date=given)


@pytest.mark.parametrize("given", ["FREQ=DAILY", "DTSTART:20200101T000000\nFREQ=DAILY", " FREQ=DAILY\n"])
def test_an_rrule_stands_without_the_start_that_the_server_writes(given):
    assert Schedule(rrule=given).rrule == "FREQ=DAILY"


def test_an_rrule_keeps_a_start_of_its_own():
    assert Schedule(rrule="DTSTART:20260101T090000\nRRULE:FREQ=DAILY").rrule.startswith("DTSTART:20260101T090000")


def test_a_fast_rrule_is_told_without_the_recent_start_that_the_server_makes_up():
    live = Schedule(slug="a", rrule="DTSTART:20261101T120000\nFREQ=MINUTELY")
    assert in_terms_of([live], [Schedule(slug="a", rrule="FREQ=MINUTELY")])[0].rrule == "FREQ=MINUTELY"
    assert in_terms_of([live], [Schedule(slug="a", rrule="FREQ=SECONDLY")])[0].rrule == live.rrule
    assert in_terms_of([live], [Schedule(slug="b", rrule="FREQ=MINUTELY")])[0].rrule == live.rrule


def test_null_is_the_default_that_the_server_means():
    schedule = Schedule(cron="0  3 * * *", timezone=None, day_or=None)
    assert (schedule.cron, schedule.timezone, schedule.day_or) == ("0 3 * * *", "UTC", True)


def test_a_slug_follows_from_the_content_and_not_from_what_the_server_adds():
    written = Schedule(interval="1h")
    live = Schedule(interval=3600.0, anchor_date="2026-01-01T00:00:00Z", active=False, timezone=None, day_or=None)
    assert derived_slug(written) == derived_slug(live)
    assert derived_slug(written) == "interval-" + derived_slug(written)[-8:]
    others = [Schedule(interval="2h"), Schedule(interval="1h", parameters={"a": 1}), Schedule(cron="0 * * * *")]
    assert len({derived_slug(schedule) for schedule in [written, *others]}) == 4


def test_equal_schedules_get_slugs_of_their_own():
    first, second, named = with_slugs([Schedule(cron="0 3 * * *"), Schedule(cron="0 3 * * *"), Schedule(slug="mine")])
    assert second.slug == f"{first.slug}-2"
    assert named.slug == "mine"
    assert "slug" in first.model_fields_set


def test_what_is_sent_is_whole_and_what_comes_back_is_the_same():
    schedule = Schedule(slug="a", cron="0 3 * * *", timezone="Europe/Berlin", parameters={"x": 1}, active=False)
    assert to_wire(schedule) == {
        "slug": "a",
        "active": False,
        "parameters": {"x": 1},
        "schedule": {"cron": "0 3 * * *", "timezone": "Europe/Berlin", "day_or": True},
    }
    assert to_wire(from_wire(to_wire(schedule))) == to_wire(schedule)


def test_an_interval_keeps_the_live_anchor_unless_the_manifest_names_one():
    live = Schedule(slug="a", interval=60, anchor_date="2026-01-01T00:00:00Z", parameters={"x": 1})
    changed = rescheduled(Schedule(slug="a", interval=120), live)
    assert to_wire(changed)["schedule"] == {
        "interval": 120.0,
        "timezone": "UTC",
        "anchor_date": "2026-01-01T00:00:00Z",
    }
    assert changed.parameters == {"x": 1}
    named = rescheduled(Schedule(slug="a", interval=120, anchor_date="2026-02-01T00:00:00Z"), live)
    assert named.anchor_date == "2026-02-01T00:00:00Z"


def test_another_timing_takes_nothing_over_from_the_one_before():
    live = Schedule(slug="a", interval=60, anchor_date="2026-01-01T00:00:00Z", timezone="Europe/Berlin")
    assert to_wire(rescheduled(Schedule(slug="a", cron="0 3 * * *"), live))["schedule"] == {
        "cron": "0 3 * * *",
        "day_or": True,
        "timezone": "Europe/Berlin",
    }


@pytest.mark.parametrize(
    ("schedule", "path", "message", "mend"),
    [
        (Schedule(), (0,), "nothing says when", "exactly one"),
        (Schedule(cron="0 3 * * *", interval=60), (0,), "cron and interval are both set", "exactly one"),
        (Schedule(cron="0 3 * *"), (0, "cron"), "it has 4 fields", "0 3 * * *"),
        (Schedule(cron="0 25 * * *"), (0, "cron"), "its hour is none", "0 3 * * *"),
        (Schedule(rrule="FREQ=OFTEN"), (0, "rrule"), "cannot be read", "FREQ=WEEKLY"),
        (Schedule(rrule="FREQ=DAILY;" + "X" * 6500), (0, "rrule"), "longer than", "FREQ=WEEKLY"),
        (Schedule(cron="0 3 * * *", timezone="Europe/Berln"), (0, "timezone"), "no such time zone", "`Europe/Berlin`"),
        (Schedule(cron="0 3 * * *", timezone="../etc/passwd"), (0, "timezone"), "no such time zone", ""),
        (Schedule(cron="0 3 * * *", timezone=""), (0, "timezone"), "no such time zone", ""),
        (Schedule(interval=60, day_or=False), (0, "day_or"), "means nothing without cron", "take it out"),
        (Schedule(cron="0 3 * * *", anchor_date="2026-01-01"), (0, "anchor_date"), "without interval", "take it out"),
    ],
)
def test_a_flaw_is_told_with_its_place_and_mend(schedule, path, message, mend):
    [flaw] = flaws([schedule])
    assert flaw.path == path
    assert message in flaw.message
    assert mend in flaw.mend


HIDDEN = "hunter2"


@pytest.mark.parametrize(
    "fields",
    [
        {"cron": HIDDEN},
        {"cron": f"{HIDDEN} 3 * * *"},
        {"rrule": HIDDEN},
        {"rrule": f"FREQ={HIDDEN}"},
        {"cron": "@daily", "timezone": HIDDEN},
    ],
)
def test_no_flaw_quotes_a_value_which_a_template_may_have_given(fields):
    [flaw] = flaws([Schedule(**fields)])
    assert HIDDEN not in flaw.message.lower() + flaw.mend.lower()


@pytest.mark.parametrize("fields", [{"interval": HIDDEN}, {"interval": 60, "anchor_date": HIDDEN}])
def test_no_refusal_quotes_a_value_which_a_template_may_have_given(fields):
    with pytest.raises(ValidationError) as caught:
        Schedule(**fields)
    assert HIDDEN not in "".join(detail["msg"] for detail in caught.value.errors())


def test_two_schedules_may_not_share_a_slug():
    twice = [Schedule(slug="a", cron="0 3 * * *"), Schedule(slug="a", cron="0 4 * * *")]
    [flaw] = flaws(twice)
    assert flaw.path == (1, "slug")


@pytest.mark.parametrize("rrule", ["FREQ=DAILY", "RRULE:FREQ=WEEKLY;BYDAY=MO\nEXDATE:20260101T000000"])
def test_a_good_schedule_has_no_flaw(rrule):
    anchored = Schedule(interval="1h", anchor_date="2026-01-01")
    good = [Schedule(rrule=rrule), Schedule(cron="@daily", day_or=False), anchored]
    assert list(flaws(with_slugs(good))) == []
