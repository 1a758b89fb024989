"""A graph as SVG. Pure. It needs no network, and takes its colours from classes: see `page/graph.css`."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action
from pfa_gitops.views.graph import Graph, Node
from pfa_gitops.views.layout import Bend, Layout, Spot, layout
from pfa_gitops.views.values import printable, shortened

WIDTH, HEIGHT, GAP = 250, 44, 14
"""Of a node, and between two of them."""
CHANNEL = 90
"""Between two columns, where the edges run."""
BEND = 10
"""The height that an edge takes where it passes a column."""
MARGIN = 16
CHARACTERS = 31
"""Of a name that a node shows; all of it is in the node's title."""
AT_ONCE = 4
"""Nodes in a row of those that are alone."""


class Point(NamedTuple):
    """The middle of the left edge of what stands there."""

    x: float
    y: float


Links = Mapping[Address, str]
"""Where a click on a node leads, inside of the page."""


def svg(graph: Graph, style: str = "", links: Links | None = None, label: str = "Objects and their references") -> str:
    """Draw the graph. `style` is CSS for a picture that stands alone; in a page, the page's own holds."""
    placed = layout(graph)
    points, (width, height) = _points(placed)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="group" class="graph" aria-label="{escape(label)}">'
    )
    parts = [head, f"<style>{style}</style>" if style else "", _ARROW]
    parts += [_edge(way, points) for way in placed.ways.values()]
    parts += [_node(node, points[node.address], links or {}) for node in graph.nodes]
    return "\n".join([*(part for part in parts if part), "</svg>"])


_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z" class="arrow"/></marker></defs>'
)


def _points(placed: Layout) -> tuple[dict[Spot, Point], tuple[float, float]]:
    """Where everything stands, and the size of the whole. Columns are centred; what is alone stands below."""
    tall = max((_tall(column) for column in placed.columns), default=0)
    points: dict[Spot, Point] = {}
    for index, column in enumerate(placed.columns):
        y = MARGIN + (tall - _tall(column)) / 2
        for spot in column:
            points[spot] = Point(MARGIN + index * (WIDTH + CHANNEL), y + _size(spot) / 2)
            y += _size(spot) + GAP
    top = MARGIN + (tall + 2 * GAP if tall else 0)
    for number, address in enumerate(placed.alone):
        row, place = divmod(number, AT_ONCE)
        points[address] = Point(MARGIN + place * (WIDTH + GAP), top + row * (HEIGHT + GAP) + HEIGHT / 2)
    right = max((point.x for point in points.values()), default=0) + WIDTH + MARGIN
    bottom = max((point.y + HEIGHT / 2 for point in points.values()), default=0) + MARGIN
    return points, (right, bottom)


def _tall(column: Sequence[Spot]) -> float:
    return sum(map(_size, column)) + GAP * (len(column) - 1)


def _size(spot: Spot) -> float:
    return BEND if isinstance(spot, Bend) else HEIGHT


def _edge(way: Sequence[Spot], points: Mapping[Spot, Point]) -> str:
    """From the right side of what refers, past each bend, to the left side of what is referred to."""
    start = points[way[0]]
    path = f"M{start.x + WIDTH:g} {start.y:g}" + "".join(_curves(start, [points[spot] for spot in way[1:]]))
    return f'<path d="{path}" class="edge" marker-end="url(#arrow)"/>'


def _curves(start: Point, rest: Sequence[Point]) -> Iterator[str]:
    x, y = start.x + WIDTH, start.y
    for number, point in enumerate(rest):
        half = (point.x - x) / 2
        yield f"C{x + half:g} {y:g} {point.x - half:g} {point.y:g} {point.x:g} {point.y:g}"
        x, y = point.x, point.y
        if number < len(rest) - 1:  # straight on below the nodes of this column
            x += WIDTH
            yield f"H{x:g}"


def _node(node: Node, at: Point, links: Links) -> str:
    kind, name = printable(node.address.kind), printable(node.address.name)
    does = "" if node.action is Action.NONE else f", {node.action}"
    top = at.y - HEIGHT / 2
    drawn = (
        f'<g class="node {node.action}"><title>{escape(f"{kind}/{name}{does}")}</title>'
        f'<rect x="{at.x:g}" y="{top:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{at.x + 12:g}" y="{top + 17:g}" class="kind">{escape(kind + does)}</text>'
        f'<text x="{at.x + 12:g}" y="{top + 34:g}">{escape(shortened(name, CHARACTERS))}</text></g>'
    )
    target = links.get(node.address)
    return f'<a href="{escape(target)}">{drawn}</a>' if target else drawn
