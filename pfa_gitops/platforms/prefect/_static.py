"""What the names and expressions of a Python module mean, as far as that is known without running it. Pure.

Only constants and a fixed list of types and constructors are ever evaluated: a plan may be made from a stranger's
pull request. Whatever else stands in the source is `Unresolved`.
"""

import ast
import collections
import decimal
import enum
import math
import pathlib
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ForwardRef

import pydantic
import typing_extensions

from pfa_gitops.platforms.prefect._known_names import CALLABLE, CONTAINERS, PYDANTIC_MAKERS, known
from pfa_gitops.platforms.prefect._statements import assigned, statements

MAX_STEPS = 20_000
"""How many expressions of one module are looked at, so that a few lines cannot keep a plan busy."""
MAX_WEIGHT = 50_000
"""What they all come to: a name weighs each time what it stands for, as each mention may be written out in the end."""
MAX_DEPTH = 60
MAX_TEXT = 100_000
WEIGHT_OF_TEXT = 20
"""Characters that weigh as much as one item of a list."""
MAX_NUMBER = 2.0**64
MAX_POWER = 64
MAX_EXPONENT = 1_000

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr


class Unresolved(Exception):
    """The expression means something only when the module runs."""


FACTORY_KEYWORD = "default_factory"
LAST_LINE = 10**9
VALIDATORS = frozenset({"BeforeValidator", "AfterValidator", "WrapValidator"})
"""What runs beside a type and leaves its schema as it is."""
NEW_TYPES = frozenset({"typing.NewType", "typing_extensions.NewType"})
TYPE_VARIABLES = frozenset({"typing.TypeVar", "typing_extensions.TypeVar"})
TYPED_DICTS = frozenset({"typing.TypedDict", "typing_extensions.TypedDict"})
NUMERIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: lambda left, right: left**right if abs(left) <= MAX_POWER >= right >= 0 else None,
}


def parse(source: bytes | str) -> ast.Module:
    """The syntax tree. Raises SyntaxError, ValueError, RecursionError or MemoryError, all for a source that is bad."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reader's own escapes and comparisons are not our business
        return ast.parse(source)


class Module:
    """One module's names. `make_class` turns a class of the module into a type; None: there are no local types."""

    def __init__(self, tree: ast.Module, make_class: "Callable[[Module, ast.ClassDef], Any] | None" = None) -> None:
        self.imported: dict[str, str] = {}
        self.defined: dict[str, Definition] = {}
        self._make_class = make_class
        self._classes: dict[str, Any] = {}
        self._made: dict[int, Any] = {}
        self._bindings: dict[str, list[tuple[int, Definition]]] = {}
        self._line = LAST_LINE
        self._steps = self._depth = self._weight = 0
        self._weights: dict[int, int] = {}
        self.may_backtrack = False
        """Whether a class here checks texts with Python's regular expressions, which a few letters can keep busy."""
        for statement in statements(tree.body):
            self._learn(statement)

    def _learn(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    top = alias.name.partition(".")[0]
                    self._import(alias.asname or top, alias.name if alias.asname else top)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for alias in names:
                    self._import(alias.asname or alias.name, f"{module}.{alias.name}")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self._bind(name, statement.lineno, statement)
            case _:
                for name, value in assigned(statement):
                    self._bind(name, statement.lineno, value)

    def _import(self, name: str, meant: str) -> None:
        self.imported[name] = meant
        self.defined.pop(name, None)

    def _bind(self, name: str, line: int, definition: Definition) -> None:
        self.defined[name] = definition
        self._bindings.setdefault(name, []).append((line, definition))

    @contextmanager
    def seen_from(self, line: int) -> Iterator[None]:
        """Names mean what they were bound to before that line, as a default does that is worked out there."""
        before, self._line = self._line, line
        try:
            yield
        finally:
            self._line = before

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
            value = _bounded(self._value(expression))
            self._weigh(1 + _size(value))
            return value
        except Exception:  # a reader's class meets pydantic and enum here, which raise whatever they like
            raise Unresolved from None
        finally:
            self._depth -= 1

    def _weigh(self, weight: int) -> None:
        self._weight += weight
        if self._weight > MAX_WEIGHT:
            raise Unresolved

    def _value(self, expression: ast.expr) -> Any:  # noqa: PLR0911 - one case for each form of expression
        match expression:
            case ast.Constant(value=value):
                return value
            case ast.Name() | ast.Attribute():
                return self._named(expression)
            case ast.List(elts=items):
                return list(self._items(items))
            case ast.Tuple(elts=items):
                return tuple(self._items(items))
            case ast.Set(elts=items):
                return set(self._items(items))
            case ast.Dict(keys=keys, values=values):
                return dict(self._pairs(keys, values))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.value(operand)
            case ast.BinOp():
                return self._combined(expression)
            case ast.JoinedStr(values=parts):
                return "".join(self._part(part) for part in parts)
            case ast.Subscript():
                return self._subscripted(expression)
            case ast.Call():
                return self._called(expression)
        raise Unresolved

    def _items(self, items: list[ast.expr]) -> Iterator[Any]:
        for item in items:
            if isinstance(item, ast.Starred):
                yield from self.value(item.value)
            else:
                yield self.value(item)

    def _pairs(self, keys: list[ast.expr | None], values: list[ast.expr]) -> Iterator[tuple[Any, Any]]:
        for key, value in zip(keys, values, strict=True):
            if key is None:
                yield from self.value(value).items()
            else:
                yield self.value(key), self.value(value)

    def _named(self, expression: ast.Name | ast.Attribute) -> Any:
        name = self.qualified(expression)
        if name is not None:
            return known(name)
        if isinstance(expression, ast.Attribute):
            return self._attribute(expression)
        line, definition = self._definition(expression.id)
        with self.seen_from(line):
            return self._defined(definition)

    def _definition(self, name: str) -> tuple[int, Definition]:
        """What the name is bound to here; what is bound later only, at the end of the module."""
        bindings = self._bindings[name]
        return next((one for one in reversed(bindings) if one[0] < self._line), (LAST_LINE, bindings[-1][1]))

    def _defined(self, definition: Definition) -> Any:
        if isinstance(definition, ast.ClassDef | ast.Call):
            return self._made_once(definition)
        if isinstance(definition, ast.expr):
            return self.value(definition)
        raise Unresolved

    def _made_once(self, definition: ast.ClassDef | ast.Call) -> Any:
        """A class, and a type that is made by a call. It weighs the same each time it is named."""
        self._weigh(self._weights.get(id(definition), 0))
        before = self._weight
        if isinstance(definition, ast.ClassDef):
            with self.seen_from(LAST_LINE):  # its annotations may name what comes later
                made = self._class(definition)
        else:
            if id(definition) not in self._made:
                self._made[id(definition)] = self.value(definition)
            made = self._made[id(definition)]
        self._weights.setdefault(id(definition), self._weight - before)
        return made

    def _attribute(self, expression: ast.Attribute) -> Any:
        """A member of an enum, its name or value, and what a class of the module assigns to a name of its own."""
        node = self.defined.get(expression.value.id) if isinstance(expression.value, ast.Name) else None
        owner = self.value(expression.value)
        if isinstance(node, ast.ClassDef) and not (isinstance(owner, type) and issubclass(owner, enum.Enum)):
            return self._class_constant(node, expression.attr)
        if isinstance(owner, type) and issubclass(owner, enum.Enum):
            return owner[expression.attr]
        if isinstance(owner, enum.Enum) and expression.attr in {"name", "value"}:
            return getattr(owner, expression.attr)
        raise Unresolved

    def _class_constant(self, node: ast.ClassDef, name: str) -> Any:
        found = [value for statement in node.body for bound, value in assigned(statement) if bound == name]
        if not found:
            raise Unresolved
        return self.value(found[-1])

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
        if isinstance(left, pathlib.PurePath) and isinstance(right, str) and isinstance(expression.op, ast.Div):
            return left / right
        if isinstance(left, str) and isinstance(right, int) and isinstance(expression.op, ast.Mult):
            return left * min(right, MAX_TEXT // max(len(left), 1) + 1)
        numbers = all(isinstance(side, int | float) for side in (left, right))
        alike = any(isinstance(left, sort) and isinstance(right, sort) for sort in (str, list, tuple))
        if not numbers and not (alike and isinstance(expression.op, ast.Add)):
            raise Unresolved
        if (result := NUMERIC[type(expression.op)](left, right)) is None:
            raise Unresolved
        return result

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
        if isinstance(generic, list | tuple | dict):
            return generic[self.value(expression.slice)]
        if generic is typing.Literal:
            literals = [self.value(item) for item in items]
            return generic[literals[0] if len(literals) == 1 else tuple(literals)]
        if generic is typing.Annotated:
            inner, notes = self.annotation(items[0]), list(self._notes(items[1:]))
            return generic[(inner, *notes)] if notes else inner
        local = isinstance(expression.value, ast.Name | ast.Attribute) and self.qualified(expression.value) is None
        if local and not _is_generic_model(generic):
            raise Unresolved  # of what is local only a generic model is subscripted, besides the known generics
        arguments = tuple(self.annotation(item) for item in items)
        return generic[arguments if len(arguments) > 1 else arguments[0]]

    def _notes(self, items: list[ast.expr]) -> Iterator[Any]:
        """What stands beside a type in `Annotated`. What nobody knows says nothing, but for what pydantic asks."""
        for item in items:
            try:
                yield self.value(item)
            except Unresolved:
                name = self.qualified(item.func if isinstance(item, ast.Call) else item) or ""
                if name.startswith("pydantic") and name.rpartition(".")[2] not in VALIDATORS:
                    raise

    def _called(self, expression: ast.Call) -> Any:
        name = self.qualified(expression.func)
        if name in NEW_TYPES:
            return self.annotation(expression.args[1])
        if name in TYPE_VARIABLES:
            return typing.TypeVar(self.text(expression.args[0]))
        if name in TYPED_DICTS:
            return self._typed_dict(*expression.args, **{str(key.arg): key.value for key in expression.keywords})
        function = self.value(expression.func)
        makes = self._is_local(function) and not self.may_backtrack
        if not any(function is one for one in CALLABLE.values()) and not makes:
            raise Unresolved
        arguments = [self._argument(name, argument) for argument in expression.args]
        return function(*arguments, **{str(key.arg): self._keyword(key) for key in expression.keywords if key.arg})

    def _argument(self, function: str | None, expression: ast.expr) -> Any:
        """`conlist` and its like take a type."""
        is_maker = (function or "").rpartition(".")[2] in PYDANTIC_MAKERS.split()
        return (
            self.annotation(expression)
            if is_maker and not isinstance(expression, ast.Constant)
            else self.value(expression)
        )

    def _typed_dict(self, name: ast.expr, fields: ast.expr, total: ast.expr | None = None) -> Any:
        if not isinstance(fields, ast.Dict):
            raise Unresolved
        keys = [self.text(key) for key in fields.keys if key is not None]
        types = dict(zip(keys, map(self.annotation, fields.values), strict=True))
        is_total = total is None or bool(self.value(total))
        return typing_extensions.TypedDict(self.text(name), types, total=is_total)  # type: ignore[operator]  # mypy wants literals

    def _keyword(self, keyword: ast.keyword) -> Any:
        """No factory but `list` and its like is ever run: that there is one says that the field may be left out."""
        if keyword.arg != FACTORY_KEYWORD:
            return self.value(keyword.value)
        return CONTAINERS.get(self.qualified(keyword.value) or "", type(None))

    def _is_local(self, function: Any) -> bool:
        return any(function is made for made in self._classes.values()) and not isinstance(function, ForwardRef)


def _is_generic_model(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, pydantic.BaseModel)


def _size(value: Any) -> int:
    """What a value weighs beside its parts."""
    if isinstance(value, str):
        return len(value) // WEIGHT_OF_TEXT
    return len(value) if isinstance(value, list | tuple | dict | set | frozenset | collections.deque) else 0


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise Unresolved
    if isinstance(value, decimal.Decimal) and not (value.is_finite() and abs(value.adjusted()) <= MAX_EXPONENT):
        raise Unresolved  # `int` of 1e99999999 takes hours
    if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) <= MAX_NUMBER):
        raise Unresolved
    return value
