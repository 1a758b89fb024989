"""Builds the types that a flow's file defines (enums, pydantic models, dataclasses, TypedDicts) without running it.

Pure. A type here has the fields, defaults and docstring of the reader's class and none of its code.
"""

import ast
import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pydantic
import typing_extensions
from pydantic.fields import FieldInfo

from pfa_gitops.platforms.prefect._statements import assigned
from pfa_gitops.platforms.prefect._static import TYPED_DICTS, Module, Unresolved

DATACLASS = frozenset({"dataclasses.dataclass", "pydantic.dataclasses.dataclass"})
DATACLASS_OPTIONS = frozenset({"kw_only"})
"""What of a dataclass's options decides how it is made."""
NAMED_TUPLE = "typing.NamedTuple"
NOTHING = frozenset({"abc.ABC", "builtins.object"})
"""Bases that add nothing to see."""
OWN_SCHEMA = frozenset({"__get_pydantic_core_schema__", "__get_pydantic_json_schema__"})
REGEX_ENGINE, DOCUMENTS = "regex_engine", "use_attribute_docstrings"
OWN_CONFIG = frozenset(
    {"title", "extra", "json_schema_extra", "use_enum_values", "populate_by_name", "alias_generator", DOCUMENTS}
    | {REGEX_ENGINE}
)
"""What of a model's configuration shows in its schema, or decides whether it has one."""


class _Field(NamedTuple):
    name: str
    type: Any
    default: Any
    document: str | None
    """The text below it."""


def make_class(module: Module, node: ast.ClassDef) -> Any:
    """The type for a class of the module. Raises Unresolved where only running it would tell."""
    named = {module.qualified(base) for base in node.bases}
    if named & TYPED_DICTS:
        return _typed_dict(module, node, [typing_extensions.TypedDict])
    if NAMED_TUPLE in named:
        return _named_tuple(module, node)
    bases = [module.value(base) for base in node.bases if module.qualified(base) not in NOTHING]
    decorators = {module.qualified(getattr(item, "func", item)) for item in node.decorator_list}
    if decorators & DATACLASS:
        return _dataclass(module, node, bases)
    if decorators or any(isinstance(item, ast.FunctionDef) and item.name in OWN_SCHEMA for item in node.body):
        raise Unresolved
    return _undecorated(module, node, bases)


def _undecorated(module: Module, node: ast.ClassDef, bases: list[Any]) -> Any:
    if any(map(typing_extensions.is_typeddict, bases)):
        return _typed_dict(module, node, bases)
    if any(isinstance(base, type) and issubclass(base, pydantic.BaseModel) for base in bases):
        return _model(module, node, bases)
    if any(isinstance(base, type) and issubclass(base, enum.Enum) for base in bases):
        return _enum(module, node, bases)
    if bases:
        raise Unresolved
    return type(node.name, (), {})


def _document(node: ast.ClassDef) -> str | None:
    return ast.get_docstring(node)


def _fields(module: Module, node: ast.ClassDef, *, private: bool = False) -> Iterator[_Field]:
    for number, statement in enumerate(node.body):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                hidden = name.startswith("_") and not private
                if hidden or name == "model_config" or _is_class_variable(module, annotation):
                    continue
                below = _text(node.body[number + 1 : number + 2])
                yield _Field(name, module.annotation(annotation), _default(module, value), below)


def _text(statements: list[ast.stmt]) -> str | None:
    match statements:
        case [ast.Expr(value=ast.Constant(value=str(text)))]:
            return inspect.cleandoc(text)
    return None


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


def _model(module: Module, node: ast.ClassDef, bases: list[Any]) -> Any:
    parents: Any = tuple(bases)
    model = next(base for base in bases if isinstance(base, type) and issubclass(base, pydantic.BaseModel))
    config = _config(module, node)
    if config:
        namespace = {"model_config": config, "__module__": __name__}
        parents = (types.new_class(node.name, parents, {}, lambda body: body.update(namespace)),)
    documented = (model.model_config | config).get(DOCUMENTS)
    fields: dict[str, Any] = {
        field.name: (field.type, _described(field) if documented else field.default) for field in _fields(module, node)
    }
    return pydantic.create_model(node.name, __base__=parents, __doc__=_document(node), **fields)


def _described(field: _Field) -> Any:
    """The default, with the text below the field as its description."""
    if field.document is None:
        return field.default
    if not isinstance(field.default, FieldInfo):
        return pydantic.Field(default=field.default, description=field.document)
    field.default.description = field.default.description or field.document
    return field.default


def _config(module: Module, node: ast.ClassDef) -> dict[str, Any]:
    """What the model says of itself: in its head, as `model_config`, or in a class `Config` as of old."""
    said = {str(keyword.arg): keyword.value for keyword in node.keywords}
    for statement in node.body:
        if isinstance(statement, ast.ClassDef) and statement.name == "Config":
            said |= dict(pair for inner in statement.body for pair in assigned(inner))
        for name, value in assigned(statement):
            if name == "model_config":
                said |= _entries(value)
    module.may_backtrack |= REGEX_ENGINE in said
    return {name: module.value(value) for name, value in said.items() if name in OWN_CONFIG}


def _entries(config: ast.expr) -> Mapping[str, ast.expr]:
    """The entries of `ConfigDict(…)` or `{…}`."""
    match config:
        case ast.Call(keywords=keywords):
            return {str(keyword.arg): keyword.value for keyword in keywords}
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
    raise Unresolved


def _typed_dict(module: Module, node: ast.ClassDef, bases: list[Any]) -> Any:
    total = all(module.value(key.value) for key in node.keywords if key.arg == "total")
    annotations = {field.name: field.type for field in _fields(module, node, private=True)}
    namespace = {"__annotations__": annotations, "__doc__": _document(node), "__module__": __name__}
    return types.new_class(node.name, tuple(bases), {"total": total}, lambda body: body.update(namespace))


def _named_tuple(module: Module, node: ast.ClassDef) -> Any:
    fields = list(_fields(module, node))
    namespace: dict[str, Any] = {field.name: field.default for field in fields if field.default is not ...}
    namespace["__annotations__"] = {field.name: field.type for field in fields}
    namespace |= {"__doc__": _document(node), "__module__": __name__}
    return types.new_class(node.name, (typing.NamedTuple,), {}, lambda body: body.update(namespace))


def _dataclass(module: Module, node: ast.ClassDef, bases: list[type]) -> Any:
    fields: list[Any] = []
    for field in _fields(module, node, private=True):
        if field.default is ...:
            fields.append((field.name, field.type))
        elif isinstance(field.default, list | dict | set):
            raise Unresolved  # what dataclasses refuse
        else:
            fields.append((field.name, field.type, field.default))
    document = _document(node)
    namespace: dict[str, Any] = {"__doc__": inspect.cleandoc(document)} if document else {}
    options = {
        str(keyword.arg): keyword.value
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
    }
    if "config" in options:
        config = _entries(options["config"]).items()
        namespace["__pydantic_config__"] = {name: module.value(value) for name, value in config if name in OWN_CONFIG}
    chosen = {name: module.value(value) for name, value in options.items() if name in DATACLASS_OPTIONS}
    return dataclasses.make_dataclass(node.name, fields, bases=tuple(bases), namespace=namespace, **chosen)
