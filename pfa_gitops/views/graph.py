"""Objects and what refers to what, bounded in size: what Mermaid, DOT and SVG are drawn from. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, Manifests, Plan
from pfa_gitops.views.weight import by_weight

MOST_NODES = 40
"""Objects in a graph that stands in a report: more are no picture any more."""
MOST_EDGES = 120
"""References in such a graph. GitHub draws no Mermaid graph with more than 500."""


class Node(NamedTuple):
    """One object, and what happens to it."""

    address: Address
    action: Action = Action.NONE


class Edge(NamedTuple):
    """One object refers to another; both are nodes."""

    source: Address
    target: Address


@dataclass(frozen=True)
class Graph:
    """Nodes by address, edges between them, each once."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int = 0
    """Objects that belong here and for which there was no room."""


def manifests_graph(manifests: Manifests) -> Graph:
    """All objects of the manifests, and their references."""
    nodes = [Node(manifest.address) for manifest in manifests]
    targets = {manifest.address: [reference.target for reference in manifest.references] for manifest in manifests}
    return _graph(nodes, targets)


def around(graph: Graph, wanted: Collection[Address]) -> Graph:
    """The part of a graph that has to do with these objects: what they refer to at last, and what refers to them."""
    kept = _reach(wanted, [(edge.source, edge.target) for edge in graph.edges])
    kept |= _reach(wanted, [(edge.target, edge.source) for edge in graph.edges])
    nodes = tuple(node for node in graph.nodes if node.address in kept)
    edges = tuple(edge for edge in graph.edges if edge.source in kept and edge.target in kept)
    return Graph(nodes, edges, len(graph.nodes) - len(nodes))


def _reach(start: Collection[Address], steps: Iterable[tuple[Address, Address]]) -> set[Address]:
    """All that can be reached by steps."""
    following: dict[Address, list[Address]] = defaultdict(list)
    for source, target in steps:
        following[source].append(target)
    found, waiting = set(start), list(start)
    while waiting:
        new = [target for target in following[waiting.pop()] if target not in found]
        found.update(new)
        waiting += new
    return found


def plan_graph(plan: Plan, most_nodes: int = MOST_NODES) -> Graph:
    """What changes, the dearest first where there is no room for all, and what that refers to as far as there is."""
    changing = [change for _, group in by_weight(plan.pending) for change in group]
    targets = {change.address: _targets(change) for change in plan.changes}
    chosen = {change.address: Node(change.address, change.action) for change in changing[:most_nodes]}
    known = targets.keys()
    beside = {target for address in chosen for target in targets[address] if target in known} - chosen.keys()
    pending = {change.address for change in changing}
    for address in sorted(beside - pending)[: most_nodes - len(chosen)]:
        chosen[address] = Node(address)
    return _graph(chosen.values(), targets, max(0, len(changing) - most_nodes), MOST_EDGES)


def _targets(change: Change) -> Sequence[Address]:
    """What it refers to, or did when it was there."""
    return [reference.target for reference in change.desired.references] if change.desired else change.former


def _graph(
    nodes: Iterable[Node],
    targets: Mapping[Address, Collection[Address]],
    left_out: int = 0,
    most_edges: int | None = None,
) -> Graph:
    known = {node.address: node for node in nodes}
    edges = {Edge(source, target) for source in known for target in targets.get(source, ()) if target in known}
    ordered = sorted(edges)[:most_edges]
    return Graph(tuple(known[address] for address in sorted(known)), tuple(ordered), left_out)
