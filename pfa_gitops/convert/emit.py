"""Manifests → YAML as people write it: short mappings on one line, long texts as blocks. Pure."""

import re
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

import yaml

WIDTH = 120
SHORT = 90
"""Characters of a mapping or a list that stands on one line."""
PLAIN = re.compile(r"[A-Za-z0-9_./ +=@-]*|[A-Za-z]+://[^\s\"'#]*|[A-Za-z0-9_./-]+:[A-Za-z0-9_./-]+")
"""Texts that are easy to read without quotes, where YAML allows it."""
BREAKS = re.compile("[\x85\u2028\u2029]")
OPEN = frozenset({"spec"})
"""Always one field a line."""


class _Dumper(yaml.SafeDumper):
    """Writes everything out: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write `&` and `*`."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Write `- ` two spaces further in than the list's key."""
        super().increase_indent(flow, False)

    def choose_scalar_style(self) -> str:
        """Where quotes are needed, they are double, unless those would need escapes."""
        style, event = str(super().choose_scalar_style()), self.event
        fits = isinstance(event, yaml.ScalarEvent) and not re.search(r'["\\]', event.value)
        return '"' if style == "'" and fits else style


def document_text(document: Mapping[str, Any]) -> str:
    """One manifest."""
    node = _Dumper(StringIO(), sort_keys=False).represent_data(dict(document))
    _style(node, 0)
    return str(yaml.serialize(node, Dumper=_Dumper, width=WIDTH, allow_unicode=True))


def stream_text(documents: Iterable[Mapping[str, Any]]) -> str:
    """Several manifests, one after the other."""
    return "---\n".join(document_text(document) for document in documents)


def _style(node: Any, depth: int) -> None:
    if isinstance(node, yaml.ScalarNode):
        _style_text(node)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _style(item, depth + 1)
        node.flow_style = _is_short(node)
    elif isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            _style(item, depth + 1)
            if isinstance(item, yaml.MappingNode) and key.value in OPEN and depth == 0:
                item.flow_style = False
        node.flow_style = depth > 0 and _is_short(node)


def _style_text(node: yaml.ScalarNode) -> None:
    if node.tag != "tag:yaml.org,2002:str":
        return
    if BREAKS.search(node.value):  # YAML would read them as line breaks in any other style
        node.style = '"'
    elif "\n" in node.value.strip("\n") and _fits_a_block(node.value):
        node.style = "|"
    elif len(node.value) > SHORT and " " in node.value and "\n" not in node.value and _fits_a_block(node.value):
        node.style = ">"
    elif not PLAIN.fullmatch(node.value) and "\n" not in node.value and not re.search(r'["\\]', node.value):
        node.style = '"'


def _fits_a_block(text: str) -> bool:
    """YAML's block has neither spaces at a line's end nor characters that must be escaped."""
    return all(line == line.rstrip() and line.isprintable() for line in text.split("\n")) and text[0] not in " \n"


def _is_short(node: Any) -> bool:
    """Whether it holds plain values only, in a mapping also lists of them, and few."""
    if isinstance(node, yaml.SequenceNode):
        parts = node.value
    else:
        parts = [part for pair in node.value for part in pair]
        lists = [part for part in parts if isinstance(part, yaml.SequenceNode) and part.flow_style]
        parts = [part for part in parts if part not in lists] + [item for part in lists for item in part.value]
    if any(not isinstance(part, yaml.ScalarNode) and part.value for part in parts):
        return False
    texts = [part for part in parts if isinstance(part, yaml.ScalarNode)]
    length = sum(len(part.value) + 4 for part in texts)
    return length <= SHORT and not any(part.style in ("|", ">") or "\n" in part.value for part in texts)
