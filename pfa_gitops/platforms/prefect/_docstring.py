"""Reads what a docstring in Google's style says of parameters, by the rules by which Prefect reads it. Pure."""

import inspect
import re
from collections.abc import Iterator

SECTION = re.compile(r"(?:args|arguments|params|parameters):(?:\s+\S.*)?\s*", re.IGNORECASE)


def parameter_descriptions(docstring: str | None) -> dict[str, str]:
    """What the last section of parameters says, by parameter."""
    lines = inspect.cleandoc(docstring or "").split("\n")
    found: dict[str, str] = {}
    for number, line in enumerate(lines):
        if SECTION.fullmatch(line) and _stands_alone(lines, number):
            found = dict(_described(_items(lines[number + 1 :])))
    return found


def _stands_alone(lines: list[str], number: int) -> bool:
    """A section's title has an empty line before it and an indented one after it."""
    before = lines[number - 1].strip() if number else ""
    after = lines[number + 1] if number + 1 < len(lines) else ""
    return not before and after.startswith(" ")


def _items(lines: list[str]) -> Iterator[list[str]]:
    """The entries of a section, each as its lines without their indentation."""
    indent = len(lines[0]) - len(lines[0].lstrip())
    item: list[str] = []
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth < indent:
            break
        if line.strip() and depth == indent:
            if item:
                yield item
            item = [line.strip()]
        else:
            item.append(line[2 * indent :] if depth >= 2 * indent else line.strip())
    if item:
        yield item


def _described(items: Iterator[list[str]]) -> Iterator[tuple[str, str]]:
    """Split `name (type): text` into the name and the text."""
    for first, *rest in items:
        title, colon, text = first.partition(":")
        if colon:
            yield title.split(" ", 1)[0], "\n".join([text.lstrip(), *rest]).rstrip("\n")
