"""Graphs: what is in them, how they are laid out, and that no name breaks out of their languages."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile_texts import HOSTILE, TEXTS
from support.properties import few
from support.sample_plans import PLAN, change

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Key, Manifest, Plan, Reference, Spec
from pfa_gitops.views.dot import dot
from pfa_gitops.views.graph import MOST_EDGES, Edge, Graph, Node, around, manifests_graph, plan_graph
from pfa_gitops.views.html import page_file
from pfa_gitops.views.layout import layout
from pfa_gitops.views.mermaid import mermaid
from pfa_gitops.views.svg import svg
from pfa_gitops.views.values import shortened

NUMBERS = st.integers(0, 9)


def graph_of(pairs, alone=()):
    edges = {Edge(Address("K", str(one)), Address("K", str(other))) for one, other in pairs if one != other}
    addresses = {end for edge in edges for end in edge} | {Address("K", str(one)) for one in alone}
    return Graph(tuple(map(Node, sorted(addresses))), tuple(sorted(edges)))


def hostile_graph(name, text):
    one, other = Address("Variable", name), Address("WorkPool", text)
    return Graph((Node(one, Action.UPDATE), Node(other)), (Edge(one, other),))


def test_a_plans_graph_has_what_changes_and_what_that_refers_to():
    found = plan_graph(PLAN)
    by_address = {str(node.address): node.action for node in found.nodes}
    assert by_address["Deployment/old"] is Action.DELETE
    assert by_address["WorkPool/gpu"] is Action.NONE
    assert "Variable/found" not in by_address
    assert Edge(Address("Deployment", "old"), Address("WorkPool", "gpu")) in found.edges
    assert found.left_out == 0


def test_a_large_plans_graph_keeps_the_dearest():
    pools = [f"WorkPool/p{n}" for n in range(20)]
    changes = [change(f"Deployment/d{n}", Action.UPDATE, to=pools) for n in range(100)]
    changes.append(change("Deployment/zz", Action.DELETE, to=pools))
    changes += [change(pool, Action.NONE) for pool in pools]
    found = plan_graph(Plan("prod", tuple(changes)))
    assert len(found.nodes) == 40
    assert len(found.edges) <= MOST_EDGES
    assert found.left_out == 61
    assert Node(Address("Deployment", "zz"), Action.DELETE) in found.nodes


def test_a_part_of_a_graph_goes_both_ways():
    part = around(graph_of([(1, 2), (2, 3), (4, 2), (5, 3), (6, 7)]), [Address("K", "2")])
    assert [node.address.name for node in part.nodes] == ["1", "2", "3", "4"]
    assert len(part.edges) == 3


def test_manifests_graph_has_each_reference_once():
    target = Address("WorkPool", "p")
    twice = (Reference(("a",), target), Reference(("b",), target), Reference(("c",), Address("WorkPool", "else")))
    deployment = Manifest(Address("Deployment", "d"), Spec(), Key("Deployment", "d"), references=twice)
    found = manifests_graph([deployment, Manifest(target, Spec(), Key("WorkPool", "p"))])
    assert [edge.target for edge in found.edges] == [target]


@given(st.sets(st.tuples(NUMBERS, NUMBERS), max_size=30), st.sets(st.integers(8, 14)))
@few(100)
def test_every_node_has_one_place_and_every_edge_a_way(pairs, alone):
    """Also where references go in circles, which no manifests do, but manifests and what was applied before may."""
    graph = graph_of(pairs, alone)
    placed = layout(graph)
    column = {spot: index for index, spots in enumerate(placed.columns) for spot in spots}
    assert sum(map(len, placed.columns)) == len(column)
    known = {node.address for node in graph.nodes}
    assert {spot for spot in column if spot in known} | set(placed.alone) == known
    assert set(placed.ways) == set(graph.edges)
    if all(one < other for one, other in pairs):
        for edge, way in placed.ways.items():
            assert way[0] == edge.source
            assert way[-1] == edge.target
            assert [column[spot] for spot in way] == list(range(column[way[0]], column[way[-1]] + 1))


@given(st.sets(st.tuples(NUMBERS, NUMBERS), max_size=30), st.sets(NUMBERS))
@few(100)
def test_no_two_nodes_of_a_picture_overlap(pairs, alone):
    root = ET.fromstring(svg(graph_of(pairs, alone)))
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = [
        [float(one.get(name)) for name in ("x", "y", "width", "height")] for one in root.iter() if "rect" in one.tag
    ]
    for index, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
        for other_x, other_y, _, _ in boxes[:index]:
            assert abs(x - other_x) >= w or abs(y - other_y) >= h


@given(TEXTS, TEXTS)
@few(100)
def test_no_name_breaks_out_of_a_picture(name, text):
    graph = hostile_graph(name, text)
    drawn = svg(graph, page_file("graph.css"))
    tags = {one.tag.rpartition("}")[2] for one in ET.fromstring(drawn).iter()}
    assert tags == {"svg", "style", "defs", "marker", "path", "g", "title", "rect", "text"}
    for shown in (drawn, mermaid(graph), dot(graph)):
        assert all(line.isprintable() for line in shown.split("\n"))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_breaks_out_of_mermaid_or_dot(text):
    graph = hostile_graph(text, text)
    nodes = [line for line in mermaid(graph).split("\n") if "[" in line]
    assert len(nodes) == 2
    assert all(re.fullmatch(r'  n\d\["[\w /.#;…() -]+"\](:::update)?', line) for line in nodes)
    assert len(mermaid(graph).split("\n")) == 5
    assert len(dot(graph).split("\n")) == 6
    for line in dot(graph).split("\n")[2:4]:
        assert re.fullmatch(r'  n\d \[label="([^"\\]|\\\\|\\")*"\];', line)


def test_a_long_name_keeps_both_its_ends():
    assert shortened("abcdefghij", 10) == "abcdefghij"
    assert shortened("abcdefghijk", 10) == "abcd…ghijk"
    assert len(shortened("abcdefghijkl", 9)) == 9


def test_mermaid():
    graph = graph_of([(1, 2)])
    assert mermaid(graph) == 'flowchart LR\n  n0["K/1"]\n  n1["K/2"]\n  n0 --> n1'


def test_dot():
    assert dot(graph_of([(1, 2)])).split("\n")[2:] == ['  n0 [label="K/1"];', '  n1 [label="K/2"];', "  n0 -> n1;", "}"]
