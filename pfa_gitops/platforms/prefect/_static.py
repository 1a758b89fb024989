"""What the names and expressions of a Python module mean, as far as that is known without running it. Pure.

Only constants and a fixed list of types and constructors are ever evaluated: a plan may be made from a stranger's
pull request. Whatever else stands in the source is `Unresolved`.
"""

import ast
import builtins
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import math
import pathlib
import typing
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ForwardRef

import pydantic
import typing_extensions

MAX_STEPS = 20_000
"""How many expressions of one module are looked at, so that a few lines cannot keep a plan busy."""
MAX_DEPTH = 60
MAX_TEXT = 100_000
MAX_NUMBER = 2.0**64
MAX_EXPONENT = 1_000

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr


class Unresolved(Exception):
    """The expression means something only when the module runs."""


def _exported(module: Any, names: str) -> dict[str, Any]:
    return {f"{module.__name__}.{name}": getattr(module, name) for name in names.split()}


SCALARS = _exported(builtins, "int float str bool") | {"decimal.Decimal": decimal.Decimal, "uuid.UUID": uuid.UUID}
CONTAINERS = _exported(builtins, "list dict tuple set frozenset")
TIMES = _exported(datetime, "datetime date time timedelta")
PATHS = _exported(pathlib, "Path PurePath PosixPath PurePosixPath")
GENERICS = "Optional Union Literal Annotated List Dict Tuple Set FrozenSet Sequence Mapping MutableMapping Iterable"
PYDANTIC_NAMES = (
    "StrictInt StrictFloat StrictStr StrictBool PositiveInt NegativeInt NonNegativeInt NonPositiveInt PositiveFloat "
    "NegativeFloat NonNegativeFloat NonPositiveFloat FiniteFloat SecretStr SecretBytes EmailStr HttpUrl AnyUrl "
    "AnyHttpUrl FileUrl PostgresDsn RedisDsn Json JsonValue UUID4 FilePath DirectoryPath NewPath PastDate FutureDate "
    "PastDatetime FutureDatetime AwareDatetime NaiveDatetime ByteSize IPvAnyAddress"
)
PYDANTIC_TYPES = frozenset(PYDANTIC_NAMES.split())
"""Found when they are asked for: pydantic imports much to have them all."""
CALLABLE: Mapping[str, Callable[..., Any]] = {
    **SCALARS,
    **CONTAINERS,
    **TIMES,
    **PATHS,
    **_exported(pydantic, "Field ConfigDict SecretStr conint confloat constr"),
    "pydantic.fields.Field": pydantic.Field,
    "dataclasses.field": dataclasses.field,
    "enum.auto": enum.auto,
}
KNOWN: Mapping[str, Any] = {
    **CALLABLE,
    "builtins.bytes": bytes,
    "builtins.object": object,
    **_exported(typing, f"Any {GENERICS}"),
    **{f"typing_extensions.{name}": getattr(typing, name) for name in ["Any", *GENERICS.split()]},
    **_exported(collections.abc, "Sequence Mapping MutableMapping Iterable"),
    "pydantic.BaseModel": pydantic.BaseModel,
    **_exported(enum, "Enum IntEnum StrEnum"),
    "typing.TypedDict": typing_extensions.TypedDict,
    "typing_extensions.TypedDict": typing_extensions.TypedDict,
    "datetime.timezone.utc": datetime.UTC,
    "datetime.UTC": datetime.UTC,
}
FACTORY_KEYWORD = "default_factory"
NUMERIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
}


def parse(source: bytes | str) -> ast.Module:
    """The syntax tree. Raises SyntaxError, ValueError, RecursionError or MemoryError, all for a source that is bad."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reader's own escapes and comparisons are not our business
        return ast.parse(source)


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that an import of the module runs, those in `if`, `try` and `with` too."""
    for statement in body:
        yield statement
        for name in ("body", "orelse", "handlers", "finalbody"):
            if isinstance(statement, ast.If | ast.Try | ast.With):
                for inner in getattr(statement, name, []):
                    yield from statements(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


class Module:
    """One module's names. `make_class` turns a class of the module into a type; None: there are no local types."""

    def __init__(self, tree: ast.Module, make_class: "Callable[[Module, ast.ClassDef], Any] | None" = None) -> None:
        self.imported: dict[str, str] = {}
        self.defined: dict[str, Definition] = {}
        self._make_class = make_class
        self._classes: dict[str, Any] = {}
        self._steps = self._depth = 0
        self.may_backtrack = False
        """Whether a class here checks texts with Python's regular expressions, which a few letters can keep busy."""
        for statement in statements(tree.body):
            self._learn(statement)

    def _learn(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    self.imported[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for alias in names:
                    self.imported[alias.asname or alias.name] = f"{module}.{alias.name}"
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self.defined[name] = statement
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.defined[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.defined[name] = value

    def qualified(self, expression: ast.expr) -> str | None:
        """The full name of what an expression names: `dt.date` after `import datetime as dt` is `datetime.date`."""
        match expression:
            case ast.Attribute(value=value, attr=attribute):
                owner = self.qualified(value)
                return f"{owner}.{attribute}" if owner else None
            case ast.Name(id=name) if name not in self.defined:
                return self.imported.get(name, f"builtins.{name}")
        return None

    def annotation(self, expression: ast.expr) -> Any:
        """The type that an annotation names. Raises Unresolved."""
        if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
            try:
                return self.annotation(parse(expression.value.strip()).body[0].value)  # type: ignore[attr-defined]  # anything but an expression has no value
            except (SyntaxError, ValueError, AttributeError, IndexError):
                raise Unresolved from None
        return self.value(expression)

    def text(self, expression: ast.expr) -> str:
        """The string that an expression is. Raises Unresolved."""
        value = self.value(expression)
        if not isinstance(value, str):
            raise Unresolved
        return value

    def value(self, expression: ast.expr) -> Any:
        """The value or type that an expression is. Raises Unresolved."""
        self._steps += 1
        if self._steps > MAX_STEPS or self._depth > MAX_DEPTH:
            raise Unresolved
        self._depth += 1
        try:
            return _bounded(self._value(expression))
        except Exception:  # a reader's class meets pydantic and enum here, which raise whatever they like
            raise Unresolved from None
        finally:
            self._depth -= 1

    def _value(self, expression: ast.expr) -> Any:  # noqa: PLR0911 - one case for each form of expression
        match expression:
            case ast.Constant(value=value):
                return value
            case ast.Name() | ast.Attribute():
                return self._named(expression)
            case ast.List(elts=items):
                return [self.value(item) for item in items]
            case ast.Tuple(elts=items):
                return tuple(self.value(item) for item in items)
            case ast.Set(elts=items):
                return {self.value(item) for item in items}
            case ast.Dict(keys=keys, values=values):
                return {self.value(key): self.value(value) for key, value in zip(keys, values, strict=True) if key}
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.BinOp():
                return self._combined(expression)
            case ast.JoinedStr(values=parts):
                return "".join(self._part(part) for part in parts)
            case ast.Subscript():
                return self._subscripted(expression)
            case ast.Call():
                return self._called(expression)
        raise Unresolved

    def _named(self, expression: ast.Name | ast.Attribute) -> Any:
        name = self.qualified(expression)
        if name is not None:
            return _known(name)
        if isinstance(expression, ast.Attribute):
            owner = self.value(expression.value)
            if isinstance(owner, type) and issubclass(owner, enum.Enum):
                return owner[expression.attr]
            raise Unresolved
        definition = self.defined[expression.id]
        if isinstance(definition, ast.ClassDef):
            return self._class(definition)
        if isinstance(definition, ast.expr):
            return self.value(definition)
        raise Unresolved

    def _class(self, node: ast.ClassDef) -> Any:
        if self._make_class is None:
            raise Unresolved
        if node.name not in self._classes:
            self._classes[node.name] = ForwardRef(node.name)  # what a class that names itself gets
            try:
                self._classes[node.name] = self._make_class(self, node)
            except BaseException:
                del self._classes[node.name]
                raise
        return self._classes[node.name]

    def _combined(self, expression: ast.BinOp) -> Any:
        if isinstance(expression.op, ast.BitOr):
            return typing.Union[self.annotation(expression.left), self.annotation(expression.right)]  # noqa: UP007 - the two are values here
        left, right = self.value(expression.left), self.value(expression.right)
        numbers = all(isinstance(side, int | float) for side in (left, right))
        texts = isinstance(left, str) and isinstance(right, str) and isinstance(expression.op, ast.Add)
        if not numbers and not texts:
            raise Unresolved
        return NUMERIC[type(expression.op)](left, right)

    def _part(self, part: ast.expr) -> str:
        if isinstance(part, ast.FormattedValue):
            if part.format_spec is not None or part.conversion != -1:
                raise Unresolved
            value = self.value(part.value)
            if not isinstance(value, str | int | float):
                raise Unresolved
            return str(value)
        return self.text(part)

    def _subscripted(self, expression: ast.Subscript) -> Any:
        generic = self.value(expression.value)
        items = expression.slice.elts if isinstance(expression.slice, ast.Tuple) else [expression.slice]
        if generic is typing.Literal:
            return generic[tuple(self.value(item) for item in items)]
        if generic is typing.Annotated:
            return generic[(self.annotation(items[0]), *(self.value(item) for item in items[1:]))]
        if not isinstance(expression.value, ast.Name | ast.Attribute) or self.qualified(expression.value) is None:
            raise Unresolved  # a local name: only the known generics are subscripted
        arguments = tuple(self.annotation(item) for item in items)
        return generic[arguments if len(arguments) > 1 else arguments[0]]

    def _called(self, expression: ast.Call) -> Any:
        function = self.value(expression.func)
        makes = self._is_local(function) and not self.may_backtrack
        if not any(function is known for known in CALLABLE.values()) and not makes:
            raise Unresolved
        arguments = [self.value(argument) for argument in expression.args]
        return function(*arguments, **{str(key.arg): self._keyword(key) for key in expression.keywords if key.arg})

    def _keyword(self, keyword: ast.keyword) -> Any:
        """No factory but `list` and its like is ever run: that there is one says that the field may be left out."""
        if keyword.arg != FACTORY_KEYWORD:
            return self.value(keyword.value)
        return CONTAINERS.get(self.qualified(keyword.value) or "", type(None))

    def _is_local(self, function: Any) -> bool:
        return any(function is made for made in self._classes.values()) and not isinstance(function, ForwardRef)


def _known(name: str) -> Any:
    module, _, short = name.rpartition(".")
    if module == "pydantic" and short in PYDANTIC_TYPES:
        return getattr(pydantic, short)
    if name not in KNOWN:
        raise Unresolved
    return KNOWN[name]


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise Unresolved
    if isinstance(value, decimal.Decimal) and not (value.is_finite() and abs(value.adjusted()) <= MAX_EXPONENT):
        raise Unresolved  # `int` of 1e99999999 takes hours
    if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) <= MAX_NUMBER):
        raise Unresolved
    return value
