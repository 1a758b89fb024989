"""A graph as Mermaid, which GitHub and GitLab draw. Pure."""

import re
from collections.abc import Iterator

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action
from pfa_gitops.views.graph import Graph
from pfa_gitops.views.values import printable, shortened

GITHUB_EDGES = 500
"""Edges of the largest graph that Mermaid draws where nobody set it up otherwise."""
WIDEST_LABEL = 60
_STROKE = {Action.CREATE: "#1a7f37", Action.UPDATE: "#9a6700", Action.REPLACE: "#8250df", Action.DELETE: "#cf222e"}
"""Strokes only: the page's own colours, dark or light, stay behind the text."""


def mermaid(graph: Graph) -> str:
    """The graph as the text of a `mermaid` block, from what refers to what is referred to."""
    return "\n".join(["flowchart LR", *_lines(graph)])


def _lines(graph: Graph) -> Iterator[str]:
    numbers = {node.address: f"n{index}" for index, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        style = f":::{node.action}" if node.action in _STROKE else ""
        yield f'  {numbers[node.address]}["{_label(node.address, node.action)}"]{style}'
    for edge in graph.edges:
        yield f"  {numbers[edge.source]} --> {numbers[edge.target]}"
    for action, colour in _STROKE.items():
        if any(node.action is action for node in graph.nodes):
            dashed = ",stroke-dasharray:5 3" if action is Action.DELETE else ""
            yield f"  classDef {action} stroke:{colour},stroke-width:2px{dashed}"


def _label(address: Address, action: Action) -> str:
    """It begins with the kind: a label that began as a list does would be refused."""
    return _escaped(shortened(printable(str(address)), WIDEST_LABEL)) + (
        "" if action is Action.NONE else f" ({action})"
    )


def _escaped(text: str) -> str:
    """Only letters, digits and what Mermaid and Markdown give no meaning stay; all else goes by its number."""
    return re.sub(r"[^\w /.-]|_|(?<=-)-", lambda found: f"#{ord(found[0])};", text)
