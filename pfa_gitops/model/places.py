"""Where things are: the address of an object, the origin of a value. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Path = tuple[str | int, ...]
"""The way to a value inside a document: keys and list indexes."""


class Address(NamedTuple):
    """What people call an object: `Deployment/prefect-test`. Its name is `metadata.name`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def address(text: str) -> Address:
    """The inverse of `str(address)`. What has no slash is a kind without a name."""
    kind, _, name = text.partition("/")
    return Address(kind, name)


class Origin(NamedTuple):
    """The place of a value in a file. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Origins:
    """The origin of every value in one manifest, by its path from the document's root."""

    by_path: Mapping[Path, Origin] = field(default_factory=dict)

    def at(self, path: Path) -> Origin | None:
        """The origin of `path`, or of the nearest thing around it that was written down."""
        for length in range(len(path), -1, -1):
            if (origin := self.by_path.get(path[:length])) is not None:
                return origin
        return None


def show_path(path: Path) -> str:
    """Write a path as people read it: `schedules[0].cron`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
