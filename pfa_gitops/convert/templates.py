"""Prefect's `{{ … }}` in a prefect.yaml → what a manifest says instead. Pure.

`prefect deploy` fills them in when it runs: from its environment, from the server, from the outputs of build steps. A
manifest's own templates, `${{ … }}`, are filled in when it is read; what is left as `{{ … }}` is filled in by the
worker when a run starts, which happens in job variables and pull steps only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pfa_gitops.convert.secrets import looks_secret
from pfa_gitops.convert.steps import Ours, Outputs
from pfa_gitops.convert.values import UNKNOWN, Report, Sort
from pfa_gitops.convert.written import Written
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.places import Address, Origin

PLACEHOLDER = re.compile(r"\{\{\s*([\w.\-\[\]$]+)\s*\}\}")
"""What Prefect takes for one."""
OPENER = re.compile(r"\$\{(?=[{%#])")
"""What a manifest would take for the beginning of a template of its own."""
BLOCK, VARIABLE, CONTEXT = "prefect.blocks.", "prefect.variables.", "ctx."


MAX_CHARACTERS = 1_000_000
"""Of one value. Outputs of steps that name each other's make a large one out of a few lines."""


class Where(Enum):
    """Where a value goes to, which says who can fill in what."""

    DEPLOYMENT = "deployment"  # Prefect stores it; nobody fills it in later
    JOB = "job"  # the worker fills it in
    PULL = "pull"  # the worker fills it in, with the outputs of earlier pull steps too
    EVENT = "event"  # Prefect fills it in from the event, as in `{{ event.id }}`


class _Gone:
    """The value of a placeholder that nothing fills in."""


GONE = _Gone()


@dataclass(frozen=True)
class Translator:
    """Translates the values of one deployment."""

    outputs: Outputs
    report: Report
    address: Address | None = None

    def value(self, written: Written, where: Where) -> Any:
        """The value with all its placeholders translated; GONE where nothing is left of it."""
        if isinstance(written.value, str):
            return Text(self, where, written.at).of(written.value)
        if isinstance(written.value, list):
            return [item for one in written.elements() if (item := self.value(one, where)) is not GONE]
        if isinstance(written.value, dict):
            pairs = {name: self._pair(name, item, where) for name, item in written.items()}
            return {name: item for name, item in pairs.items() if item is not GONE}
        return written.value

    def _pair(self, name: str, item: Written, where: Where) -> Any:
        """The value of a key, with what looks like a secret read from the environment of who plans."""
        text = item.value
        if not isinstance(text, str) or not text or "{{" in text or not looks_secret(name, text):
            return self.value(item, where)
        variable = self.report.hide(name, text)
        message = f"{name} looks like a secret that stands in clear; its text is not copied"
        block = f"{{{{ prefect.blocks.secret.{name.lower().replace('_', '-')} }}}}"
        mend = f"set {variable}, which the manifest reads; better keep it in a Secret block, and write {block}"
        if where in (Where.DEPLOYMENT, Where.EVENT):
            mend = f"set {variable}, which the manifest reads; better have the flow load a Secret block"
        self.note(Sort.OPEN, message, mend, item.at)
        return f"${{{{ env.{variable} }}}}"

    def note(self, sort: Sort, message: str, mend: str, at: Origin | None) -> None:
        """Add a remark on this deployment."""
        self.report.note(sort, message, mend, at, self.address)


@dataclass(frozen=True)
class Text:
    """Translates one text."""

    translator: Translator
    where: Where
    at: Origin | None

    def of(self, text: str) -> Any:
        """The text in a manifest's words."""
        parts: list[Any] = []
        size = 0
        for part in self._parts(text, ()):
            parts.append(part)
            size += len(part) if isinstance(part, str) else 1
            if size > MAX_CHARACTERS:
                message = f"the outputs of steps make more than {MAX_CHARACTERS:,} characters of this"
                self.translator.note(Sort.LOST, message, "write it out", self.at)
                return GONE
        if len(parts) == 1 and parts[0] is GONE:
            return GONE
        return _joined(["" if part is GONE else part for part in parts])

    def _parts(self, text: str, inside: tuple[str, ...]) -> Iterator[Any]:
        """The text piece by piece: plain text, Ours, GONE."""
        end = 0
        for match in PLACEHOLDER.finditer(text):
            if match.start() > end:
                yield text[end : match.start()]
            yield from self._placeholder(match[0], match[1], inside)
            end = match.end()
        if end < len(text) or not text:
            yield text[end:]

    def _placeholder(self, written: str, name: str, inside: tuple[str, ...]) -> Iterator[Any]:
        if name.startswith("$"):
            yield self._environment(name.lstrip("$"))
        elif name.startswith(CONTEXT):
            yield written
        elif name.startswith((BLOCK, VARIABLE)):
            yield self._of_the_server(written, name)
        elif self.where is Where.EVENT and not _is_environment(name):
            yield written
        else:
            yield from self._output(written, name, inside)

    def _environment(self, name: str) -> Ours:
        self.translator.report.env.add(name)
        message = f"{{{{ ${name} }}}} is now ${{{{ env.{name} }}}}"
        mend = f"set {name} before validate, plan and apply; not set is an error, where Prefect writes an empty text"
        if self.where is Where.PULL:
            mend = f"set {name} before validate, plan and apply. Where only the worker knows it, write the braces back"
        self.translator.note(Sort.CHANGED, message, mend, self.at)
        if looks_secret(name):
            self._advise(name)
        return Ours(f"env.{name}")

    def _advise(self, name: str) -> None:
        message = f"{name} looks like a secret: it would stand in clear in the plan and in the deployment"
        mend = f"keep it in a Secret block, and write {{{{ prefect.blocks.secret.{name.lower().replace('_', '-')} }}}}"
        self.translator.note(Sort.OPEN, message, mend, self.at)

    def _of_the_server(self, written: str, name: str) -> Any:
        if self.where is Where.PULL:
            return written
        if self.where is Where.JOB:
            what = "a block" if name.startswith(BLOCK) else "a variable"
            message = (
                f"{written} is {what} that each run reads; `prefect deploy` writes down what it holds at that time"
            )
            self.translator.note(Sort.CHANGED, message, "nothing to do, if the newest value is welcome", self.at)
            return written
        if name.startswith(BLOCK):
            message = f"{written}: `prefect deploy` reads the block and writes its value here; a manifest cannot"
            self.translator.note(Sort.LOST, message, "let the flow load the block, or write the value", self.at)
            return GONE
        return self._variable(written, name.removeprefix(VARIABLE))

    def _variable(self, written: str, name: str) -> Ours:
        key = re.sub(r"\W", "_", name)
        self.translator.report.vars.setdefault(key, UNKNOWN)
        message = f"{written}: `prefect deploy` writes the variable's value here; the manifest reads vars.{key}"
        self.translator.note(Sort.OPEN, message, f"fill in vars.{key} in pfa-gitops.yaml", self.at)
        return Ours(f"vars.{key}")

    def _output(self, written: str, name: str, inside: tuple[str, ...]) -> Iterator[Any]:
        step, _, key = name.partition(".")
        outputs = self.translator.outputs
        if name in inside:
            yield GONE
        elif step in outputs:
            yield from self._found(outputs[step](key), name, (*inside, name))
        elif self.where is Where.PULL:
            yield written
        elif _is_environment(name):
            yield self._environment(name)
        else:
            mend = did_you_mean(step, outputs, "give the step an id, or take the placeholder out")
            message = f"{written} names no build or push step; `prefect deploy` leaves it out, and so does the manifest"
            self.translator.note(Sort.LOST, message, mend, self.at)
            yield GONE

    def _found(self, output: Any, name: str, inside: tuple[str, ...]) -> Iterator[Any]:
        if isinstance(output, str):
            yield from self._parts(output, inside)
        elif isinstance(output, Ours):
            yield output
        else:
            variable = re.sub(r"\W", "_", name).upper()
            self.translator.report.env.add(variable)
            message = f"{{{{ {name} }}}} is what a step puts out; the manifest reads it as ${{{{ env.{variable} }}}}"
            mend = f"run the step in CI, and set {variable} to its output before validate, plan and apply"
            self.translator.note(Sort.OPEN, message, mend, self.at)
            yield Ours(f"env.{variable}")


def _is_environment(name: str) -> bool:
    """Whether a name without `$` is an environment variable's, which `prefect deploy` fills in too."""
    return name.isupper() and "." not in name


def _joined(parts: list[Any]) -> str:
    """One text. Plain pieces are joined before they are escaped: `$` and a placeholder make an opener together."""
    result, plain = "", ""
    for part in [*parts, Ours("")]:
        if isinstance(part, Ours):
            result += escaped(plain) + (f"${{{{ {part.expression} }}}}" if part.expression else "")
            plain = ""
        else:
            plain += part
    return result


def escaped(text: str) -> str:
    """Text in which a manifest finds no template of its own."""
    return OPENER.sub('${{ "${" }}', text)


def literal(value: Any) -> Any:
    """A value in which a manifest finds no template of its own."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    return [literal(item) for item in value] if isinstance(value, list) else value
