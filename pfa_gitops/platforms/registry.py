"""Finds the kinds: each module of the two platforms without a leading underscore is one. Nothing is listed by hand.

A module is named like its kind (`work_pool.py`: WorkPool), so that only those are imported that a project uses:
importing all takes most of a small plan's time.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pfa_gitops.platforms import anyscale, prefect
from pfa_gitops.platforms.base import Kind


class _Kinds(Mapping[str, Kind[Any, Any]]):
    """Imports a kind when it is asked for."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        """Full module names by the name of the kind, sorted."""
        self._imported: dict[str, Kind[Any, Any]] = {}

    def __getitem__(self, name: str) -> Kind[Any, Any]:
        if name not in self._imported:
            self._imported[name] = importlib.import_module(self._modules[name]).KIND
        return self._imported[name]

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


@cache
def kinds() -> Mapping[str, Kind[Any, Any]]:
    """All kinds by name, sorted."""
    found = {
        info.name.title().replace("_", ""): f"{platform.__name__}.{info.name}"
        for platform in (prefect, anyscale)
        for info in pkgutil.iter_modules(platform.__path__)
        if not info.name.startswith("_")
    }
    return _Kinds(dict(sorted(found.items())))
