"""One YAML document as plain values, with the place of everything in it. Pure.

The values are JSON's: null, true, false, numbers, text, lists, and mappings with text keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pfa_gitops.model.places import Address, Origin, Origins, Path

TEMPLATES_BEGIN = "${"
"""So does every template."""


@dataclass(frozen=True)
class Places:
    """Where the values and the keys of a document stand, by path from the document's root."""

    values: Mapping[Path, Origin] = field(default_factory=dict)
    keys: Mapping[Path, Origin] = field(default_factory=dict)
    texts: Mapping[Path, str] = field(default_factory=dict)
    """How a value was written, where the value does not tell: `on` for true, a template for what it gave."""

    @property
    def origins(self) -> Origins:
        """The values' places."""
        return Origins(self.values)

    def of_value(self, path: Path) -> Origin | None:
        """The place of a value, or of the nearest thing around it."""
        return self.origins.at(path)

    def of_key(self, path: Path) -> Origin | None:
        """The place of a mapping's key, or where there is none, of the value."""
        return self.keys.get(path) or self.of_value(path)


@dataclass(frozen=True)
class Document:
    """One document of one file."""

    file: str
    value: Any
    places: Places
    may_hold_templates: bool = True
    """False where it is known that no key and no text, as read, has one."""

    @property
    def kind(self) -> str | None:
        """The kind as far as it can be read; the document may be wrong in any way."""
        kind = self.value.get("kind") if isinstance(self.value, Mapping) else None
        return kind if isinstance(kind, str) else None

    @property
    def address(self) -> Address | None:
        """The address as far as it can be read."""
        metadata = self.value.get("metadata") if self.kind else None
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        return Address(self.kind, name) if self.kind and isinstance(name, str) else None

    @property
    def origin(self) -> Origin:
        """Where the document begins."""
        return self.places.of_value(()) or Origin(self.file, 1, 1)
