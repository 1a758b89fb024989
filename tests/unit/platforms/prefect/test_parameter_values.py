import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.json_schemas import ROOTS, SCHEMAS, is_valid, values_of
from support.properties import few

from pfa_gitops.platforms.prefect._parameter_values import fits, missing, mistyped, unknown

SCHEMA = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "ratio": {"type": "number", "default": 1.0},
        "name": {"type": "string", "default": "x"},
        "flag": {"type": "boolean", "default": True},
        "rows": {"type": "array", "default": []},
        "options": {"type": "object", "default": {}},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "color": {"$ref": "#/definitions/Color", "default": "red"},
        "anything": {"default": None},
    },
    "required": ["count"],
    "definitions": {"Color": {"enum": ["red", "blue"], "type": "string"}},
}


def test_an_unknown_parameter_is_told_with_the_one_meant():
    [flaw] = unknown(SCHEMA, {"cuont": 1})
    assert flaw == (("cuont",), "the flow has no parameter `cuont`", "did you mean `count`?")


def test_a_flow_without_parameters_takes_none():
    [flaw] = unknown({"title": "Parameters", "properties": {}}, {"x": 1})
    assert flaw.mend == "it takes none"


@pytest.mark.parametrize("schema", [{}, {"properties": {}}, {**SCHEMA, "additionalProperties": True}])
def test_a_schema_that_says_nothing_takes_anything(schema):
    assert list(unknown(schema, {"x": 1})) == []


@pytest.mark.parametrize(
    "junk", [1, "x", [1], [[1]], {"a": 1}, {"anyOf": 1}, {"anyOf": [1]}, {"type": [[1]]}, {"enum": 1}]
)
@pytest.mark.parametrize("part", ["properties", "required", "definitions"])
def test_a_schema_that_is_none_says_nothing(part, junk):
    schema = {"properties": {"a": junk, "b": {"$ref": "#/definitions/b"}}, "definitions": {"b": junk}, part: junk}
    assert list(mistyped(schema, {"a": "text", "b": "text"})) == []
    assert missing(schema, {"x": 1}) == []
    list(unknown(schema, {"a": "text"}))


@pytest.mark.parametrize("name", ["count", "color"])
def test_a_value_is_told_by_its_sort_only(name):
    [flaw] = mistyped(SCHEMA, {name: "hunter2"})
    assert flaw.message == f"text is not what `{name}` takes"
    assert "hunter2" not in flaw.mend


def test_a_type_that_refers_to_itself_ends():
    tree = {"anyOf": [{"$ref": "#/$defs/Tree"}, {"$ref": "#/$defs/Tree"}, {"type": "integer"}]}
    schema = {"properties": {"tree": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": tree}}
    assert list(mistyped(schema, {"tree": 1})) == []
    [flaw] = mistyped(schema, {"tree": "1"})
    assert flaw.mend == "write integer"


def test_a_required_parameter_without_a_value_is_missing():
    assert missing(SCHEMA, {"name": "a"}) == ["count"]
    assert missing(SCHEMA, {"count": 1}) == []


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("count", "1", "write integer"),
        ("count", 1.5, "write integer"),
        ("count", True, "write integer"),
        ("count", None, "write integer"),
        ("ratio", "1", "write number"),
        ("name", 1, "write string"),
        ("flag", 1, "write boolean"),
        ("flag", "true", "write boolean"),
        ("rows", {}, "write array"),
        ("options", [], "write object"),
        ("maybe", "1", "write integer or null"),
        ("color", "green", 'write one of "red", "blue"'),
    ],
)
def test_a_value_of_another_type_is_told(name, value, mend):
    [flaw] = mistyped(SCHEMA, {name: value})
    assert flaw.path == (name,)
    assert flaw.mend == mend


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 1),
        ("count", 2.0),
        ("ratio", 1),
        ("maybe", None),
        ("maybe", 3),
        ("color", "blue"),
        ("anything", [1]),
        ("count", {"__prefect_kind": "jinja", "template": "{{ 1 }}"}),
        ("unknown", 1),
    ],
)
def test_a_value_that_fits_is_not_told(name, value):
    assert list(mistyped(SCHEMA, {name: value})) == []


def test_true_beside_another_option_takes_anything():
    assert list(mistyped({"properties": {"x": {"anyOf": [True, {"type": "integer"}]}}}, {"x": "text"})) == []


SOURCE = {
    "type": "object",
    "properties": {
        "table": {"type": "string", "maxLength": 5},
        "limit": {"type": "integer", "minimum": 1, "default": 10},
        "color": {"$ref": "#/definitions/Color"},
        "parent": {"anyOf": [{"$ref": "#/definitions/Source"}, {"type": "null"}], "default": None},
    },
    "required": ["table"],
}
CLOSED = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
CAT, DOG = (
    {"type": "object", "properties": {"sort": {"const": sort}}, "required": ["sort"]} for sort in ("cat", "dog")
)
NESTED = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "source": {"$ref": "#/definitions/Source"},
        "sources": {"type": "array", "items": {"$ref": "#/definitions/Source"}, "maxItems": 2},
        "closed": {"$ref": "#/definitions/Closed"},
        "by_name": {"type": "object", "additionalProperties": {"type": "integer"}},
        "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2},
        "pet": {"oneOf": [CAT, DOG]},
        "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "left_out": {"type": "string"},
    },
    "definitions": {**SCHEMA["definitions"], "Source": SOURCE, "Closed": CLOSED},
}


@pytest.mark.parametrize(
    ("value", "path", "message", "mend"),
    [
        ({"source": {}}, "source", "`source` lacks the field `table`", "write `table`"),
        ({"source": {"table": 1}}, "source.table", "a number is not what `source.table` takes", "write string"),
        ({"source": {"table": "longer"}}, "source.table", "`source.table` has too many characters", "write at most 5"),
        (
            {"source": {"table": "t", "limit": 0}},
            "source.limit",
            "the number is not what `source.limit` takes",
            "write at least 1",
        ),
        (
            {"source": {"table": "t", "color": "x"}},
            "source.color",
            "text is not what `source.color` takes",
            'write one of "red", "blue"',
        ),
        (
            {"source": {"table": "t", "parent": {}}},
            "source.parent",
            "`source.parent` lacks the field `table`",
            "write `table`",
        ),
        (
            {"source": {"table": "t", "parent": 1}},
            "source.parent",
            "a number is not what `source.parent` takes",
            "write object or null",
        ),
        (
            {"sources": [{"table": "t"}, {"table": []}]},
            "sources.1.table",
            "a list is not what `sources.1.table` takes",
            "write string",
        ),
        ({"sources": [{"table": "t"}] * 3}, "sources", "`sources` has too many items", "write at most 2"),
        (
            {"closed": {"nam": "x"}},
            "closed.nam",
            "`closed.nam` is no field that is taken there",
            "did you mean `name`?",
        ),
        ({"by_name": {"a": "x"}}, "by_name.a", "text is not what `by_name.a` takes", "write integer"),
        ({"pair": ["a", "b"]}, "pair.0", "text is not what `pair.0` takes", "write integer"),
        ({"pair": [1]}, "pair", "`pair` has too few items", "write at least 2"),
        (
            {"pet": {"sort": "cow"}},
            "pet",
            "a mapping is not what `pet` takes",
            "it fits none of the 2 sorts that there are",
        ),
        ({"share": 0}, "share", "the number is not what `share` takes", "write more than 0"),
        ({"share": 1.5}, "share", "the number is not what `share` takes", "write at most 1"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(value, path, message, mend):
    [flaw] = mistyped(NESTED, value)
    assert (".".join(map(str, flaw.path)), flaw.message, flaw.mend) == (path, message, mend)


@pytest.mark.parametrize(
    "value",
    [
        {"source": {"table": "t", "more": 1}},
        {"source": {"table": "t", "limit": {"__prefect_kind": "workspace_variable", "variable_name": "x"}}},
        {"sources": [{"$ref": {"block_document_id": "x"}}]},
        {"pair": [1, "x", None]},
        {"pet": {"sort": "dog"}},
        {"left_out": None},
        {"share": 1},
    ],
)
def test_what_fits_deep_down_is_not_told(value):
    assert list(mistyped(NESTED, value)) == []


def test_alternatives_within_alternatives_end():
    tree = {
        "anyOf": [{"type": "object", "properties": {"x": {"$ref": "#/$defs/T"}}, "title": str(n)} for n in range(4)]
    }
    value = 1
    for _ in range(50):
        value = {"x": value}
    list(mistyped({"properties": {"a": {"$ref": "#/$defs/T"}}, "$defs": {"T": tree}}, {"a": value}))


@given(st.data())
@few(100)
def test_what_is_told_is_what_another_judge_refuses(data):
    root, schema, of_another = data.draw(ROOTS), data.draw(SCHEMAS), data.draw(SCHEMAS)
    value = data.draw(st.one_of(values_of(root, schema), values_of(root, of_another)))
    assert fits(root, schema, value) == is_valid(root, schema, value)
