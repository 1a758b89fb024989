"""A deployment's schedules: their canonical form, their slugs, what is wrong with them, their form on the wire. Pure.

The validators bring both sides, manifest and server, into one form: an interval is seconds, a time is UTC, a missing
time zone is UTC, an rrule stands without the start that the server writes before it.

No message quotes a value: nobody here knows whether a template gave it, and that may have named the wrong variable.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.values import Spec, without_nulls
from pfa_gitops.platforms.base import FieldRules, Flaw
from pfa_gitops.platforms.overlaid import overlaid
from pfa_gitops.platforms.prefect._cron import cron_flaw

TIMINGS = ("cron", "interval", "rrule")
ONLY_WITH = {"day_or": "cron", "anchor_date": "interval"}
"""Fields that mean something beside one timing only."""
UNIT_SECONDS = (604800.0, 86400.0, 3600.0, 60.0, 1.0)
SHORT_INTERVAL = re.compile(r"(?=.)(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", re.IGNORECASE)
ISO_INTERVAL = re.compile(r"P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
WRITTEN_START = re.compile(r"DTSTART:(\d{8}T\d{6})\n", re.IGNORECASE)
LEGACY_START = "20200101T000000"
"""What Prefect writes before an rrule that has no DTSTART, and means where it writes none."""
MAX_RRULE_LENGTH = 6500


def to_seconds(value: Any) -> Any:
    """An interval as seconds. Takes seconds, `1h30m`, ISO 8601 (`PT90M`) and what the server answers."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, str):
        match = ISO_INTERVAL.fullmatch(value.strip()) or SHORT_INTERVAL.fullmatch(value.strip())
        if match is None:
            raise ValueError("it is no interval; write seconds, `1h30m` or `PT90M`")
        return sum(float(amount or 0) * unit for amount, unit in zip(match.groups(), UNIT_SECONDS, strict=True))
    return value


def without_written_start(value: Any) -> Any:
    """An rrule without the start that the server writes before each one that has none, and that means the same."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    start = WRITTEN_START.match(text)
    return text[start.end() :] if start and start[1] == LEGACY_START else text


def _one_space(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


class Schedule(Spec):
    """When Prefect starts runs by itself. Exactly one of `cron`, `interval` and `rrule` is set."""

    slug: str | None = Field(default=None, min_length=1)
    """What the schedule is called, so that its id lives on when it changes. Default: made from its content."""
    cron: Annotated[str | None, BeforeValidator(_one_space)] = None
    """A cron expression of five fields, e.g. `0 3 * * *`."""
    interval: Annotated[
        Annotated[float, Field(gt=0, allow_inf_nan=False)] | None,
        BeforeValidator(to_seconds, json_schema_input_type=float | str | None),
    ] = None
    """The time between two runs: seconds, or text such as `1h30m` or `PT90M`."""
    rrule: Annotated[str | None, BeforeValidator(without_written_start)] = None
    """A recurrence rule of RFC 5545, e.g. `FREQ=WEEKLY;BYDAY=MO`."""
    timezone: Annotated[str, BeforeValidator(lambda value: "UTC" if value is None else value)] = "UTC"
    """The IANA name of the time zone, e.g. `Europe/Berlin`. Default: UTC."""
    day_or: Annotated[bool, BeforeValidator(lambda value: True if value is None else value)] = True
    """With `cron`: whether a day of the month and a day of the week mean either (true, as cron does) or both."""
    anchor_date: str | None = None
    """With `interval`: the time from which intervals are counted. Default: when the schedule was made."""
    active: bool = True
    """Whether it starts runs."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Parameters of its runs, laid over the deployment's."""
    max_scheduled_runs: int | None = Field(default=None, gt=0)
    """How many runs ahead Prefect plans. Default: the server's."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_no_anchor(cls, data: Any) -> Any:
        """The server makes one up where none is given, so that a null would always differ."""
        return without_nulls(data, "anchor_date")

    @field_validator("anchor_date", mode="before")
    @classmethod
    def _as_utc(cls, value: Any, info: ValidationInfo) -> Any:
        """A time without a zone is in the schedule's own."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise ValueError("it is no time; write e.g. `2026-01-31T06:00:00Z`") from None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows below
        if isinstance(value, datetime):
            if value.tzinfo is None:
                value = value.replace(tzinfo=zone(info.data.get("timezone", "UTC")) or UTC)
            try:
                return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
            except OverflowError:
                raise ValueError("it lies outside of the years 1 to 9999") from None
        return value

    @property
    def timing(self) -> str | None:
        """Which of the three says when, or None where none does."""
        return next((name for name in TIMINGS if getattr(self, name) is not None), None)


def zone(name: str) -> ZoneInfo | None:
    """The time zone of that name, or None where there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):  # an unknown key, a path, a folder: ZoneInfoNotFoundError is a KeyError
        return None
    except KeyError:
        return None


def with_slugs(schedules: Sequence[Schedule]) -> list[Schedule]:
    """Each schedule with a slug: its own, or one that follows from what it does and so stays the same."""
    taken = {schedule.slug for schedule in schedules}
    result = []
    for schedule in schedules:
        if schedule.slug is None:
            slug = _free(derived_slug(schedule), taken)
            taken.add(slug)
            result.append(schedule.model_copy(update={"slug": slug}))
        else:
            result.append(schedule)
    return result


def derived_slug(schedule: Schedule) -> str:
    """A slug from when and with what the schedule runs. An anchor is left out: the server makes one up."""
    timing = schedule.timing or "none"
    content = [getattr(schedule, timing, None), schedule.timezone, schedule.day_or, schedule.parameters]
    text = json.dumps(content, sort_keys=True, default=str)
    return f"{timing}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _free(slug: str, taken: set[str | None]) -> str:
    number, free = 2, slug
    while free in taken:
        free, number = f"{slug}-{number}", number + 1
    return free


def flaws(schedules: Sequence[Schedule]) -> Iterator[Flaw]:
    """What is wrong with a deployment's schedules. Paths start at the list."""
    seen: set[str] = set()
    for index, schedule in enumerate(schedules):
        for path, message, mend in _schedule_flaws(schedule):
            yield Flaw((index, *path), message, mend)
        if schedule.slug in seen:
            mend = "give each schedule a slug of its own"
            yield Flaw((index, "slug"), f"two schedules have the slug `{schedule.slug}`", mend)
        seen.add(schedule.slug or "")


def _schedule_flaws(schedule: Schedule) -> Iterator[Flaw]:
    given = [name for name in TIMINGS if getattr(schedule, name) is not None]
    if len(given) != 1:
        what = "nothing says when it runs" if not given else f"{' and '.join(given)} are both set"
        yield Flaw((), what, "set exactly one of cron, interval and rrule")
        return
    for name, timing in ONLY_WITH.items():
        if name in schedule.model_fields_set and given != [timing]:
            yield Flaw((name,), f"{name} means nothing without {timing}", "take it out")
    if schedule.cron is not None and (reason := cron_flaw(schedule.cron)):
        yield Flaw(("cron",), f"the cron expression cannot be read: {reason}", "write e.g. `0 3 * * *`")
    if schedule.rrule is not None and (reason := rrule_flaw(schedule.rrule)):
        yield Flaw(("rrule",), f"the rrule cannot be read: {reason}", "write e.g. `FREQ=WEEKLY;BYDAY=MO`")
    if zone(schedule.timezone) is None:
        mend = did_you_mean(schedule.timezone, available_timezones(), "write an IANA name, e.g. `Europe/Berlin`")
        yield Flaw(("timezone",), "there is no such time zone", mend)


def rrule_flaw(text: str) -> str | None:
    """What is wrong with an rrule, or None. Asks dateutil, as the server does; Prefect brings it along."""
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]  # noqa: PLC0415 - no types; few need it

    if len(text) > MAX_RRULE_LENGTH:
        return f"it is longer than {MAX_RRULE_LENGTH} characters"
    try:
        rrulestr(text)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return "it is no recurrence rule of RFC 5545"
    return None


def to_wire(schedule: Schedule) -> dict[str, Any]:
    """The whole schedule as the REST API takes it. Whole, as a PATCH resets the parameters that it leaves out."""
    when: dict[str, Any] = {"timezone": schedule.timezone}
    if schedule.timing is not None:
        when[schedule.timing] = getattr(schedule, schedule.timing)
    if schedule.timing == "cron":
        when["day_or"] = schedule.day_or
    if schedule.timing == "interval" and schedule.anchor_date is not None:
        when["anchor_date"] = schedule.anchor_date
    body: dict[str, Any] = {"slug": schedule.slug, "active": schedule.active, "schedule": when}
    body["parameters"] = schedule.parameters
    if schedule.max_scheduled_runs is not None:
        body["max_scheduled_runs"] = schedule.max_scheduled_runs
    return body


def from_wire(item: Mapping[str, Any]) -> Schedule:
    """A schedule as the REST API tells it. Its slug may be missing: `prefect deploy` gives none."""
    when = item["schedule"]
    fields = {name: when[name] for name in (*TIMINGS, *ONLY_WITH) if name in when}
    return Schedule(
        slug=item.get("slug"),
        timezone=when.get("timezone"),
        active=item["active"],
        parameters=item.get("parameters") or {},
        max_scheduled_runs=item.get("max_scheduled_runs"),
        **fields,
    )


def in_terms_of(live: Iterable[Schedule], wanted: Sequence[Schedule]) -> list[Schedule]:
    """The live schedules, with an rrule as the manifest writes it where the server only put a start before it."""
    rrules = {schedule.slug: schedule.rrule for schedule in wanted if schedule.rrule}
    return [_as_written(schedule, rrules.get(schedule.slug)) for schedule in live]


def _as_written(live: Schedule, rrule: str | None) -> Schedule:
    if live.rrule and rrule and WRITTEN_START.sub("", live.rrule, count=1) == rrule:
        return live.model_copy(update={"rrule": rrule})
    return live


def rescheduled(desired: Schedule, live: Schedule) -> Schedule:
    """`live` with what `desired` names, so that what it does not name, such as an anchor, stays.

    Another timing takes nothing over from the one before.
    """
    if desired.timing is not None and desired.timing != live.timing:
        kept = live.model_fields_set - {*TIMINGS, *ONLY_WITH}
        live = Schedule.model_construct(**{name: getattr(live, name) for name in kept})
    return overlaid(desired, live, FieldRules())
