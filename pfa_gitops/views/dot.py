"""A graph as DOT, the language of Graphviz. Pure."""

from collections.abc import Iterator

from pfa_gitops.views.graph import Graph
from pfa_gitops.views.values import printable


def dot(graph: Graph) -> str:
    """The graph from left to right, from what refers to what is referred to."""
    return "\n".join(["digraph {", *_lines(graph), "}"])


def _lines(graph: Graph) -> Iterator[str]:
    yield '  rankdir=LR; node [shape=box, style=rounded, fontname="sans-serif"];'
    numbers = {node.address: f"n{index}" for index, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        yield f"  {numbers[node.address]} [label={quoted(str(node.address))}];"
    for edge in graph.edges:
        yield f"  {numbers[edge.source]} -> {numbers[edge.target]};"


def quoted(text: str) -> str:
    r"""A string of DOT that shows as this text. There `\N` and the like would be names of the node, `&` an entity."""
    shown = printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{shown}"'
