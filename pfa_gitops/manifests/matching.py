"""Which files a pattern of `spec.manifests` names. Reads directories below the project's root only.

As pathlib reads a pattern, but within bounds: a repository may hold links to everywhere, also to each other, and a
pattern may name a directory in endless ways. So each directory is looked into once for each part of the pattern.
"""

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import translate
from glob import has_magic
from pathlib import Path

MAX_ENTRIES = 1_000_000
"""Files and directories that all patterns of a project look at, together."""
ANY_DEPTH = "**"


class Outside(Exception):
    """A directory that the pattern names leads out of the project. Its text says which."""


class TooMany(Exception):
    """There is more to look at than `MAX_ENTRIES`."""


TWICE = (ANY_DEPTH, ANY_DEPTH)
"""Means what one does."""


class Search:
    """Looks for files below one root. Counts what all its patterns look at."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real_root = root.resolve()
        self._entries = 0

    def leads_outside(self, path: Path) -> bool:
        """Whether `path`, which need not be there, is out of the project by a link. Raises OSError."""
        try:
            return not path.resolve().is_relative_to(self._real_root)
        except RuntimeError:  # links that lead to each other
            return True

    def files(self, pattern: Path) -> Iterator[Path]:
        """Yield the files that `pattern` names, once. Raises OSError, Outside, TooMany."""
        before = (None, *pattern.parts)
        parts = [part for part, former in zip(pattern.parts, before, strict=False) if (part, former) != TWICE]
        pending, seen = [(self._root, 0)], set()
        while pending:
            directory, index = pending.pop()
            place = (directory.resolve(), index)
            if place in seen:
                continue
            seen.add(place)
            last = index == len(parts) - 1
            for path in self._children(directory, parts[index]):
                if last and parts[index] != ANY_DEPTH:
                    if path.is_file():
                        yield path
                elif path.is_dir():
                    self._check(path)
                    pending.append((path, index if parts[index] == ANY_DEPTH else index + 1))
            if parts[index] == ANY_DEPTH and not last:
                pending.append((directory, index + 1))

    def _children(self, directory: Path, part: str) -> Iterator[Path]:
        """What one part of the pattern names in a directory. `**` follows no links, as in pathlib."""
        if not has_magic(part):
            yield directory / part
            return
        fits = re.compile(translate(part)).match if part != ANY_DEPTH else None
        with os.scandir(directory) as entries:
            for entry in entries:
                self._count()
                if fits(entry.name) if fits else entry.is_dir(follow_symlinks=False):
                    yield directory / entry.name

    def _count(self) -> None:
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise TooMany

    def _check(self, path: Path) -> None:
        if path.is_symlink() and self.leads_outside(path):
            raise Outside(str(path))


def fixed_part(parts: Sequence[str]) -> Path:
    """The part of a pattern before the first wildcard."""
    return Path(*parts[: next((index for index, part in enumerate(parts) if has_magic(part)), len(parts))])
