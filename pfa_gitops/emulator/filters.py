"""How the listings narrow and sort. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pfa_gitops.emulator.store import Doc


def text_matches(query: Any, text: str) -> bool:
    """Whether a text fits a query ``{equals, not_equal, contains}``; no query fits everything."""
    query = query or {}
    wanted, unwanted, part = query.get("equals"), query.get("not_equal"), query.get("contains")
    return (wanted is None or text == wanted) and (unwanted is None or text != unwanted) and (part or "") in text


def archive_matches(doc: Doc, archive_status: str | None) -> bool:
    """Whether a document is shown for ``ARCHIVED``, ``NOT_ARCHIVED`` (also when nothing is said) or ``ALL``."""
    if archive_status == "ALL":
        return True
    return (doc.get("archived_at") is not None) == (archive_status == "ARCHIVED")


def tags_match(tags: Mapping[str, str], tag_filter: Sequence[str]) -> bool:
    """Whether tags fit ``key:value`` filters: values of one key are alternatives, every key must fit."""
    wanted: dict[str, set[str]] = {}
    for item in tag_filter:
        key, _, value = item.partition(":")
        wanted.setdefault(key, set()).add(value)
    return all(tags.get(key) in values for key, values in wanted.items())


def within(value: str, earliest: str | None, latest: str | None) -> bool:
    """Whether an ISO time stamp lies between two others; both bounds count, either may be missing."""
    return (earliest is None or value >= _comparable(earliest)) and (latest is None or value <= _comparable(latest))


def in_order(docs: Iterable[Doc], field: str, order: str | None) -> list[Doc]:
    """Sorted by a field, ascending unless ``DESC`` is asked for."""
    return sorted(docs, key=lambda doc: str(doc.get(field) or ""), reverse=order == "DESC")


def _comparable(stamp: str) -> str:
    return stamp.replace("Z", "+00:00").replace(" ", "+")
