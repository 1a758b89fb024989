"""A YAML file of another tool as values with their places. Pure.

It is read as the other tool's YAML library does: of a key that stands twice the last one counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pfa_gitops.convert.values import Report, Sort
from pfa_gitops.manifests.document import Places
from pfa_gitops.manifests.yaml_documents import Expansion
from pfa_gitops.manifests.yaml_nodes import Alias, Items, Node, Pairs, Scalar, Unreadable, compose
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.places import Origin, Path


@dataclass(frozen=True)
class Written:
    """A value of the file, and where it stands."""

    value: Any
    path: Path
    places: Places

    def get(self, *names: str | int) -> "Written":
        """What stands further in; its value is None where nothing does."""
        value, path = self.value, self.path
        for name in names:
            path = (*path, name)
            value = value.get(name) if isinstance(value, dict) else None
        return Written(value, path, self.places)

    def has(self, name: str) -> bool:
        """Whether the key is there, with null too."""
        return isinstance(self.value, dict) and name in self.value

    def items(self) -> Iterator[tuple[str, "Written"]]:
        """The pairs of a mapping; none of anything else."""
        for name in self.value if isinstance(self.value, dict) else ():
            yield name, self.get(name)

    def elements(self) -> Iterator["Written"]:
        """The items of a list; none of anything else."""
        for index, value in enumerate(self.value if isinstance(self.value, list) else ()):
            yield Written(value, (*self.path, index), self.places)

    @property
    def at(self) -> Origin | None:
        """Where the key stands, or where there is none, the value."""
        return self.places.of_key(self.path)

    def origins(self) -> Iterator[tuple[Path, Origin]]:
        """Where the value and all that is in it stand, by the paths within it."""
        if self.at is not None:
            yield (), self.at
        inner: list[tuple[str | int, Written]] = [*self.items(), *enumerate(self.elements())]
        for key, item in inner:
            yield from (((key, *path), at) for path, at in item.origins())


@dataclass(frozen=True)
class File:
    """The file's document, and the keys at its top that only hold what aliases name."""

    root: Written
    definitions: frozenset[str]


def read_file(text: str, file: str, report: Report) -> File:
    """Read the file's document. Raises ProblemsFound where it is no YAML, or holds nothing."""
    nodes, unreadable = _nodes(text, file)
    if unreadable or not nodes:
        raise ProblemsFound([unreadable or Problem("the file is empty", "name another one", Origin(file, 1, 1))])
    for node in nodes[1:]:
        report.note(Sort.LOST, "a second YAML document in one file", "convert it as a file of its own", node.origin)
    root = nodes[0]
    _let_the_last_win(root, report)
    expansion = Expansion()
    try:
        value = expansion.expand(root, ())
    except Unreadable as error:
        raise ProblemsFound([error.problem]) from None
    report.take(Sort.LOST, expansion.problems)
    places = Places(expansion.values, expansion.keys, expansion.texts)
    return File(Written(value, (), places), _definitions(root))


def _nodes(text: str, file: str) -> tuple[list[Node], Problem | None]:
    found: list[Node] = []
    try:
        found.extend(compose(text, file))
    except Unreadable as error:
        return found, error.problem
    return found, None


def _let_the_last_win(node: Node, report: Report) -> None:
    """Take the earlier ones of keys that stand twice out of the tree."""
    if isinstance(node, Items):
        for item in node.items:
            _let_the_last_win(item, report)
    if not isinstance(node, Pairs):
        return
    last = {key.text: index for index, (key, _) in enumerate(node.pairs) if isinstance(key, Scalar)}
    kept = []
    for index, (key, item) in enumerate(node.pairs):
        if isinstance(key, Scalar) and last[key.text] != index:
            line = node.pairs[last[key.text]][0].origin.line
            message = f"the key `{key.text}` stands twice; the one in line {line} counts"
            report.note(Sort.LOST, message, "nothing to do, if that is what you mean", key.origin)
            continue
        _let_the_last_win(item, report)
        kept.append((key, item))
    node.pairs[:] = kept


def _definitions(root: Node) -> frozenset[str]:
    """The top-level keys below which something stands that an alias elsewhere names."""
    named = {id(alias.target) for alias in _aliases(root)}
    pairs = root.pairs if isinstance(root, Pairs) else []
    return frozenset(key.text for key, item in pairs if isinstance(key, Scalar) and _holds(item, named))


def _aliases(node: Node) -> Iterator[Alias]:
    if isinstance(node, Alias):
        yield node
    for inner in _inner(node):
        yield from _aliases(inner)


def _holds(node: Node, named: set[int]) -> bool:
    return id(node) in named or any(_holds(inner, named) for inner in _inner(node))


def _inner(node: Node) -> list[Node]:
    if isinstance(node, Items):
        return node.items
    return [item for pair in node.pairs for item in pair] if isinstance(node, Pairs) else []
