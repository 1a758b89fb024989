"""What stands where a secret may stand: a reference in a manifest, a sealed value after it was fetched.

Pure. Fetching is done by `platforms.secret_stores`.
"""

import hmac
import typing
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from pfa_gitops.model.places import Path

REDACTED = "(secret)"


class AwsSecret(BaseModel):
    """A plaintext secret in AWS Secrets Manager."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: str
    """The secret's name or ARN."""
    region: str
    """The AWS region, e.g. us-west-2."""

    def __str__(self) -> str:
        """Another region has another secret of the same id."""
        return f"{self.id} in {self.region}"


class SecretRef(BaseModel):
    """Where a secret's value is kept. Exactly one of the fields is set."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    from_env: str | None = None
    """The name of an environment variable."""
    from_aws_secret: AwsSecret | None = None
    """A secret in AWS Secrets Manager."""
    from_file: str | None = None
    """The path of a file; its content, without the last line break, is the value."""
    from_prefect_block: str | None = None
    """A Prefect block document that holds the value, as `slug/name`, e.g. `secret/db-password`."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "SecretRef":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError(f"give exactly one of {', '.join(SOURCES)}")
        return self

    def __str__(self) -> str:
        """Name the source, never the value: `from_env DB_PASSWORD`. Two references have two names."""
        [source] = [name for name in SOURCES if getattr(self, name) is not None]
        return f"{source} {getattr(self, source)}"


SOURCES = tuple(SecretRef.model_fields)


class Concealed:
    """What stands for a secret: its value, or a digest of it. It shows itself to nobody."""

    __slots__ = ()

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__


class Sealed(Concealed):
    """A secret's value, on its way from a store to a platform. It shows itself to nobody who does not ask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value. Only a request body or a child's environment may hold what this returns."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sealed):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Sealed, self._value))

    def __reduce__(self) -> str:
        raise TypeError("a sealed value cannot be pickled")

    def __copy__(self) -> "Sealed":
        return self

    def __deepcopy__(self, memo: object) -> "Sealed":
        return self


Fetch = Callable[[SecretRef], Awaitable[Sealed]]
"""Gets the value behind a reference out of its store. Raises SecretMissing, PlatformError."""


class Untold(Concealed):
    """A secret that a platform holds and that nobody asked it for."""

    __slots__ = ()


UNTOLD = Untold()


class Digested(Concealed):
    """A secret that is known by its keyed digest only. It equals the value that it was made from."""

    __slots__ = ("_of", "text")

    def __init__(self, text: str, of: Callable[[Sealed], str]) -> None:
        self.text, self._of = text, of

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sealed):
            return hmac.compare_digest(self.text, self._of(other))
        return isinstance(other, Digested) and self.text == other.text

    def __hash__(self) -> int:
        return hash((Digested, self.text))

    def __deepcopy__(self, memo: object) -> "Digested":
        return self


def is_secret_ref(value: object) -> bool:
    """Tell whether a plain mapping is a reference: one key, and that key names a store."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in SOURCES


def parse_secret_refs(value: Any) -> Any:
    """Return `value` with each mapping that is a reference turned into a `SecretRef`, at any depth."""
    if is_secret_ref(value):
        return SecretRef.model_validate(value)
    if isinstance(value, Mapping):
        return {key: parse_secret_refs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [parse_secret_refs(item) for item in value]
    return value


class FoundSecret(NamedTuple):
    """A reference and where it stands in the value that was searched."""

    path: Path
    ref: SecretRef


def find_secret_refs(value: Any, path: Path = ()) -> Iterator[FoundSecret]:
    """Yield every `SecretRef` in models, mappings and lists, with its path."""
    if isinstance(value, SecretRef):
        yield FoundSecret(path, value)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from find_secret_refs(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from find_secret_refs(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_secret_refs(item, (*path, index))


def find_stored_refs(spec: BaseModel) -> Iterator[FoundSecret]:
    """The same for a model as its validation made it. It looks only where the types let a reference stand."""
    for name in _secret_fields(type(spec)):
        value = getattr(spec, name)
        if isinstance(value, BaseModel) and not isinstance(value, SecretRef):
            yield from (FoundSecret((name, *found.path), found.ref) for found in find_stored_refs(value))
        elif value:
            yield from find_secret_refs(value, (name,))


@cache
def _secret_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields in which a reference may stand. Found out once: thousands of specs follow."""
    fields = model.model_fields.items()
    return tuple(name for name, info in fields if _may_hold(info.annotation, info.metadata, frozenset({model})))


def _may_hold(annotation: Any, metadata: Iterable[Any], inside: frozenset[type[BaseModel]]) -> bool:
    """`inside` are the models around it: one that holds itself, as a trigger does, says nothing new the second time."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _may_hold(arguments[0], arguments[1:], inside)
    if annotation is SecretRef or any(getattr(one, "func", None) is parse_secret_refs for one in metadata):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = () if annotation in inside else annotation.model_fields.values()
        return any(_may_hold(info.annotation, info.metadata, inside | {annotation}) for info in fields)
    return any(_may_hold(argument, (), inside) for argument in arguments)


def holds_secret(value: Any) -> bool:
    """Whether a reference, a secret or a digest of one stands anywhere in models, mappings and lists."""
    if isinstance(value, Concealed | SecretRef):
        return True
    if isinstance(value, BaseModel):
        return any(holds_secret(getattr(value, name)) for name in value.model_fields_set)
    if isinstance(value, Mapping):
        return any(map(holds_secret, value.values()))
    return isinstance(value, list) and any(map(holds_secret, value))


WithSecrets = Annotated[Any, BeforeValidator(parse_secret_refs)]
"""Any JSON value in which a secret reference may stand at any depth."""

EnvValue = str | SecretRef
"""The value of an environment variable: text, or a reference that is resolved where the variable is used."""
