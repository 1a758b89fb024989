"""Builds the types that a flow's file defines (enums, pydantic models, dataclasses, TypedDicts) without running it.

Pure. A type here has the fields, defaults and docstring of the reader's class and none of its code.
"""

import ast
import dataclasses
import enum
import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import pydantic
import typing_extensions

from pfa_gitops.platforms.prefect._static import Module, Unresolved

DATACLASS = frozenset({"dataclasses.dataclass", "pydantic.dataclasses.dataclass"})
REGEX_ENGINE = "regex_engine"
OWN_CONFIG = frozenset({"title", "extra", "json_schema_extra", "use_enum_values", "populate_by_name", REGEX_ENGINE})
"""What of a model's configuration shows in its schema, or decides whether it has one."""


class _Field(NamedTuple):
    name: str
    type: Any
    default: Any


def make_class(module: Module, node: ast.ClassDef) -> Any:
    """The type for a class of the module. Raises Unresolved where only running it would tell."""
    decorators = {module.qualified(getattr(item, "func", item)) for item in node.decorator_list}
    bases = [module.value(base) for base in node.bases]
    if any(not isinstance(base, type) and base is not typing_extensions.TypedDict for base in bases):
        raise Unresolved
    if decorators & DATACLASS:
        return _dataclass(module, node, bases)
    if decorators:
        raise Unresolved
    if typing_extensions.TypedDict in bases:
        return _typed_dict(module, node)
    if any(issubclass(base, enum.Enum) for base in bases):
        return _enum(module, node, bases)
    if any(issubclass(base, pydantic.BaseModel) for base in bases):
        return _model(module, node, bases)
    if bases:
        raise Unresolved
    return type(node.name, (), {})


def _document(node: ast.ClassDef) -> str | None:
    return ast.get_docstring(node)


def _fields(module: Module, node: ast.ClassDef) -> Iterator[_Field]:
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                if name.startswith("_") or name == "model_config" or _is_class_variable(module, annotation):
                    continue
                yield _Field(name, module.annotation(annotation), _default(module, value))


def _is_class_variable(module: Module, annotation: ast.expr) -> bool:
    inner = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return (module.qualified(inner) or "").endswith(".ClassVar")


def _default(module: Module, value: ast.expr | None) -> Any:
    """A field's default; of one that is not known only that there is one."""
    if value is None:
        return ...
    try:
        return module.value(value)
    except Unresolved:
        return pydantic.Field(default_factory=type(None))


def _enum(module: Module, node: ast.ClassDef, bases: list[type]) -> Any:
    members = [
        (target.id, module.value(statement.value))
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and not target.id.startswith("_")
    ]
    [base] = [base for base in bases if issubclass(base, enum.Enum)]
    mixins = [base for base in bases if not issubclass(base, enum.Enum)]
    made: Any = base(node.name, members, type=mixins[0]) if mixins else base(node.name, members)  # type: ignore[call-arg]  # the functional form, which mypy knows for literals only
    made.__doc__ = _document(node)
    return made


def _model(module: Module, node: ast.ClassDef, bases: list[type]) -> Any:
    fields: dict[str, Any] = {field.name: (field.type, field.default) for field in _fields(module, node)}
    parents: Any = tuple(bases)
    if config := _config(module, node):
        parents = (type(bases[0])(node.name, parents, {"model_config": config, "__module__": __name__}),)
    return pydantic.create_model(node.name, __base__=parents, __doc__=_document(node), **fields)


def _config(module: Module, node: ast.ClassDef) -> dict[str, Any]:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == [
            "model_config"
        ]:
            config = module.value(statement.value)
            module.may_backtrack |= REGEX_ENGINE in config
            return {key: value for key, value in config.items() if key in OWN_CONFIG}
    return {}


def _typed_dict(module: Module, node: ast.ClassDef) -> Any:
    total = all(module.value(key.value) for key in node.keywords if key.arg == "total")
    fields = {field.name: field.type for field in _fields(module, node)}
    made = typing_extensions.TypedDict(node.name, fields, total=total)  # type: ignore[misc]  # mypy wants literals
    made.__doc__ = _document(node)
    return made


def _dataclass(module: Module, node: ast.ClassDef, bases: list[type]) -> Any:
    fields: list[Any] = []
    for field in _fields(module, node):
        if field.default is ...:
            fields.append((field.name, field.type))
        elif isinstance(field.default, list | dict | set):
            raise Unresolved  # what dataclasses refuse
        else:
            fields.append((field.name, field.type, field.default))
    document = _document(node)
    namespace = {"__doc__": inspect.cleandoc(document)} if document else {}
    return dataclasses.make_dataclass(node.name, fields, bases=tuple(bases), namespace=namespace)
