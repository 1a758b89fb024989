"""Turns a flow's signature, read from its syntax tree, into the JSON Schema that Prefect would store for it. Pure."""

import ast
import typing
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from types import UnionType
from typing import Any, NamedTuple

import pydantic
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pfa_gitops.platforms.prefect._docstring import parameter_descriptions
from pfa_gitops.platforms.prefect._known_names import CONTAINERS, SCALARS, TIMES
from pfa_gitops.platforms.prefect._static import Module, Unresolved

Function = ast.FunctionDef | ast.AsyncFunctionDef

_TypedField = tuple[Any, Any]
"""A type, and what pydantic is told beside it."""

PLAIN_TYPES = (Any, type(None), *SCALARS.values(), *CONTAINERS.values(), *TIMES.values())
"""Types whose schema is the same wherever they stand."""
PLAIN_DEFAULTS = (type(None), type(...), bool, int, float, str)
"""What JSON writes as it is; `...` is none at all."""
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reader's names and classes are not our business
        schema = _schema(list(_parameters(module, function, descriptions)))
    required = {"required": schema["required"]} if schema.get("required") else {}
    return {
        "title": "Parameters",
        "type": "object",
        "properties": schema.get("properties", {}),
        **required,
        "definitions": schema.get("$defs", {}),
    }


def _schema(parameters: Sequence[_Parameter]) -> dict[str, Any]:
    if all(map(_is_plain, parameters)):
        with suppress(Exception):  # no type to pydantic after all, such as `dict[int]`
            return _plain_schema(parameters)
    return _model_schema(parameters)


def _is_plain(parameter: _Parameter) -> bool:
    return type(parameter.default) in PLAIN_DEFAULTS and _is_plain_type(parameter.type)


def _is_plain_type(type_: Any) -> bool:
    if (origin := typing.get_origin(type_)) in {typing.Union, UnionType, *CONTAINERS.values()}:
        return all(map(_is_plain_type, typing.get_args(type_)))
    return origin is None and any(type_ is known for known in PLAIN_TYPES)


def _plain_schema(parameters: Sequence[_Parameter]) -> dict[str, Any]:
    """What `_model_schema` gives, 20 times as fast: a type's schema is made once, and not a model for each flow."""
    by_name = {parameter.name: parameter for parameter in parameters}
    properties = {name: _plain_property(parameter) for name, parameter in by_name.items()}
    return {"properties": properties, "required": [name for name, one in by_name.items() if one.default is ...]}


def _plain_property(parameter: _Parameter) -> dict[str, Any]:
    about = {"title": parameter.name, "position": parameter.position}
    if parameter.description is not None:
        about["description"] = parameter.description
    if parameter.default is not ...:
        about["default"] = parameter.default
    return {**_type_schema(repr(parameter.type), parameter.type), **about}


@lru_cache
def _type_schema(_written: str, type_: Any) -> dict[str, Any]:
    """The schema of a plain type. `_written` tells `int | str` from `str | int`, which are equal."""
    return pydantic.TypeAdapter(type_).json_schema(schema_generator=_PlainClassesAreAnything)


def _model_schema(parameters: Sequence[_Parameter]) -> dict[str, Any]:
    """The schema of a model that has the parameters as fields."""
    try:
        return _schema_of_model(dict(map(_field, parameters)))
    except Exception:  # no schema here, a package that is missing, a pattern that is none: anything may come
        return _schema_of_model(dict(map(_field_with_schema, parameters)))


def _field_with_schema(parameter: _Parameter) -> tuple[str, _TypedField]:
    """A field that takes anything where the type has no schema; with a default of null where that has none either."""
    for name, field in map(_field, (parameter, parameter._replace(type=Any))):
        if _has_schema(name, field):
            return name, field
    return _field(parameter._replace(type=Any, default=None))


def _schema_of_model(fields: dict[str, Any]) -> dict[str, Any]:
    config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    model = pydantic.create_model("Parameters", __config__=config, **fields)
    return pydantic.TypeAdapter(model).json_schema(
        by_alias=True, ref_template="#/definitions/{model}", schema_generator=_PlainClassesAreAnything
    )


def _has_schema(name: str, field: _TypedField) -> bool:
    try:
        _schema_of_model({name: field})
    except Exception:
        return False
    return True


def _field(parameter: _Parameter) -> tuple[str, _TypedField]:
    """A model's field for a parameter, and its name; one that pydantic's models use themselves goes by an alias."""
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
    return (f"parameter_{parameter.position}__" if clashes else parameter.name), (parameter.type, field)


def _parameters(module: Module, function: Function, descriptions: dict[str, str]) -> Iterator[_Parameter]:
    for position, (argument, default) in enumerate(_arguments(function.args)):
        if argument.arg not in NOT_PARAMETERS:
            type_ = _type(module, argument)
            with module.seen_from(function.lineno):
                value = _default(module, default)
            yield _Parameter(argument.arg, type_, value, position, descriptions.get(argument.arg))


def _arguments(signature: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Every argument with its default, in the order of the signature."""
    positional = signature.posonlyargs + signature.args
    defaults = [None] * (len(positional) - len(signature.defaults)) + signature.defaults
    yield from zip(positional, defaults, strict=True)
    if signature.vararg:
        yield signature.vararg, None
    yield from zip(signature.kwonlyargs, signature.kw_defaults, strict=True)
    if signature.kwarg:
        yield signature.kwarg, None


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
