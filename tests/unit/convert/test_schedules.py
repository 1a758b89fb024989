import pytest

BERLIN = "timezone: Europe/Berlin"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("schedule: {cron: 0 3 * * *}", [{"cron": "0 3 * * *"}]),
        ("schedule: {}", None),
        ("schedule: []", None),
        ("schedules: null\nschedule: {interval: 60}", [{"interval": 60}]),
        ("schedules:\n- {interval: 3600.0, anchor_date: '2025-01-01T00:00:00+00:00', timezone: UTC, active: true}",
         [{"interval": 3600, "anchor_date": "2025-01-01T00:00:00+00:00"}]),
        ("schedules: [{interval: '1:30:00'}, {interval: 'PT5M'}]", [{"interval": 5400}, {"interval": "PT5M"}]),
        ("schedules: [{interval: '2 days, 0:00:01.5'}, {interval: '90'}]", [{"interval": 172801.5}, {"interval": 90}]),
        (f"schedule: {{interval: 60, anchor_date: '2025-01-01T09:00:00', {BERLIN}}}",
         [{"interval": 60, "timezone": "Europe/Berlin", "anchor_date": "2025-01-01T09:00:00Z"}]),
        (f"schedule: {{rrule: 'FREQ=DAILY', {BERLIN}}}", [{"rrule": "FREQ=DAILY", "timezone": "Europe/Berlin"}]),
        ("schedule: {rrule: '{\"rrule\": \"FREQ=DAILY\", \"timezone\": \"Europe/Berlin\"}'}",
         [{"rrule": "FREQ=DAILY", "timezone": "Europe/Berlin"}]),
        ("schedule: {cron: 0 3 * * *, active: false, day_or: false}",
         [{"cron": "0 3 * * *", "day_or": False, "active": False}]),
        ("schedules:\n- {slug: s, cron: 0 3 * * *, parameters: {a: 1}, max_scheduled_runs: 5}",
         [{"slug": "s", "cron": "0 3 * * *", "parameters": {"a": 1}, "max_scheduled_runs": 5}]),
        ("schedules:\n- {schedule: {cron: 0 3 * * *}, active: false}", [{"cron": "0 3 * * *", "active": False}]),
        ("schedule: {interval: 60, day_or: null, timezone: null}", [{"interval": 60}]),
    ],
)  # fmt: skip
def test_spellings(deployment, written, read):
    done = deployment(written)
    assert done.spec.get("schedules") == read
    assert done.said("lost") == []


def test_an_anchor_without_an_offset_is_told(deployment):
    done = deployment(f"schedule: {{interval: 60, anchor_date: '2025-01-01T09:00:00', {BERLIN}}}")
    assert done.said("changed") == [
        "7: the anchor 2025-01-01T09:00:00 has no offset: `prefect deploy` takes it as UTC, and so does the manifest"
    ]


def test_what_a_schedule_has_no_more_is_told(deployment):
    done = deployment("schedules:\n- cron: 0 3 * * *\n  catchup: true\n  flow_run_name: n\n  replaces: old")
    assert done.spec["schedules"] == [{"cron": "0 3 * * *"}]
    assert [line[:3] for line in done.said("lost")] == ["9: ", "10:", "11:"]
    assert deployment("schedule: {cron: 0 3 * * *, catchup: false, max_active_runs: null}").said("lost") == []


def test_two_sorts_of_schedules_at_once(deployment):
    done = deployment("schedule: {cron: 0 3 * * *}\nschedules: [{cron: 0 4 * * *}]")
    assert done.spec["schedules"] == [{"cron": "0 4 * * *"}]
    assert done.said("lost")[0].startswith("7: `schedule` beside `schedules`")


@pytest.mark.parametrize("inner", ["[1]", "x", "{a: 1}", "null"])
def test_a_schedule_inside_of_one_that_is_none(deployment, inner):
    done = deployment(f"schedules: [{{schedule: {inner}, cron: 0 3 * * *}}]")
    assert done.spec["schedules"] == [{"cron": "0 3 * * *"}]


def test_an_rrule_that_is_deep_json_is_refused(deployment):
    done = deployment("schedule: {rrule: '" + '{"a":' * 20_000 + "'}")
    assert done.specs == {}
    assert "the rrule cannot be read" in done.said("refused")[0]


def test_a_schedule_that_says_not_when(deployment):
    done = deployment("schedules: [{timezone: UTC}, 5]")
    assert "schedules" not in done.spec
    assert done.said("lost") == ["7: a schedule that says not when", "7: a schedule is a mapping"]
