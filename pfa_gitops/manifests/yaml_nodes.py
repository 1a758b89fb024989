"""YAML text → nodes with places. Pure.

Built from the parser's events, since libyaml's own composer overflows the C stack on deep nesting (PyYAML 6.0.3:
200,000 opened brackets end the process), and drops the place of an alias.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Origin

MAX_DEPTH = 100
LONGEST_REMEMBERED = 100
"""Characters of a text whose tag is remembered."""
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RESOLVER: Any = yaml.SafeLoader("")

TAG = "tag:yaml.org,2002:"
COLLECTION_TAGS = frozenset({f"{TAG}map", f"{TAG}seq", "!"})
DATA_TAGS = frozenset(TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value"))


@dataclass(slots=True)
class Scalar:
    """A single value; `tag` is resolved, `text` is as written."""

    origin: Origin
    tag: str
    text: str
    plain: bool
    """Written without quotes, so that YAML guessed the type."""


@dataclass(slots=True)
class Items:
    """A list."""

    origin: Origin
    items: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Pairs:
    """A mapping, with its keys in the order in which they stand, doubles too."""

    origin: Origin
    pairs: list[tuple["Node", "Node"]] = field(default_factory=list)


@dataclass(slots=True)
class Alias:
    """A `*name`."""

    origin: Origin
    target: "Node"


Node = Scalar | Items | Pairs | Alias


class Unreadable(Exception):
    """The text cannot be read further. Carries the problem."""

    def __init__(self, message: str, mend: str, origin: Origin) -> None:
        super().__init__(message)
        self.problem = Problem(message, mend, origin)


class Source(NamedTuple):
    """Which text it is: the file, and for each line of a rendered text the template's line."""

    file: str
    lines: Sequence[int] | None = None

    def origin(self, line: int, column: int) -> Origin:
        """The place of a mark of the parser, which counts from 0."""
        if self.lines is None or line >= len(self.lines):
            return Origin(self.file, line + 1, column + 1)
        return Origin(self.file, self.lines[line], column + 1)


def compose(
    text: str, file: str, lines: Sequence[int] | None = None, allowance: Allowance | None = None
) -> Iterator[Node]:
    """Yield the root node of each document that is not empty. Raises Unreadable; what came before it stands.

    `lines` gives for each line of a rendered text the template's line.
    """
    source = Source(file, lines)
    try:
        yield from Composer(Loader(text), source, allowance or Allowance()).documents()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, source) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        origin = source.origin(before.count("\n"), len(before) - before.rfind("\n") - 1)
        raise Unreadable("a character that YAML does not allow", "remove it, or escape it", origin) from None


def _syntax_error(error: yaml.MarkedYAMLError, text: str, source: Source) -> Unreadable:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines()
    rest = lines[line][column:] if line < len(lines) else ""
    after = "" if source.lines is None else " (after rendering)"
    mend = "indent with spaces; YAML allows no tabs" if rest.startswith("\t") else "check indentation and quotes"
    if rest.startswith(("%", "@", "`", "{{")):
        mend = "put the value in quotes"
    message = f"YAML error{after}: {error.problem or error.context}"
    if error.context_mark and error.context_mark.line < line:
        message += f", in what begins in line {source.origin(error.context_mark.line, 0).line}"
    return Unreadable(message, mend, source.origin(line, column))


class Composer:
    """Reads events and builds nodes. Its state is the parser's and the anchors of one document."""

    def __init__(self, loader: Any, source: Source, allowance: Allowance) -> None:
        self._loader = loader
        self._source = source
        self._allowance = allowance
        self._anchors: dict[str, Node] = {}
        self._open: set[str] = set()

    def documents(self) -> Iterator[Node]:
        """Yield the root of each document."""
        while not self._loader.check_event(StreamEndEvent):
            event = self._loader.get_event()
            if not isinstance(event, DocumentStartEvent):
                continue
            first = self._loader.get_event()
            self._allowance.document(self._source.origin(first.start_mark.line, first.start_mark.column))
            self._anchors.clear()
            root = self._node(first, 0)
            if not (isinstance(root, Scalar) and root.tag == f"{TAG}null"):
                yield root

    def _node(self, event: Any, depth: int) -> Node:
        mark = event.start_mark
        origin = self._source.origin(mark.line, mark.column)
        self._allowance.values(1, origin)
        if depth > MAX_DEPTH:
            raise Unreadable(f"nested deeper than {MAX_DEPTH} levels", "flatten it", origin)
        if event.anchor is None:
            return self._content(event, origin, depth)
        if isinstance(event, AliasEvent):
            return self._alias(str(event.anchor), origin)
        self._open.add(event.anchor)
        node = self._content(event, origin, depth)
        self._open.discard(event.anchor)
        self._anchors[event.anchor] = node
        return node

    def _alias(self, name: str, origin: Origin) -> Node:
        if name in self._open:
            raise Unreadable(f"the alias *{name} stands inside of what it names", "remove the alias", origin)
        if name not in self._anchors:
            raise Unreadable(f"the alias *{name} names no anchor", f"write &{name} before the value", origin)
        return Alias(origin, self._anchors[name])

    def _content(self, event: Any, origin: Origin, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            return _scalar(event, origin)
        _refuse_tag(event.tag, COLLECTION_TAGS, origin)
        read = self._loader.get_event
        if isinstance(event, SequenceStartEvent):
            items = Items(origin)
            while not isinstance(event := read(), SequenceEndEvent):
                items.items.append(self._node(event, depth + 1))
            return items
        pairs = Pairs(origin)
        while not isinstance(event := read(), MappingEndEvent):
            key = self._node(event, depth + 1)
            pairs.pairs.append((key, self._node(read(), depth + 1)))
        return pairs


def _scalar(event: Any, origin: Origin) -> Scalar:
    text, tag = event.value, event.tag
    if tag is None or tag == "!":
        resolve = _remembered if len(text) <= LONGEST_REMEMBERED else _resolved
        tag = resolve(text, event.implicit)
    _refuse_tag(tag, DATA_TAGS, origin)
    return Scalar(origin, tag, text, plain=not event.style)


def _resolved(text: str, implicit: tuple[bool, bool]) -> str:
    """The tag of what is written without one."""
    return str(RESOLVER.resolve(yaml.ScalarNode, text, implicit))


_remembered = lru_cache(maxsize=10_000)(_resolved)
"""Keys and many values stand in a project again and again."""


def _refuse_tag(tag: str | None, allowed: Any, origin: Origin) -> None:
    if tag is not None and tag not in allowed:
        shown = tag.replace(TAG, "!!")
        raise Unreadable(f"the YAML tag {shown} is not allowed", "write a plain value; manifests are data", origin)
