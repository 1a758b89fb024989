"""JSON Schemas of all documents, generated from the models, for editors and other tools. Pure.

They judge a file as it is written, before templates: wherever something else than text stands, an expression
`${{ … }}` may stand too.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticOmit, core_schema

from pfa_gitops.manifests.envelope import Envelope
from pfa_gitops.manifests.override import KIND as OVERRIDE
from pfa_gitops.manifests.override import OverrideSpec
from pfa_gitops.manifests.project import KIND as PROJECT
from pfa_gitops.manifests.project import ProjectSpec
from pfa_gitops.manifests.validate import Kinds
from pfa_gitops.model.described import descriptions
from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.model.values import API_VERSION

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
COMBINED = "manifest"
EXPRESSION: Schema = {"$ref": "#/$defs/Expression"}
EXPRESSION_SCHEMA: Schema = {
    "type": "string",
    "pattern": r"\$\{\{",
    "description": "A template's expression, e.g. `${{ vars.name }}`; its value takes this place.",
}
NOTES = ("title", "description", "default", "examples", "deprecated")
"""What an editor shows; it stands at the outermost level."""
PLAIN_TEXT = frozenset({"type", *NOTES})
CHILDREN = ("properties", "patternProperties")


class Generator(GenerateJsonSchema):
    """Leaves out what no file can hold, such as a sealed value, and what tells nobody anything."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A field's title would only repeat its name."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A field that is left out is not null, it is left alone: do not have editors write `null`."""
        found = super().default_schema(schema)
        return {key: value for key, value in found.items() if key != "default" or value is not None}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Each field says what it is. A secret reference names one source."""
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        texts = descriptions(model)
        for name, info in model.model_fields.items():
            if name in texts and (shown := found.get("properties", {}).get(info.alias or name)) is not None:
                shown["description"] = texts[name]
        return {**found, "minProperties": 1, "maxProperties": 1} if model is SecretRef else found

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """`discriminator` is OpenAPI's; the options' own `type` says the same."""
        found = super().tagged_union_schema(schema)
        return {key: value for key, value in found.items() if key != "discriminator"}

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:
        """A Python object has no place in a file."""
        raise PydanticOmit


def schemas(kinds: Kinds) -> dict[str, Schema]:
    """One schema per kind, for Project and Override, and `manifest` for a file that holds any of them, by name."""
    models: dict[str, type[BaseModel]] = {name: kind.spec for name, kind in kinds.items()}
    models |= {OVERRIDE: OverrideSpec, PROJECT: ProjectSpec}
    summaries = {name: kind.summary for name, kind in kinds.items()}
    single = {name: _document(name, models[name], summaries.get(name)) for name in sorted(models)}
    return {**single, COMBINED: _combined(single)}


def _document(kind: str, spec: type[BaseModel], summary: str | None) -> Schema:
    """The schema of one whole document."""
    body = spec.model_json_schema(schema_generator=Generator, by_alias=True)
    envelope = Envelope.model_json_schema(schema_generator=Generator, by_alias=True)
    definitions = {**envelope.pop("$defs"), **body.pop("$defs", {})}
    properties = envelope["properties"]
    properties["kind"] = {"const": kind, "description": f"{kind}: {summary or spec.__doc__ or ''}".strip()}
    properties["apiVersion"] = {"const": API_VERSION, "description": properties["apiVersion"]["description"]}
    properties["spec"] = body
    if not body.get("required"):
        properties["spec"] = {**body, "type": ["object", "null"]}
    envelope["required"] = ["apiVersion", "kind", "metadata", *(["spec"] if body.get("required") else [])]
    envelope |= {"title": kind, "description": summary or _first_line(spec)}
    schema = _with_expressions(envelope, outer=True)
    definitions = {name: _with_expressions(value, outer=True) for name, value in sorted(definitions.items())}
    return {
        "$schema": DRAFT,
        "$id": f"{kind}.json",
        **schema,
        "$defs": {**definitions, "Expression": EXPRESSION_SCHEMA},
    }


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]


def _with_expressions(schema: Any, outer: bool = False) -> Any:
    """Allow an expression in the place of every value below, and unless `outer`, of this one."""
    if not isinstance(schema, dict):
        return schema
    inner = {key: _inside(key, value) for key, value in schema.items()}
    return inner if outer or _takes_any_text(inner) else _or_expression(inner)


def _inside(key: str, value: Any) -> Any:
    if key in CHILDREN:
        return {name: _child(name, item) for name, item in value.items()}
    if key in {"items", "additionalProperties"}:
        return _with_expressions(value)
    if key == "prefixItems":
        return [_with_expressions(item) for item in value]
    if key in {"anyOf", "oneOf", "allOf"}:
        return [_with_expressions(item, outer=True) for item in value]
    return value


def _child(name: str, schema: Any) -> Any:
    """`apiVersion` and `kind` say what the document is; no expression may."""
    fixed = isinstance(schema, dict) and name in {"apiVersion", "kind"} and "const" in schema
    return schema if fixed else _with_expressions(schema, outer=name in {"metadata", "spec"} and "const" not in schema)


def _takes_any_text(schema: Schema) -> bool:
    """Whether an expression fits already."""
    if schema.keys() <= PLAIN_TEXT:
        return bool(schema.get("type", "string") == "string")
    return any(_takes_any_text(option) for option in schema.get("anyOf", ()))


def _or_expression(schema: Schema) -> Schema:
    notes = {key: schema[key] for key in NOTES if key in schema}
    rest = {key: value for key, value in schema.items() if key not in NOTES}
    options = rest["anyOf"] if rest.keys() == {"anyOf"} else [rest]
    return {**notes, "anyOf": [*options, EXPRESSION]}


def _combined(single: Mapping[str, Schema]) -> Schema:
    """One schema for files with documents of several kinds: `kind` says which one is meant."""
    definitions: Schema = {"Expression": EXPRESSION_SCHEMA}
    for name, schema in single.items():
        body = {key: value for key, value in schema.items() if not key.startswith("$")}
        definitions[name] = _prefixed(body, name)
        for inner, value in schema["$defs"].items():
            if inner != "Expression":
                definitions[f"{name}.{inner}"] = _prefixed(value, name)
    return {
        "$schema": DRAFT,
        "$id": f"{COMBINED}.json",
        "title": "A document of pfa-gitops",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"enum": list(single), "description": "What the document describes."},
        },
        "required": ["apiVersion", "kind", "metadata"],
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in single
        ],
        "$defs": definitions,
    }


def _prefixed(value: Any, name: str) -> Any:
    """Point references to the definitions of one kind: two kinds may use one name."""
    if isinstance(value, list):
        return [_prefixed(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    prefix = "#/$defs/"
    moved = {key: _prefixed(item, name) for key, item in value.items()}
    target = moved.get("$ref")
    if isinstance(target, str) and target.startswith(prefix) and target != EXPRESSION["$ref"]:
        moved["$ref"] = f"{prefix}{name}.{target.removeprefix(prefix)}"
    return moved
