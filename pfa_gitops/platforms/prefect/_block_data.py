"""A block document's data as Prefect keeps it, and as manifests write it. Pure.

Three things stand between the two. Secrets: Prefect shows them as stars, and takes stars back as "leave it". Nested
blocks: Prefect keeps an id and shows the other block's whole data; manifests write `{{ prefect.blocks.slug.name }}`
or Prefect's own `{"$ref": {"block_document_id": …}}`. And fields that say nothing: null, or the schema's default.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from pfa_gitops.model.places import Path
from pfa_gitops.model.secrets import UNTOLD, Concealed, Sealed
from pfa_gitops.platforms.prefect._placeholders import ANY_BLOCK

STARS = "*" * 8
"""What Prefect shows for a secret, and what it takes for "as it is" where there is one."""
ANYTHING = "*"
REF = "$ref"
MANY = 4
"""So many secrets of one mapping are one secret to people: a file."""


@dataclass(frozen=True)
class Secrets:
    """Where a schema has secrets: at exact paths, and everywhere below others (`headers.*`)."""

    exact: frozenset[Path] = frozenset()
    below: frozenset[Path] = frozenset()

    @classmethod
    def of(cls, fields: Iterable[Mapping[str, Any]]) -> "Secrets":
        """Those of several schemas: a document's own and the newest."""
        paths = [tuple(text.split(".")) for schema in fields for text in schema.get("secret_fields") or ()]
        return cls(
            frozenset(path for path in paths if ANYTHING not in path),
            frozenset(path[: path.index(ANYTHING)] for path in paths if ANYTHING in path),
        )

    def cover(self, path: Path) -> bool:
        """Tell whether a value at `path` is a secret: named itself, or below what is."""
        ends = range(len(path) + 1)
        return any(path[:end] in self.exact or (path[:end] in self.below and end < len(path)) for end in ends)

    def all_of(self, path: Path) -> "Secrets":
        """A mapping that the manifest leaves out goes whole, secrets too: all in it is shown, and shown sealed."""
        inside = any(secret[: len(path)] == path for secret in self.exact | self.below)
        return Secrets(below=frozenset({path})) if inside else self

    def hold(self, path: Path) -> bool:
        """Tell whether `path` is named by the schema as a secret or as a mapping of secrets."""
        return path in self.exact or path in self.below


@dataclass(frozen=True)
class Seen:
    """A live document in the manifest's terms, and what a write must hand back though no manifest names it."""

    data: dict[str, Any]
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Named:
    """The data that the manifest names now, and what it named when it was last applied."""

    wanted: Any
    former: Any = None

    def at(self, name: str) -> "Named":
        """What is named of one field."""
        inside = (side.get(name) if isinstance(side, Mapping) else None for side in (self.wanted, self.former))
        return Named(*inside)

    def now(self, name: str) -> bool:
        """Whether the field is named now."""
        return isinstance(self.wanted, Mapping) and name in self.wanted

    def ever(self, name: str) -> bool:
        """Whether the field is, or was, named: then it is ours."""
        return self.now(name) or (isinstance(self.former, Mapping) and name in self.former)


def see(document: Mapping[str, Any], named: Named, secrets: Secrets, newest: Mapping[str, Any]) -> Seen:
    """Translate the answer of the API. `newest` is the type's newest schema."""
    wanted: Mapping[str, Any] = named.wanted
    references = document.get("block_document_references") or {}
    properties = newest.get("properties") or {}
    blocks = {
        name: _shown_reference(reference["block_document"], wanted.get(name)) for name, reference in references.items()
    }
    idle = {
        name: value
        for name, value in document["data"].items()
        if name not in blocks and name not in wanted and _says_nothing(value, properties.get(name))
    }
    rest = {name: value for name, value in document["data"].items() if name not in blocks and name not in idle}
    seen = _sort_out(rest, named, secrets, ())
    null = {name: None for name, value in wanted.items() if value is None}  # not there means the same to a block
    return Seen({**null, **blocks, **seen.data}, {**idle, **seen.kept})


def _sort_out(live: Mapping[str, Any], named: Named, secrets: Secrets, path: Path) -> Seen:
    """Tell what is shown from what is only kept: secrets that no manifest ever named.

    A text is shown only where the manifest has a text, too: one that it no longer names, or names otherwise, may have
    come from a secret reference.
    """
    seen = Seen({})
    for name, value in live.items():
        place, known, inside = (*path, name), named.now(name), named.at(name)
        if value is not None and secrets.hold(place) and not named.ever(name):
            seen.kept[name] = _starred(value)
        elif known and isinstance(inside.wanted, Concealed | list) and _holds_sealed(inside.wanted):
            seen.data[name] = _sealed_like(inside.wanted, value)
        elif isinstance(value, Mapping) and value:
            inner = _sort_out(value, inside, secrets if known else secrets.all_of(place), place)
            seen.data[name] = inner.data
            seen.kept.update({name: inner.kept} if inner.kept else {})
        else:
            secret = value is not None and secrets.cover(place)
            seen.data[name] = Sealed(_text(value)) if secret else _shown(value, inside.wanted)
    return seen


def _shown(value: Any, wanted: Any) -> Any:
    """A value of the platform, its texts sealed but for those that the manifest names itself."""
    if isinstance(value, list):
        beside = wanted if isinstance(wanted, list) else []
        return [item if item in beside else _shown(item, None) for item in value]
    if isinstance(value, Mapping):
        return {name: _shown(item, None) for name, item in value.items()}
    return Sealed(value) if isinstance(value, str) and not isinstance(wanted, str) else value


def _starred(value: Any) -> Any:
    return {name: _starred(item) for name, item in value.items()} if isinstance(value, Mapping) else STARS


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _holds_sealed(value: Any) -> bool:
    if isinstance(value, Mapping | list):
        return any(map(_holds_sealed, value.values() if isinstance(value, Mapping) else value))
    return isinstance(value, Concealed)


def _sealed_like(desired: Any, value: Any) -> Any:
    """Seal what stands where the manifest has a secret. In a list with secrets, what cannot be told is sealed too.

    A live secret that was written as JSON is the same as its text, however that is laid out.
    """
    if isinstance(desired, list) and isinstance(value, list):
        return [_sealed_like(wanted, item) for wanted, item in zip_longest(desired[: len(value)], value)]
    if isinstance(desired, Mapping) and isinstance(value, Mapping):
        return {name: _sealed_like(desired.get(name), item) for name, item in value.items()}
    if value is None or value == desired:
        return value
    same_json = isinstance(desired, Sealed) and not isinstance(value, str) and _json(desired.reveal()) == value
    return desired if same_json else Sealed(_text(value))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _says_nothing(value: Any, schema: Mapping[str, Any] | None) -> bool:
    """Saved from Python, a block has all its fields; those at their default mean the same as no field."""
    return value is None or (schema is not None and "default" in schema and schema["default"] == value)


def _shown_reference(block: Mapping[str, Any], wanted: Any) -> Any:
    """A nested block in the manifest's own words where they mean the same."""
    if (isinstance(wanted, Mapping) and REF in wanted) or block.get("is_anonymous"):
        return {REF: {"block_document_id": block["id"]}}
    name = f"{block['block_type']['slug']}/{block['name']}"
    return wanted if reference_in(wanted) == name else f"{{{{ prefect.blocks.{name.replace('/', '.')} }}}}"


def reference_in(value: Any) -> str | None:
    """The `slug/name` of a value that is nothing but one block placeholder."""
    match = re.fullmatch(ANY_BLOCK, value.strip()) if isinstance(value, str) else None
    return f"{match['type']}/{match['name']}" if match else None


def compose(
    data: Mapping[str, Any], kept: Mapping[str, Any], secrets: Secrets, resolve: Callable[[str], str | None]
) -> dict[str, Any]:
    """The whole data to send: what the manifest says, nested blocks by id, and what is kept.

    `resolve` gives the id for a placeholder at a top-level field, or None where the field takes no block.
    """
    body = _merged(kept, {name: _unfolded(value, secrets, (name,)) for name, value in data.items()})
    for name, value in data.items():
        if (identity := resolve(name)) is not None and reference_in(value):
            body[name] = {REF: {"block_document_id": identity}}
    return body


def _merged(kept: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**kept, **data}
    for name, value in data.items():
        if isinstance(value, Mapping) and isinstance(kept.get(name), Mapping):
            merged[name] = _merged(kept[name], value)
    return merged


def _unfolded(value: Any, secrets: Secrets, path: Path) -> Any:
    """A secret text for a mapping of secrets, e.g. a service account's key file, is the mapping that it writes."""
    if isinstance(value, Sealed) and path in secrets.below and isinstance(_json(value.reveal()), Mapping):
        return _sealed_leaves(_json(value.reveal()))
    if isinstance(value, Mapping):
        return {name: _unfolded(item, secrets, (*path, name)) for name, item in value.items()}
    return value


def _sealed_leaves(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sealed_leaves(item) for name, item in value.items()}
    return Sealed(value) if isinstance(value, str) else value


def clear_data(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a document that was read without its secrets tells, but for nested blocks: data to be named as it is."""
    nested = document.get("block_document_references") or {}
    return {
        name: value
        for name, value in document["data"].items()
        if name not in nested and not _hides(value) and value is not None
    }


def _hides(value: Any) -> bool:
    """Whether nothing but secrets stands there."""
    if isinstance(value, Mapping):
        return bool(value) and all(map(_hides, value.values()))
    return bool(value == STARS)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    else:
        yield value


def folded(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with one secret in place of a mapping of many, e.g. a service account's key file: see `compose`."""
    result = dict(data)
    for name, value in data.items():
        leaves = list(_leaves(value)) if isinstance(value, Mapping) else []
        if len(leaves) >= MANY and all(isinstance(leaf, Concealed) for leaf in leaves):
            result[name] = UNTOLD
    return result


def with_untold(data: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with a place for each secret of `kept`, as `Seen` has them."""
    result = dict(data)
    for name, value in kept.items():
        if value == STARS:
            result[name] = UNTOLD
        elif isinstance(value, Mapping) and (inner := with_untold(data.get(name) or {}, value)):
            result[name] = inner
    return result
