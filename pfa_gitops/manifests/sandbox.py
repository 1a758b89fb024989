"""Jinja2 as manifests may use it: `${{ … }}`, strict, without reach to Python, with bounds. No I/O.

The delimiters leave Prefect's own `{{ … }}` alone, which is for run time.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

from jinja2 import StrictUndefined, nodes
from jinja2.filters import do_indent, do_round, make_attrgetter
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from pfa_gitops.manifests.bounds import MAX_CHARACTERS, MAX_STEPS, Budget, Watch, breadth, weight
from pfa_gitops.manifests.names import TOP, EnvironmentVariables, Git, Refused, Variables
from pfa_gitops.manifests.numbers import MAX_BITS, fits_json
from pfa_gitops.model.closest import closest, did_you_mean
from pfa_gitops.model.utf8 import is_utf8

SPLIT = "\n"
"""Between what is wrong and how to mend it, in the message of an undefined name."""
TEXT_METHODS = frozenset(
    {"capitalize", "casefold", "lower", "swapcase", "title", "upper"}
    | {"lstrip", "rstrip", "strip", "removeprefix", "removesuffix"}
    | {"partition", "rpartition", "rsplit", "split", "splitlines"}
    | {"count", "endswith", "find", "index", "rfind", "rindex", "startswith"}
    | {"isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "isupper"}
)
"""Those that make nothing larger than the text itself; `join` and `replace` are the sandbox's own."""
DROPPED = ("batch", "center", "format", "pprint", "slice", "urlize", "wordwrap", "xmlattr")
"""Filters that make much out of little, or what no manifest needs."""
MAX_WIDTH = 1000
"""Of an indent, and of digits to round to."""


class Undefined(StrictUndefined):
    """A name that is not there; says what there is."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name, owner = str(self._undefined_name), self._undefined_obj
        if owner is missing:
            return f"`{name}` is undefined{SPLIT}{_mend_name(name)}"
        if isinstance(owner, EnvironmentVariables):
            mend = f"set {name}, or write ${{{{ env.{name} | default('…') }}}}"
            return f"the environment variable {name} is not set{SPLIT}{mend}"
        if isinstance(owner, Variables):
            mend = did_you_mean(name, owner, "declare it under spec.vars in pfa-gitops.yaml")
            return f"`vars.{name}` is undefined{SPLIT}{mend}"
        if isinstance(owner, Git):
            return f"`git.{name}` is not known here{SPLIT}{did_you_mean(name, owner, 'run in a git checkout')}"
        known = [str(key) for key in owner] if isinstance(owner, Mapping) else []
        return f"`{name}` is undefined{SPLIT}{did_you_mean(name, known, '' if known else 'check the name')}"


def _mend_name(name: str) -> str:
    near = closest(name, TOP)
    return f"did you mean `{near}`?" if near else f"write `vars.{name}` for a variable of the project"


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of all templates. `budget` is what they have used up."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        self.budget = Budget()
        super().__init__(
            variable_start_string="${{",
            variable_end_string="}}",
            block_start_string="${%",
            block_end_string="%}",
            comment_start_string="${#",
            comment_end_string="#}",
            undefined=Undefined,
            keep_trailing_newline=True,
            autoescape=False,
            finalize=self._put_out,
        )
        self.globals = {"range": self.globals["range"], "dict": dict}
        for name in DROPPED:
            del self.filters[name]
        self.filters |= {"_counted": self._counted, "_weighed": self._weighed, "_joined": self._join}
        self.filters |= {"_seen": self._seen, "sum": self._sum}
        self.filters |= {"join": self._join, "replace": self._replace, "indent": self._indent}
        self.filters |= {"round": _round, "tojson": _tojson}

    def bounded(self, source: str) -> nodes.Template:
        """Parse, and have all be watched that could use up time or memory."""
        watched: nodes.Template = Watch(self).visit(self.parse(source))
        return watched

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Items come before methods, so that a variable may be called `items`."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, str) and attribute in {"join", "replace"}:
            return partial(self._replace, obj) if attribute == "replace" else partial(self._join, d=obj)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Of text and numbers, what makes nothing large."""
        if isinstance(obj, str | int | float):
            return isinstance(obj, str) and attr in TEXT_METHODS
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """`str.format` gets no door of its own."""

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Macros may call each other, so calls count as rounds do."""
        self.budget.step()
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse what would fill the memory."""
        if _too_large(operator, left, right):
            raise Refused(f"the result of `{operator}` would be too large", "use smaller values")
        return super().call_binop(context, operator, left, right)

    def concat(self, parts: Iterable[str]) -> str:
        """Put together what a block or a macro put out."""
        return self._made(list(parts), "")

    def _counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.budget.step()
            yield item

    def _weighed(self, value: Any) -> Any:
        if isinstance(value, Iterator):  # what `map` gives is made later, item by item
            return self.budget.counted(value)
        self.budget.spend(weight(value))
        return value

    def _seen(self, value: Any) -> Any:
        self.budget.see(breadth(value))
        return value

    def _sum(self, items: Iterable[Any], attribute: str | int | None = None, start: float = 0) -> Any:
        """Of numbers. Lists that are added one by one are copied again and again."""
        for item in items if attribute is None else map(make_attrgetter(self, attribute), items):
            if not isinstance(start, int | float) or not isinstance(item, int | float):
                raise Refused("`sum` adds numbers only", "take the items one by one")
            start += item
        return start

    def _put_out(self, value: Any) -> Any:
        text = as_text(value)
        self.budget.spend(len(str(text)))
        return text

    def _made(self, parts: list[str], between: str) -> str:
        """The parts as one text, weighed first."""
        self.budget.spend(sum(len(part) for part in parts) + len(between) * len(parts))
        return between.join(parts)

    def _join(self, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
        items = value if attribute is None else map(make_attrgetter(self, attribute), value)
        return self._made([str(item) for item in items], str(d))

    def _replace(self, text: str, old: str, new: str, count: int = -1) -> str:
        text, old, new = str(text), str(old), str(new)
        found = text.count(old)
        self.budget.spend(len(text) + len(new) * (min(found, count) if count >= 0 else found))
        return text.replace(old, new, count)

    def _indent(self, text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
        before = len(width) if isinstance(width, str) else width
        self.budget.spend(len(text) + (before + 1) * (len(text.splitlines()) + 1))
        return do_indent(text, width, first, blank)


def _round(value: float, precision: int = 0, method: Literal["common", "ceil", "floor"] = "common") -> float:
    if abs(precision) > MAX_WIDTH:
        raise Refused(f"`round` takes at most {MAX_WIDTH} digits", "use fewer")
    return do_round(value, precision, method)


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(as_data(value), ensure_ascii=False, indent=min(indent, 8) if indent is not None else None)


def _too_large(operator: str, left: Any, right: Any) -> bool:
    if operator == "%":
        return isinstance(left, str) and _too_wide(left, right)
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
        return bits > MAX_BITS
    sized, times = (right, left) if isinstance(left, int) else (left, right)
    return isinstance(sized, str | list | tuple) and isinstance(times, int) and len(sized) * times > MAX_STEPS


def _too_wide(text: str, values: Any) -> bool:
    """Whether `text % values` may be large: by its widths, or as each place may take all that there is."""
    if len(text) > MAX_STEPS or text.count("%") * (weight(values) + MAX_WIDTH) > MAX_CHARACTERS:
        return True
    return re.search(r"%(\(.*\))?[^%a-zA-Z]*(\d{4}|\*)", text, re.DOTALL) is not None


def as_text(value: Any) -> Any:
    """A value inside of text is written as YAML and JSON write it."""
    data = as_data(value)
    if data is None or isinstance(data, bool | list | dict):
        return json.dumps(data, ensure_ascii=False)
    return data


def as_data(value: Any) -> Any:
    """Return what an expression gave as JSON's values. Raises Refused for anything else."""
    if isinstance(value, Undefined):
        str(value)  # raises, with the name
    weight(value)
    return _as_data(value)


def _as_data(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)
    if not fits_json(value):
        raise Refused("the expression gives a number that JSON does not know", "use smaller values")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, list | tuple):
        return [_as_data(item) for item in value]
    if isinstance(value, Mapping):
        return {_plain_text(str(key)): _as_data(item) for key, item in value.items()}
    raise Refused(f"the expression gives a {type(value).__name__}, which is no value", "call it, or add `| list`")


def _plain_text(text: str) -> str:
    """Jinja has a text of its own, which escapes what is added to it. An environment variable may hold any bytes."""
    if not is_utf8(text):
        raise Refused("the expression gives text that is not UTF-8", "correct the environment variable that it names")
    return str(text)
