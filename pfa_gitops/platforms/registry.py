"""Finds the kinds: every module of the two platforms that has a `KIND`. Nothing is listed by hand."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from pfa_gitops.platforms import anyscale, prefect
from pfa_gitops.platforms.base import Kind


@cache
def kinds() -> Mapping[str, Kind[Any, Any]]:
    """All kinds by name, sorted. Modules whose name starts with an underscore are no kinds and are not imported."""
    found = {
        module.KIND.name: module.KIND
        for platform in (prefect, anyscale)
        for info in pkgutil.iter_modules(platform.__path__, f"{platform.__name__}.")
        if not info.name.rpartition(".")[2].startswith("_")
        for module in [importlib.import_module(info.name)]
        if hasattr(module, "KIND")
    }
    return MappingProxyType(dict(sorted(found.items())))
