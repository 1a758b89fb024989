"""Places a graph's nodes in columns, each left of what it refers to, with few edges that cross. Pure.

An edge that spans columns gets a bend in each column between, so that it runs past nodes and not behind them.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from pfa_gitops.model.places import Address
from pfa_gitops.views.graph import Edge, Graph

SWEEPS = 4
"""How often the columns are ordered by their neighbours, to and fro."""


class Bend(NamedTuple):
    """Where an edge passes a column in which neither of its ends is."""

    edge: Edge
    column: int


Spot = Address | Bend


@dataclass(frozen=True)
class Layout:
    """Columns from left to right, each from top to bottom."""

    columns: tuple[tuple[Spot, ...], ...]
    ways: Mapping[Edge, tuple[Spot, ...]]
    """What each edge passes, its ends included."""
    alone: tuple[Address, ...]
    """What neither refers to anything nor is referred to."""


def layout(graph: Graph) -> Layout:
    """Place all nodes. References that go in a circle do not matter: one of them points to the left."""
    linked = {end for edge in graph.edges for end in edge}
    nodes = [node.address for node in graph.nodes if node.address in linked]
    column = _columns(nodes, graph.edges)
    ways = {edge: _way(edge, column) for edge in graph.edges}
    filled: list[list[Spot]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for node in nodes:
        filled[column[node]].append(node)
    for way in ways.values():
        for bend in way[1:-1]:
            assert isinstance(bend, Bend)  # noqa: S101 - for mypy: only the ends are addresses
            filled[bend.column].append(bend)
    _order(filled, ways.values())
    alone = tuple(node.address for node in graph.nodes if node.address not in linked)
    return Layout(tuple(map(tuple, filled)), ways, alone)


def _columns(nodes: Sequence[Address], edges: Sequence[Edge]) -> dict[Address, int]:
    """The column of each node: right of everything that refers to it."""
    targets: dict[Address, list[Address]] = defaultdict(list)
    waiting = dict.fromkeys(nodes, 0)
    for edge in edges:
        targets[edge.source].append(edge.target)
        waiting[edge.target] += 1
    column = dict.fromkeys(nodes, 0)
    ready = [node for node, count in waiting.items() if count == 0]
    while waiting:
        if not ready:  # a circle: begin somewhere
            ready = [min(waiting, key=lambda node: (waiting[node], node))]
        node = ready.pop()
        del waiting[node]
        for target in targets[node]:
            if target in waiting:
                column[target] = max(column[target], column[node] + 1)
                waiting[target] -= 1
                ready += [target] if waiting[target] == 0 else []
    return column


def _way(edge: Edge, column: Mapping[Address, int]) -> tuple[Spot, ...]:
    between = range(column[edge.source] + 1, column[edge.target])
    return (edge.source, *(Bend(edge, number) for number in between), edge.target)


def _order(columns: list[list[Spot]], ways: Iterable[Sequence[Spot]]) -> None:
    """Sort each column by where its neighbours stand in the column before, then the same from the right."""
    left, right = defaultdict[Spot, list[Spot]](list), defaultdict[Spot, list[Spot]](list)
    for way in ways:
        for one, other in pairwise(way):
            left[other].append(one)
            right[one].append(other)
    for sweep in range(SWEEPS):
        neighbours = right if sweep % 2 else left
        for column in reversed(columns) if sweep % 2 else columns:
            rank = _ranks(columns)
            column.sort(key=lambda spot: _middle(neighbours[spot], rank, rank[spot]))


def _ranks(columns: Iterable[Sequence[Spot]]) -> dict[Hashable, float]:
    """Where each spot stands in its column, from 0 at the top to 1."""
    return {spot: (index + 0.5) / len(column) for column in columns for index, spot in enumerate(column)}


def _middle(spots: Sequence[Spot], rank: Mapping[Hashable, float], own: float) -> float:
    return sum(rank[spot] for spot in spots) / len(spots) if spots else own
