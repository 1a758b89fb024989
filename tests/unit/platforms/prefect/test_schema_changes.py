"""What a change of a flow's parameters breaks: by table, and for schemas that nobody thought of."""

import copy

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.json_schemas import ROOTS, SCHEMAS, changed, is_valid, tightened, values_of
from support.properties import few, many

from pfa_gitops.model.contract import ParameterChange as P
from pfa_gitops.platforms.prefect._schema_changes import contract_changes, takes_all

INT, NUMBER, TEXT, NULL, BOOL = ({"type": name} for name in ("integer", "number", "string", "null", "boolean"))


def enum(*values):
    return {"enum": list(values), "type": "string"}


def either(*parts):
    return {"anyOf": list(parts)}


def model(required=(), *, others=None, **fields):
    extra = {} if others is None else {"additionalProperties": others}
    return {"type": "object", "properties": fields, "required": list(required), **extra}


def parameters(required=(), definitions=None, **properties):
    schema = {"title": "Parameters", "type": "object", "properties": properties, "definitions": definitions or {}}
    return schema | ({"required": list(required)} if required else {})


def told(live, desired, given=()):
    return [(change.parameter, change.kind, change.breaking) for change in contract_changes(live, desired, given)]


@pytest.mark.parametrize(
    ("live", "desired", "expected"),
    [
        (parameters(a=INT), parameters(), [("a", P.REMOVED, True)]),
        (parameters(), parameters(a=INT), [("a", P.ADDED, False)]),
        (parameters(), parameters(["a"], a=INT), [("a", P.ADDED_REQUIRED, True)]),
        (parameters(a=INT), parameters(["a"], a=INT), [("a", P.REQUIRED, True)]),
        (parameters(["a"], a=INT), parameters(a=INT), [("a", P.OPTIONAL, False)]),
        (parameters(a={**INT, "default": 1}), parameters(["a"], a=INT), [("a", P.REQUIRED, True)]),
        (parameters(a={**INT, "default": 1}), parameters(a={**INT, "default": 2}), [("a", P.DEFAULT, False)]),
        (parameters(a={**INT, "default": 1}), parameters(a={**INT, "default": True}), [("a", P.DEFAULT, False)]),
        (parameters(a={**INT, "title": "A"}), parameters(a={**INT, "title": "B"}), []),
        (parameters(a={**INT, "position": 0}), parameters(a={**INT, "position": 1}), []),
        (parameters(a=INT), parameters(a={**INT, "description": "Said."}), [("a", P.DESCRIBED, False)]),
        (parameters(a=INT, b=INT), parameters(b=INT, c=INT), [("c", P.ADDED, False), ("a", P.REMOVED, True)]),
        (parameters(a=INT), parameters(["a"], a=TEXT), [("a", P.REQUIRED, True), ("a", P.RETYPED, True)]),
        ({"type": "object", "properties": {}}, parameters(["a"], a=INT), []),
        (None, parameters(["a"], a=INT), []),
    ],
)
def test_a_parameters_change_is_classed(live, desired, expected):
    assert told(live, desired) == expected


TREE = {"Tree": model(["value"], value=INT, left={"$ref": "#/definitions/Tree"})}
WIDER_TREE = {"Tree": model(["value"], value=NUMBER, left={"$ref": "#/definitions/Tree"})}


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (INT, NUMBER),
        (INT, {}),
        (INT, True),
        (INT, either(INT, NULL)),
        (either(INT, TEXT), either(TEXT, INT, NULL)),
        (INT, {"type": ["integer", "null"]}),
        (enum("a"), enum("a", "b")),
        (enum("a", "b"), TEXT),
        ({"const": "a"}, enum("a", "b")),
        (enum("a", "b"), either({"const": "a"}, {"const": "b"}, NULL)),
        ({**INT, "minimum": 3}, INT),
        ({**INT, "minimum": 3}, {**INT, "minimum": 2}),
        ({**INT, "exclusiveMinimum": 3}, {**INT, "minimum": 3}),
        ({**INT, "maximum": 3}, {**INT, "exclusiveMaximum": 4}),
        ({**TEXT, "maxLength": 3}, {**TEXT, "maxLength": 5}),
        ({**TEXT, "pattern": "^a"}, TEXT),
        ({**TEXT, "format": "date"}, TEXT),
        ({"type": "array", "items": INT}, {"type": "array", "items": NUMBER}),
        ({"type": "array", "items": INT}, {"type": "array"}),
        (
            {"type": "array", "prefixItems": [INT, TEXT], "minItems": 2, "maxItems": 2},
            {"type": "array", "prefixItems": [NUMBER, TEXT], "minItems": 2, "maxItems": 2},
        ),
        (model(["a"], a=INT), model(a=INT)),
        (model(a=INT), model(a=INT, b=TEXT)),
        (model(a=INT, others=False), model(a=INT)),
        (model(a=INT), {"type": "object"}),
        ({"type": "object", "additionalProperties": INT}, {"type": "object", "additionalProperties": NUMBER}),
        ({"type": "object", "additionalProperties": INT}, {"type": "object", "additionalProperties": True}),
    ],
)
def test_what_takes_more_is_safe_and_the_way_back_breaks(narrow, wide):
    assert takes_all(({}, wide), ({}, narrow))
    assert not takes_all(({}, narrow), ({}, wide))
    assert told(parameters(a=narrow), parameters(a=wide)) == [("a", P.WIDENED, False)]
    assert told(parameters(a=wide), parameters(a=narrow)) == [("a", P.NARROWED, True)]


@pytest.mark.parametrize(
    ("live", "desired"),
    [
        (INT, TEXT),
        (INT, BOOL),
        (BOOL, INT),
        (TEXT, {**TEXT, "minLength": 1}),
        ({**TEXT, "pattern": "a"}, {**TEXT, "pattern": "b"}),
        ({**TEXT, "format": "date"}, {**TEXT, "format": "date-time"}),
        (model(a=INT), model(b=INT)),
        (model(a=INT, b=INT), model(a=INT)),
        (model(a=INT), model(["b"], a=INT, b=INT)),
        ({"type": "object"}, model(a=INT)),
        ({"enum": [1, True]}, {"enum": [1, 0]}),
        (INT, False),
        ({"type": "array"}, {"type": "array", "uniqueItems": True}),
        ({"type": "array", "prefixItems": [INT]}, {"type": "array", "items": INT}),
        ({"not": {"$ref": "#/definitions/X"}}, {"not": {"$ref": "#/definitions/Y"}}),
    ],
)
def test_what_takes_other_values_breaks(live, desired):
    [change] = contract_changes(parameters(a=live), parameters(a=desired))
    assert change.breaking


def test_an_enums_removed_values_are_named():
    [change] = contract_changes(parameters(a=enum("red", "blue")), parameters(a=enum("red", "green")))
    assert (change.kind, change.detail) == (P.RETYPED, 'no longer "blue"')


def test_other_types_are_told():
    [change] = contract_changes(parameters(a=either(INT, NULL)), parameters(a=TEXT))
    assert change.detail == "integer or null → string"


def test_a_model_that_refers_to_itself_ends():
    live, wider = (parameters(a={"$ref": "#/definitions/Tree"}, definitions=tree) for tree in (TREE, WIDER_TREE))
    assert told(live, live) == []
    assert told(live, wider) == [("a", P.WIDENED, False)]
    assert told(wider, live) == [("a", P.NARROWED, True)]


def test_pydantics_old_form_of_a_reference_is_the_same():
    color = {"Color": enum("red")}
    old = parameters(a={"allOf": [{"$ref": "#/definitions/Color"}]}, definitions=color)
    assert told(old, parameters(a={"$ref": "#/definitions/Color"}, definitions=color)) == []


def test_what_the_deployment_gives_nobody_lacks():
    assert told(parameters(), parameters(["a"], a=INT), ["a"]) == [("a", P.ADDED_REQUIRED, False)]
    assert told(parameters(a=INT), parameters(["a"], a=INT), ["a"]) == [("a", P.REQUIRED, False)]


def test_alternatives_within_alternatives_end():
    nested = INT
    for _ in range(30):
        nested = either(model(a=nested), model(b=nested, a=nested))
    assert told(parameters(a=nested), parameters(a=model(a=nested)))[0][1] in {P.RETYPED, P.WIDENED, P.NARROWED}


@pytest.mark.parametrize(
    "junk", [1, "x", [1], {"anyOf": 1}, {"type": [[1]]}, {"enum": 1}, {"required": 3}, {"items": 4}]
)
def test_a_schema_that_is_none_says_nothing(junk):
    contract_changes(parameters(a=junk), parameters(a=INT))
    contract_changes(parameters(a=INT), parameters(a=junk))
    contract_changes({"properties": junk}, {"properties": junk, "required": junk})


def a_safe_change_breaks_no_value(data):
    old_root, old = data.draw(ROOTS), data.draw(SCHEMAS)
    new_root = data.draw(st.one_of(st.just(old_root), st.just(old_root), ROOTS))
    new = data.draw(st.one_of(SCHEMAS, changed(old), tightened(old)))
    value = data.draw(values_of(old_root, old))
    assume(is_valid(old_root, old, value))
    if not is_valid(new_root, new, value):
        live, desired = parameters(a=old), parameters(a=new)
        found = contract_changes(live | old_root, desired | new_root)
        assert any(change.breaking for change in found), (old_root, old, new_root, new, value)


@given(st.data())
@few(300)
def test_a_value_that_no_longer_fits_was_said_to_break(data):
    a_safe_change_breaks_no_value(data)


@pytest.mark.slow
@given(st.data())
@many(3000)
def test_no_value_of_many_breaks_unsaid(data):
    a_safe_change_breaks_no_value(data)


@given(ROOTS, SCHEMAS)
@few(60)
def test_a_schema_takes_what_it_takes(root, schema):
    assert takes_all((root, schema), (copy.deepcopy(root), copy.deepcopy(schema)))


@given(ROOTS, SCHEMAS, SCHEMAS)
@few(60)
def test_one_more_alternative_is_safe(root, schema, other):
    assert takes_all((root, {"anyOf": [other, schema]}), (root, schema))
