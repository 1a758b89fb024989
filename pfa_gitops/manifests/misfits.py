"""Pydantic's errors → Problems that a reader of YAML understands: one line each, with place and mend. Pure.

Where a value may be one of several types, pydantic reports an error for each; here the type that the writer most
likely meant speaks alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from pfa_gitops.manifests.document import Places
from pfa_gitops.manifests.fields import description, field_names, first_sentence, models_at
from pfa_gitops.manifests.findings import MOST
from pfa_gitops.manifests.shorten import shortened
from pfa_gitops.model.closest import closest, did_you_mean, listed
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.places import Address, Path, show_path
from pfa_gitops.model.secrets import SecretRef

EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a mapping",
    "mapping": "a mapping",
    "model": "a mapping",
    "datetime": "a date and time",
    "date": "a date",
    "time_delta": "a duration",
    "decimal": "a number",
    "none": "null",
}
SECRET = "a secret reference"  # noqa: S105 - a phrase
SORTS = {bool: "a boolean", int: "a number", float: "a number"}
UNTAGGED = {"union_tag_invalid": "literal_error", "union_tag_not_found": "missing"}
"""What it means for the field that says of which type a mapping is."""
SHAPE_ENDS = ("_type", "_parsing", "_from_float", "_attributes_type", "_required", "_from_date_parsing")


@dataclass(frozen=True)
class Misfit:
    """One error, its place separated into the path in the document and the branches of unions on the way."""

    path: Path
    type: str
    message: str
    value: Any
    context: Mapping[str, Any]
    branches: tuple[tuple[Path, str], ...]
    expected: frozenset[str] = field(default_factory=frozenset)
    """What would fit, where several types were tried."""

    @property
    def wrong_shape(self) -> bool:
        """The value is not of the type at all, as against a value of the type that is not allowed."""
        return self.expects is not None or self.type == "is_instance_of"

    @property
    def expects(self) -> str | None:
        """The type that was expected, in words."""
        if self.type == "none_required":
            return "null"
        for end in SHAPE_ENDS:
            if self.type.endswith(end) and (base := self.type.removesuffix(end)) in EXPECTED:
                secret = base == "model" and self.context.get("class_name") == SecretRef.__name__
                return SECRET if secret else EXPECTED[base]
        return None


class Misfits:
    """Says what is wrong with one document whose values stand below `base`."""

    def __init__(self, model: type[BaseModel], value: Any, base: Path, places: Places, address: Address | None) -> None:
        self._model = model
        self._value = value
        self._base = base
        self._places = places
        self._address = address

    def problems(self, error: ValidationError) -> list[Problem]:
        """One Problem for each thing that is wrong, up to one more than anybody is shown."""
        found = _flatten([self._misfit(detail) for detail in error.errors(include_url=False)], 0)[: MOST + 1]
        meant = {self._meant(misfit) for misfit in found if misfit.type == "extra_forbidden"}
        return [self._problem(misfit) for misfit in found if misfit.type != "missing" or misfit.path not in meant]

    def _misfit(self, detail: Any) -> Misfit:
        path: Path = ()
        branches: list[tuple[Path, str]] = []
        value, location = self._value, detail["loc"]
        for index, part in enumerate(location):
            if _has(value, part):
                path, value = (*path, part), value[part]
            elif index == len(location) - 1 and detail["type"] == "missing":
                path = (*path, part)
            elif part != "[key]":
                branches.append((path, str(part)))
        context = detail.get("ctx", {})
        if (kind := UNTAGGED.get(detail["type"])) is not None:
            tag = context["discriminator"].strip("'")
            context, value = {"expected": context.get("expected_tags")}, context.get("tag")
            return Misfit((*path, tag), kind, detail["msg"], value, context, tuple(branches))
        return Misfit(path, detail["type"], detail["msg"], detail["input"], context, tuple(branches))

    def _problem(self, misfit: Misfit) -> Problem:
        path = (*self._base, *misfit.path)
        if misfit.type == "missing":
            owner = path[:-1]
            place = self._places.of_key(owner)
            return Problem(f"`{show_path(path)}` is missing", self._add(misfit), place, self._address)
        if misfit.type == "extra_forbidden":
            place = self._places.of_key(path)
            return Problem(f"unknown field `{show_path(path)}`", self._rename(misfit), place, self._address)
        place = self._places.of_value(path)
        shown = f"`{show_path(path)}`" if path else "the document"
        return Problem(f"{shown} {self._says(misfit, path)}", self._mend(misfit, path), place, self._address)

    def _says(self, misfit: Misfit, path: Path) -> str:
        if misfit.wrong_shape or misfit.expected:
            expected = sorted(misfit.expected or {misfit.expects or ""}, key=lambda text: (text == "null", text))
            return f"must be {_either(expected)}, not {self._found(misfit, path, expected)}"
        if misfit.type in {"literal_error", "enum"}:
            return f"must be {_unquoted(misfit.context.get('expected'))}, not {self._found(misfit, path, [])}"
        if misfit.type == "string_pattern_mismatch":
            return f"may not be {self._found(misfit, path, [])}"
        return _sentence(misfit.message)

    def _found(self, misfit: Misfit, path: Path, expected: Sequence[str]) -> str:
        value = misfit.value
        if value is None:
            return "null"
        if isinstance(value, Mapping):
            return "a mapping"
        if isinstance(value, list | tuple):
            return "a list"
        word = {bool: "", int: "the number ", float: "the number "}.get(type(value), "the text ")
        if _is_secret(expected):
            return SORTS.get(type(value), "text")  # whatever stands here may be the secret itself
        if (written := self._places.texts.get(path)) is not None:
            return f"{word}`{shortened(written)}`"  # a template too: what it gave may be secret
        return f"{word}`{shortened(str(value))}`"

    def _mend(self, misfit: Misfit, path: Path) -> str:
        expected = misfit.expected or {misfit.expects or ""}
        written = self._places.texts.get(path)
        if misfit.value is None and (misfit.wrong_shape or misfit.expected):
            return "give it a value, or leave the field out"
        if _is_secret(expected):
            return "never write a secret into a manifest: say where it is kept, e.g. {from_env: NAME}"
        if "text" in expected and written is not None:
            return "add `| string` to the expression" if "${{" in written else f'put it in quotes: "{written}"'
        if "a list" in expected and misfit.wrong_shape:
            return "write the items as [one, two], or one a line, each after `- `"
        if misfit.type in {"literal_error", "enum"} and (near := _near(misfit)):
            return f"did you mean `{near}`?"
        return self._describe(misfit)

    def _describe(self, misfit: Misfit) -> str:
        text = description(self._model, misfit.path)
        if misfit.type == "string_pattern_mismatch":
            return text or f"it must match {misfit.context.get('pattern')}"
        if text:
            return f"the field is: {first_sentence(text)}"
        expected = misfit.expected or {misfit.expects or ""}
        models = models_at(self._model, misfit.path)
        if models and "a mapping" in expected:
            names = dict.fromkeys(name for model in models for name in field_names(model))
            return f"write a mapping; {listed(list(names)) or 'see its reference'}"
        return f"write {_either(sorted(expected))}" if misfit.wrong_shape else "correct the value"

    def _add(self, misfit: Misfit) -> str:
        text = first_sentence(description(self._model, misfit.path))
        return f"add it: {text}" if text else f"add `{misfit.path[-1]}`"

    def _rename(self, misfit: Misfit) -> str:
        return did_you_mean(str(misfit.path[-1]), self._fields_beside(misfit))

    def _meant(self, misfit: Misfit) -> Path:
        """The field that an unknown one most likely stands for, so that it is not called missing too."""
        return (*misfit.path[:-1], closest(str(misfit.path[-1]), self._fields_beside(misfit)) or "")

    def _fields_beside(self, misfit: Misfit) -> list[str]:
        models = models_at(self._model, misfit.path[:-1])
        branch = next((tag for place, tag in reversed(misfit.branches) if place == misfit.path[:-1]), None)
        chosen = [model for model in models if model.__name__ == branch] or models
        return sorted({name for model in chosen for name in field_names(model)})


def _has(value: Any, part: str | int) -> bool:
    """Whether `part` leads into `value`; a union's branch does not."""
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)


def _flatten(misfits: Iterable[Misfit], depth: int) -> list[Misfit]:
    """At every union let the branch speak that the writer most likely meant."""
    plain: list[Misfit] = []
    unions: dict[Path, dict[str, list[Misfit]]] = {}
    for misfit in misfits:
        if len(misfit.branches) <= depth:
            plain.append(misfit)
        else:
            place, tag = misfit.branches[depth]
            unions.setdefault(place, {}).setdefault(tag, []).append(misfit)
    for place, branches in unions.items():
        plain.extend(_choose(place, [_flatten(found, depth + 1) for found in branches.values()]))
    return plain


def _choose(place: Path, branches: list[list[Misfit]]) -> list[Misfit]:
    fitting = [found for found in branches if not any(item.path == place and item.wrong_shape for item in found)]
    if fitting:
        return min(fitting, key=_badness)
    first = branches[0][0]
    expected = {text for found in branches for item in found for text in item.expected or {item.expects or ""}}
    return [Misfit(first.path, first.type, first.message, first.value, first.context, (), frozenset(expected - {""}))]


def _badness(found: list[Misfit]) -> tuple[int, int]:
    """A branch that knows the fields was meant; one whose other fields are written was not."""
    return sum(misfit.type == "extra_forbidden" for misfit in found), len(found)


def _is_secret(expected: Collection[str]) -> bool:
    """Whether only a reference fits: where text fits too, what is written is no secret."""
    return SECRET in expected and "text" not in expected


def _near(misfit: Misfit) -> str | None:
    allowed = str(misfit.context.get("expected", "")).replace(" or ", ", ").split(", ")
    return closest(str(misfit.value), [word.strip("'") for word in allowed])


def _unquoted(expected: Any) -> str:
    return str(expected).replace("'", "`")


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _sentence(message: str) -> str:
    """What follows a field's name: pydantic's `Input should be …`, or a kind's own words after a colon."""
    if message.startswith("Input "):
        return message.removeprefix("Input ")
    for start in ("Value error, ", "Assertion failed, "):
        if message.startswith(start):
            return f"is wrong: {message.removeprefix(start)}"
    return f"is wrong: {message[:1].lower()}{message[1:]}"
