"""Nodes → documents: plain values, aliases and merge keys expanded, each thing with its place. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.document import TEMPLATES_BEGIN, Document, Places
from pfa_gitops.manifests.numbers import fits_json
from pfa_gitops.manifests.shorten import shortened
from pfa_gitops.manifests.yaml_nodes import MAX_DEPTH, TAG, Alias, Items, Node, Pairs, Scalar, Unreadable, compose
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Origin, Path

MAX_ALIASED = 100_000
"""Values that come from aliases, and keys that merges look at, in one document. More is a mistake or an attack."""
LONG = 50
"""A text counts once for so many characters."""

LONGEST_NUMBER = 5_000
"""Characters. What is longer does not fit JSON; YAML's numbers to the base of 60 would take hours."""

QUOTE = "put it in quotes if you mean text"
CONSTRUCT = yaml.SafeLoader("")
MERGE = f"{TAG}merge"
AS_TEXT = frozenset({f"{TAG}str", f"{TAG}timestamp", f"{TAG}value", MERGE})
"""A timestamp stays text: JSON has none, and a field that is a time reads its text."""


def read_documents(
    text: str, file: str, lines: Sequence[int] | None = None, allowance: Allowance | None = None
) -> Iterator[Document | Problem | tuple[Document, list[Problem]]]:
    """Yield each document, or with its problems where it has some, and last a Problem where the text is no YAML.

    Raises ProblemsFound where there is more than `allowance` has left.
    """
    allowance = allowance or Allowance()
    try:
        for root in compose(text, file, lines, allowance):
            expansion = Expansion(allowance)
            value = expansion.expand(root, ())
            places = Places(expansion.values, expansion.keys, expansion.texts)
            document = Document(file, value, places, expansion.may_hold_templates)
            yield (document, expansion.problems) if expansion.problems else document
    except Unreadable as error:
        yield error.problem


class Expansion:
    """Turns the nodes of one document into values, and notes the places and the problems."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._allowance = allowance or Allowance()
        self.values: dict[Path, Origin] = {}
        self.keys: dict[Path, Origin] = {}
        self.texts: dict[Path, str] = {}
        self.problems: list[Problem] = []
        self.may_hold_templates = False
        """Whether a text or a key has what every template begins with."""
        self._aliased = 0
        self._alias: Origin | None = None
        """The alias that is being expanded, the outermost one."""
        self._merging = 0
        """How many merges stand inside of each other where we are."""

    def expand(self, node: Node, path: Path) -> Any:
        """Return the value of `node`, which stands at `path`."""
        self.values[path] = node.origin
        if isinstance(node, Alias):
            return self._expand_alias(node, path)
        if self._alias is not None:
            self._count(self._alias, 1 + len(node.text) // LONG if isinstance(node, Scalar) else 1)
        if len(path) > MAX_DEPTH:
            raise Unreadable(f"nested deeper than {MAX_DEPTH} levels", "flatten it", node.origin)
        if isinstance(node, Items):
            return [self.expand(item, (*path, index)) for index, item in enumerate(node.items)]
        if isinstance(node, Pairs):
            return self._mapping(node, path)
        return self._scalar(node, path)

    def _expand_alias(self, node: Alias, path: Path) -> Any:
        outer, self._alias = self._alias, self._alias or node.origin
        value = self.expand(node.target, path)
        self._alias = outer
        self.values[path] = node.origin
        return value

    def _count(self, origin: Origin, values: int = 1) -> None:
        self._aliased += values
        self._allowance.values(values, origin)
        if self._aliased > MAX_ALIASED:
            raise Unreadable(
                f"too many aliases: they stand for more than {MAX_ALIASED:,} values", "write the values out", origin
            )

    def _mapping(self, node: Pairs, path: Path) -> dict[str, Any]:
        value: dict[str, Any] = {}
        merged: list[Node] = []
        for key, item in node.pairs:
            if isinstance(key, Scalar) and key.tag == MERGE:
                merged.append(item)
                continue
            if (name := self._key(key)) is None:
                continue
            place = (*path, name)
            if name in value:
                first = self.keys[place]
                self._note(f"the key `{name}` stands here twice", f"remove one; the first is in line {first.line}", key)
                continue
            self.keys[place] = key.origin
            value[name] = self.expand(item, place)
        for item in merged:
            self._merge(item, path, value)
        return value

    def _key(self, key: Node) -> str | None:
        """The text of a key; None for a merge key, and for what is noted as a problem."""
        while isinstance(key, Alias):
            key = key.target
        if not isinstance(key, Scalar):
            self._note("a key must be text", "put the value in quotes if it begins with {{", key)
            return None
        if key.tag == MERGE:
            return None
        if key.tag not in AS_TEXT:
            self._note(f"the key `{key.text}` is no text to YAML", f'write it in quotes: "{key.text}"', key)
            return None
        return self._text(key.text)

    def _merge(self, node: Node, path: Path, value: dict[str, Any]) -> None:
        """`<<: *base`: add the keys that are not there yet."""
        outer, self._alias = self._alias, self._alias or node.origin
        self._merging += 1
        if self._merging > MAX_DEPTH:
            raise Unreadable(f"merge keys stand deeper than {MAX_DEPTH} levels", "write the keys out", self._alias)
        while isinstance(node, Alias):
            node = node.target
        sources = node.items if isinstance(node, Items) else [node]
        for source in sources:
            self._count(self._alias)
            target = source.target if isinstance(source, Alias) else source
            if not isinstance(target, Pairs):
                self._note("`<<` takes a mapping or a list of mappings", "name an anchor of a mapping", source)
                continue
            self._add_missing(target, path, value, self._alias)
        self._merging -= 1
        self._alias = outer

    def _add_missing(self, source: Pairs, path: Path, value: dict[str, Any], alias: Origin) -> None:
        for key, item in source.pairs:
            name = self._key(key)
            if name is None or name in value:
                self._count(alias)  # passing over costs time too: merges of merges multiply
                continue
            self.keys[(*path, name)] = key.origin
            value[name] = self.expand(item, (*path, name))
        for key, item in source.pairs:
            if isinstance(key, Scalar) and key.tag == MERGE:
                self._merge(item, path, value)

    def _scalar(self, node: Scalar, path: Path) -> Any:
        if node.tag in AS_TEXT:
            return self._text(node.text)
        if node.plain:
            self.texts[path] = node.text
        if len(node.text) > LONGEST_NUMBER:
            self._note(f"`{shortened(node.text)}` is no number that JSON knows", QUOTE, node)
            return None
        try:
            value = CONSTRUCT.yaml_constructors[node.tag](CONSTRUCT, yaml.ScalarNode(node.tag, node.text))
        except (ValueError, KeyError, IndexError, OverflowError):
            kind = node.tag.removeprefix(TAG)
            self._note(f"`{shortened(node.text)}` is no {kind}", "correct it, or put it in quotes", node)
            return None
        if not fits_json(value):
            self._note(f"`{shortened(node.text)}` is no number that JSON knows", QUOTE, node)
        return value

    def _text(self, text: str) -> str:
        if TEMPLATES_BEGIN in text:
            self.may_hold_templates = True
        return text

    def _note(self, message: str, mend: str, node: Node) -> None:
        self.problems.append(Problem(message, mend, node.origin))
