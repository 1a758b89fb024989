"""Manifests as YAML text that any terminal and any CI log can take. Pure."""

import re
import sys
from collections.abc import Sequence
from typing import Any

import yaml

_RISKY = re.compile(r"^\s*:|##\[", re.MULTILINE)
"""What, written as it is, a line of the text could begin with, and CI would take for a command."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # libyaml's, where PyYAML has it
    """Writes text that may be risky in double quotes, on one line."""


def _text(dumper: Any, value: str) -> yaml.ScalarNode:
    style = '"' if _RISKY.search(value) else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", value, style)
    return node


_Dumper.add_representer(str, _text)


def show_documents(documents: Sequence[Any]) -> str:
    """Return plain values as YAML documents. What no screen shows is written as an escape."""
    text = _dump(documents, unicode=True)
    if not all(line.isprintable() for line in text.split("\n")):
        text = _dump(documents, unicode=False)
    return text.replace("##[", r"#\x23[").rstrip()


def _dump(documents: Sequence[Any], *, unicode: bool) -> str:
    text: str = yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=unicode, width=min(sys.maxsize, 2**31 - 1)
    )
    return text
