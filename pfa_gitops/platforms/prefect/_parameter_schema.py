"""Turns a flow's signature, read from its syntax tree, into the JSON Schema that Prefect would store for it. Pure."""

import ast
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import pydantic
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pfa_gitops.platforms.prefect._docstring import parameter_descriptions
from pfa_gitops.platforms.prefect._static import Module, Unresolved

Function = ast.FunctionDef | ast.AsyncFunctionDef

NOT_PARAMETERS = frozenset({"self", "cls"})


class _Parameter(NamedTuple):
    name: str
    type: Any
    default: Any
    """`...` where there is none."""
    position: int
    description: str | None


class _PlainClassesAreAnything(GenerateJsonSchema):
    """A class that pydantic only knows by `isinstance` may be given as anything."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:
        return {}


def parameter_schema(module: Module, function: Function) -> dict[str, Any]:
    """The schema of a function's parameters: title, type, properties, required (unless empty), definitions."""
    descriptions = parameter_descriptions(ast.get_docstring(function))
    fields: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a parameter may be called as a method of pydantic's models is
        for parameter in _parameters(module, function, descriptions):
            name, field = _field(parameter)
            try:
                _schema({name: (parameter.type, field)})
                fields[name] = (parameter.type, field)
            except Exception:  # no schema here, a package that is missing, a pattern that is none: anything may come
                fields[name] = (Any, field)
        schema = _schema(fields)
    required = {"required": schema["required"]} if schema.get("required") else {}
    return {
        "title": "Parameters",
        "type": "object",
        "properties": schema.get("properties", {}),
        **required,
        "definitions": schema.get("$defs", {}),
    }


def _schema(fields: dict[str, Any]) -> dict[str, Any]:
    config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    model = pydantic.create_model("Parameters", __config__=config, **fields)
    return pydantic.TypeAdapter(model).json_schema(
        by_alias=True, ref_template="#/definitions/{model}", schema_generator=_PlainClassesAreAnything
    )


def _field(parameter: _Parameter) -> tuple[str, Any]:
    """A model's field for a parameter. A name that pydantic's models use themselves goes by an alias."""
    clashes = hasattr(pydantic.BaseModel, parameter.name) or parameter.name.startswith("_")
    given = parameter.default if isinstance(parameter.default, FieldInfo) else None
    extra = dict(given.json_schema_extra) if given and isinstance(given.json_schema_extra, dict) else {}
    field = pydantic.Field(
        default=given.default if given else parameter.default,
        title=parameter.name,
        description=(given and given.description) or parameter.description,
        alias=parameter.name if clashes else None,
        json_schema_extra={"position": parameter.position, **extra},
    )
    return (f"parameter_{parameter.position}__" if clashes else parameter.name), field


def _parameters(module: Module, function: Function, descriptions: dict[str, str]) -> Iterator[_Parameter]:
    for position, (argument, default) in enumerate(_arguments(function.args)):
        if argument.arg not in NOT_PARAMETERS:
            type_, value = _type(module, argument), _default(module, default)
            yield _Parameter(argument.arg, type_, value, position, descriptions.get(argument.arg))


def _arguments(signature: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Every argument with its default, in the order of the signature."""
    positional = signature.posonlyargs + signature.args
    defaults = [None] * (len(positional) - len(signature.defaults)) + signature.defaults
    yield from zip(positional, defaults, strict=True)
    if signature.vararg:
        yield ast.arg(signature.vararg.arg), None
    yield from zip(signature.kwonlyargs, signature.kw_defaults, strict=True)
    if signature.kwarg:
        yield ast.arg(signature.kwarg.arg), None


def _type(module: Module, argument: ast.arg) -> Any:
    if argument.annotation is None:
        return Any
    try:
        return module.annotation(argument.annotation)
    except Unresolved:
        return Any


def _default(module: Module, default: ast.expr | None) -> Any:
    """A default that is not known is null, so that the parameter may be left out."""
    if default is None:
        return ...
    try:
        return module.value(default)
    except Unresolved:
        return None
