import pytest

from pfa_gitops.platforms.prefect._parameter_values import missing, mistyped, unknown

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
