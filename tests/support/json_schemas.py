"""Hypothesis' JSON Schemas, of the sort that pydantic writes, values that they take, and a judge that is not ours.

Models name their fields, and a value has no others: what a model does not name it does not heed.
"""

import copy

import jsonschema
from hypothesis import strategies as st

INT, NUMBER, TEXT, NULL, BOOL = ({"type": name} for name in ("integer", "number", "string", "null", "boolean"))
_NAMES = st.sampled_from(["a", "b", "c"])
_PLAIN = st.one_of(
    st.sampled_from([INT, NUMBER, TEXT, NULL, BOOL]),
    st.builds(lambda low, up: {**INT, "minimum": low, "maximum": low + up}, st.integers(-3, 3), st.integers(0, 4)),
    st.builds(lambda low: {**NUMBER, "exclusiveMinimum": low}, st.integers(-3, 3)),
    st.builds(lambda low, up: {**TEXT, "minLength": low, "maxLength": low + up}, st.integers(0, 2), st.integers(0, 2)),
    st.lists(st.sampled_from(["x", "y", 1, True, None]), min_size=1, max_size=3).map(lambda values: {"enum": values}),
)
_SCALARS = st.one_of(_PLAIN, st.sampled_from([{"$ref": "#/definitions/One"}, {"$ref": "#/definitions/Two"}]))


def _deeper(inner):
    fields = st.dictionaries(_NAMES, inner, max_size=2)
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
        inner.map(lambda item: {"type": "array", "items": item}),
        st.builds(lambda item, most: {"type": "array", "items": item, "maxItems": most}, inner, st.integers(0, 2)),
        st.lists(inner, min_size=1, max_size=2).map(
            lambda items: {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
        ),
        inner.map(lambda item: {"type": "object", "additionalProperties": item}),
        st.builds(
            lambda named, needed, closed: {
                "type": "object",
                "properties": named,
                "required": sorted(needed & named.keys()),
                **({"additionalProperties": False} if closed else {}),
            },
            fields,
            st.sets(_NAMES),
            st.booleans(),
        ),
    )


SCHEMAS = st.recursive(_SCALARS, _deeper, max_leaves=6)
ROOTS = st.builds(
    lambda one, two: {"definitions": {"One": one, "Two": two}},
    _PLAIN,
    _deeper(SCHEMAS).filter(lambda schema: "anyOf" not in schema),
)


def values_of(root, schema, depth=0):
    """Values that the schema takes and names."""
    if depth > 6:
        return st.none()  # it refers to itself without end
    if "$ref" in schema:
        return values_of(root, root["definitions"][schema["$ref"].rpartition("/")[2]], depth + 1)
    if "anyOf" in schema:
        return st.one_of(*(values_of(root, part, depth + 1) for part in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _OF_TYPE[schema["type"]](schema, lambda part: values_of(root, part, depth + 1))


def _lists(schema, again):
    if "prefixItems" in schema:
        return st.tuples(*map(again, schema["prefixItems"])).map(list)
    return st.lists(again(schema["items"]), max_size=schema.get("maxItems", 3))


def _mappings(schema, again):
    if "properties" not in schema:
        return st.dictionaries(_NAMES, again(schema["additionalProperties"]), max_size=2)
    fields = {name: again(part) for name, part in schema["properties"].items()}
    needed = {name: part for name, part in fields.items() if name in schema["required"]}
    return st.fixed_dictionaries(needed, optional={name: fields[name] for name in fields.keys() - needed.keys()})


_OF_TYPE = {
    "integer": lambda schema, _: st.integers(schema.get("minimum", -9), schema.get("maximum", 9)),
    "number": lambda *_: st.one_of(st.integers(-3, 9), st.sampled_from([0.5, 2.0, -1.5])),
    "string": lambda schema, _: st.text(
        "xyz", min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 4)
    ),
    "null": lambda *_: st.none(),
    "boolean": lambda *_: st.booleans(),
    "array": _lists,
    "object": _mappings,
}


def is_valid(root, schema, value):
    return jsonschema.Draft202012Validator({**root, **schema}).is_valid(value)


@st.composite
def changed(draw, schema):
    """The schema with one part of it changed, so that the two are near each other."""
    made = copy.deepcopy(schema)
    places = list(_places(made))
    if not places:
        return draw(SCHEMAS)
    owner, key = draw(st.sampled_from(places))
    owner[key] = draw(SCHEMAS)
    return made


def _places(schema):
    yield from ((schema["properties"], key) for key in schema.get("properties", {}))
    for name in ("anyOf", "prefixItems"):
        yield from ((schema[name], number) for number in range(len(schema.get(name, []))))
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield schema, name


@st.composite
def tightened(draw, schema):
    """The schema with one bound, required field or listed value of it changed."""
    made = copy.deepcopy(schema)
    nodes = [node for node in _nodes(made) if _SAYS & node.keys()]
    if not nodes:
        return draw(SCHEMAS)
    node = draw(st.sampled_from(nodes))
    name = draw(st.sampled_from(sorted(_SAYS & node.keys())))
    if name == "enum":
        node[name] = node[name][1:] or ["other"]
    elif name == "required":
        node[name] = sorted({*node[name], *node.get("properties", {})})
    else:
        node[name] = max(0, node[name] + draw(st.sampled_from([-1, 1]))) if name.startswith("m") else node[name] + 1
    return made


_SAYS = {"enum", "required", "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "maxItems"}


def _nodes(schema):
    yield schema
    for owner, key in _places(schema):
        yield from _nodes(owner[key])
