"""Text with `${{ … }}` → values, and template files → text. No I/O."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from jinja2 import Template, nodes
from jinja2.environment import TemplateExpression
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError

from pfa_gitops.manifests.bounds import MAX_CHARACTERS
from pfa_gitops.manifests.document import TEMPLATES_BEGIN
from pfa_gitops.manifests.names import Names, Refused
from pfa_gitops.manifests.sandbox import SPLIT, Sandbox, as_data

Result = TypeVar("Result")

OPENERS = tuple(TEMPLATES_BEGIN + second for second in "{%#")


class TemplateFault(Exception):
    """A template that cannot be rendered: what, how to mend it, and the line in the template, from 1."""

    def __init__(self, message: str, mend: str, line: int | None) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.line = line


@dataclass(frozen=True)
class RenderedFile:
    """A template file's text, and for each of its lines the template's line that it came from."""

    text: str
    lines: tuple[int, ...] | None
    """None where it cannot be told."""


def is_template(text: str) -> bool:
    """Whether `text` holds anything for Jinja."""
    return TEMPLATES_BEGIN in text and any(opener in text for opener in OPENERS)


class Templates:
    """Compiles each text once."""

    def __init__(self) -> None:
        self._sandbox = Sandbox()
        self._compiled: dict[str, Template | TemplateExpression] = {}

    def value(self, text: str, names: Names) -> Any:
        """Render one value: the type is kept where `text` is a single expression. Raises TemplateFault."""
        return self._guarded(lambda: self._value(text, names.context()))

    def file(self, text: str, names: Names) -> RenderedFile:
        """Render a template file. Raises TemplateFault."""
        return self._guarded(lambda: self._file(text, names.context()))

    def _value(self, text: str, context: Mapping[str, Any]) -> Any:
        if (compiled := self._compiled.get(text)) is None:
            compiled = self._compiled[text] = self._compile(text)
        if isinstance(compiled, TemplateExpression):
            return as_data(compiled(**context))
        return _bounded_text(compiled, context)

    def _compile(self, text: str) -> Template | TemplateExpression:
        self._sandbox.budget.compile(text)
        tree = self._sandbox.bounded(text)
        if (expression := _single_expression(tree)) is None:
            return self._sandbox.from_string(tree)
        store = nodes.Assign(nodes.Name("result", "store", lineno=1), expression, lineno=1)
        body = nodes.Template([store], lineno=1)
        body.set_environment(self._sandbox)
        return TemplateExpression(self._sandbox.from_string(body), undefined_to_none=False)

    def _file(self, text: str, context: Mapping[str, Any]) -> RenderedFile:
        self._sandbox.budget.compile(text)
        rendered = _bounded_text(self._sandbox.from_string(self._sandbox.bounded(text)), context)
        self._sandbox.budget.begin()
        marked_tree = self._sandbox.bounded(text)
        _mark_lines(marked_tree)
        marked = _bounded_text(self._sandbox.from_string(marked_tree), context)
        return RenderedFile(rendered, _line_map(marked) if MARK.sub("", marked) == rendered else None)

    def _guarded(self, render: Callable[[], Result]) -> Result:
        """Run user code: whatever it raises is a fault of the template."""
        self._sandbox.budget.begin()
        try:
            return render()
        except Refused as error:
            raise TemplateFault(error.message, error.mend, _line(error.__traceback__)) from None
        except TemplateSyntaxError as error:
            message = f"template error: {str(error.message).removesuffix('.')}"
            raise TemplateFault(message, "correct what stands between ${{ and }}", error.lineno) from None
        except UndefinedError as error:
            message, _, mend = str(error.message).partition(SPLIT)
            raise TemplateFault(message, mend or "check the name", _line(error.__traceback__)) from None
        except SecurityError as error:
            message = f"the template reaches for what it may not: {str(error.message).removesuffix('.')}"
            raise TemplateFault(
                message, "use the values of vars, env and git, and filters", _line(error.__traceback__)
            ) from None
        except Exception as error:
            raise _fault(error) from None


def _fault(error: Exception) -> TemplateFault:
    line = _line(error.__traceback__)
    if isinstance(error, TypeError) and "no loader" in str(error):
        return TemplateFault("a template cannot include or import another file", "write it in this file", line)
    if isinstance(error, TemplateError):
        return TemplateFault(f"template error: {error.message}", "correct the expression", line)
    return TemplateFault(
        f"the template fails: {type(error).__name__}: {str(error).removesuffix('.')}", "correct the expression", line
    )


def _line(trace: TracebackType | None) -> int | None:
    """Jinja writes the template's lines into the traceback."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in {"<template>", "<unknown>"}:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _single_expression(tree: nodes.Template) -> nodes.Expr | None:
    if len(tree.body) != 1 or not isinstance(output := tree.body[0], nodes.Output) or len(output.nodes) != 1:
        return None
    return None if isinstance(output.nodes[0], nodes.TemplateData) else output.nodes[0]


def _bounded_text(template: Template, context: Mapping[str, Any]) -> str:
    size, parts = 0, []
    for part in template.generate(**context):
        size += len(part)
        if size > MAX_CHARACTERS:
            raise Refused(f"the template gives more than {MAX_CHARACTERS // 1_000_000} MB", "split the file")
        parts.append(part)
    return "".join(parts)


# The lines of a rendered file. The template is rendered a second time with a mark, in characters of Unicode's private
# use area, at the end of each piece of a line that stands in the template as it is. Should a mark change the result,
# e.g. since the template compares lengths, the two renderings differ and no line is claimed.
MARK = re.compile("\ue000([0-9]+)\ue001")


def _mark_lines(tree: nodes.Template) -> None:
    for data in tree.find_all(nodes.TemplateData):
        *ended, last = data.data.split("\n")
        marked = [f"{piece}\ue000{data.lineno + row}\ue001\n" for row, piece in enumerate(ended)]
        data.data = "".join(marked) + (f"{last}\ue000{data.lineno + len(ended)}\ue001" if last else "")


def _line_map(marked: str) -> tuple[int, ...]:
    """The template's line of each rendered line: its first mark; without one, the line before."""
    lines, last = [], 1
    for text in marked.split("\n"):
        if (found := MARK.search(text)) is not None:
            last = int(found[1])
        lines.append(last)
    return tuple(lines)
