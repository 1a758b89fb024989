"""Where markers are found: on a field, in a union, in a list's items, in a mapping's values, in a model inside."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, create_model

from pfa_gitops.model.references import Embeds, RefTo, mentions

Ref = Annotated[str, RefTo("Box")]
Free = Annotated[dict[str, Any], Embeds("Box", r"\{\{ (?P<name>\w+) \}\}")]


class Inner(BaseModel):
    ref: Ref
    other: str = "x"


class More(Inner):
    extra: Ref


class Tree(BaseModel):
    name: Ref
    children: list["Tree"] = []


@pytest.mark.parametrize(
    ("type_", "value", "places"),
    [
        (Ref, "a", [("f",)]),
        (Ref | None, "a", [("f",)]),
        (Ref | None, None, []),
        (str, "a", []),
        (list[Ref], ["a", "b"], [("f", 0), ("f", 1)]),
        (tuple[Ref, ...], ("a", "b"), [("f", 0), ("f", 1)]),
        (dict[str, Ref], {"k": "a"}, [("f", "k")]),
        (Mapping[str, list[Ref]], {"k": ["a"]}, [("f", "k", 0)]),
        (Inner, Inner(ref="a"), [("f", "ref")]),
        (list[Inner | int], [Inner(ref="a"), 1], [("f", 0, "ref")]),
        (dict[str, Inner], {"k": Inner(ref="a")}, [("f", "k", "ref")]),
        (Inner | More, More(ref="a", extra="b"), [("f", "ref"), ("f", "extra")]),
        (Literal["a"] | list[Ref], "a", []),
        (Free, {"k": ["{{ a }}", {"l": "b"}], "n": 1}, [("f", "k", 0), ("f", "k", 1, "l")]),
        (Free | None, {"k": "{{ a }}"}, [("f", "k")]),
        (
            Tree,
            Tree(name="a", children=[Tree(name="b", children=[Tree(name="c")])]),
            [("f", "name"), ("f", "children", 0, "name"), ("f", "children", 0, "children", 0, "name")],
        ),
    ],
)
def test_a_marker_is_found_wherever_it_may_stand(type_, value, places):
    spec = create_model("Spec", f=(type_, ...))(f=value)
    assert [mention.path for mention in mentions(spec)] == places
