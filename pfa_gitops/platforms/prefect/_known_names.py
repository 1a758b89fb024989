"""The types and constructors of other packages that a flow's source may name and be understood. Pure."""

import abc
import builtins
import collections
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import fractions
import ipaddress
import pathlib
import re
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import annotated_types
import pydantic
import typing_extensions
from pydantic import alias_generators


def _exported(module: Any, names: str) -> dict[str, Any]:
    return {f"{module.__name__}.{name}": getattr(module, name) for name in names.split()}


SCALARS = _exported(builtins, "int float str bool") | {"decimal.Decimal": decimal.Decimal, "uuid.UUID": uuid.UUID}
CONTAINERS = _exported(builtins, "list dict tuple set frozenset")
TIMES = _exported(datetime, "datetime date time timedelta")
PATHS = _exported(pathlib, "Path PurePath PosixPath PurePosixPath")
TYPING = (
    "Any Optional Union Literal Annotated List Dict Tuple Set FrozenSet Sequence Mapping MutableMapping Iterable "
    "Generic AbstractSet Deque DefaultDict OrderedDict Counter NamedTuple Hashable Text Type"
)
PYDANTIC_NAMES = (
    "StrictInt StrictFloat StrictStr StrictBool PositiveInt NegativeInt NonNegativeInt NonPositiveInt PositiveFloat "
    "NegativeFloat NonNegativeFloat NonPositiveFloat FiniteFloat SecretStr SecretBytes EmailStr HttpUrl AnyUrl "
    "AnyHttpUrl FileUrl PostgresDsn RedisDsn Json JsonValue UUID4 FilePath DirectoryPath NewPath PastDate FutureDate "
    "PastDatetime FutureDatetime AwareDatetime NaiveDatetime ByteSize IPvAnyAddress RootModel"
)
PYDANTIC_TYPES = frozenset(PYDANTIC_NAMES.split())
"""Found when they are asked for: pydantic imports much to have them all."""
PYDANTIC_MAKERS = "conint confloat constr conlist conset confrozenset condecimal condate StringConstraints AliasChoices"
ENUMS = _exported(enum, "Enum IntEnum StrEnum Flag IntFlag")
CALLABLE: Mapping[str, Callable[..., Any]] = {
    **SCALARS,
    **CONTAINERS,
    **TIMES,
    **PATHS,
    **ENUMS,  # what makes an enum of names
    **_exported(pydantic, f"Field ConfigDict SecretStr {PYDANTIC_MAKERS}"),
    **_exported(annotated_types, "Gt Ge Lt Le Interval MultipleOf MinLen MaxLen Len"),
    **_exported(collections, "deque OrderedDict"),
    "pydantic.fields.Field": pydantic.Field,
    "dataclasses.field": dataclasses.field,
    "enum.auto": enum.auto,
}
KNOWN: Mapping[str, Any] = {
    **CALLABLE,
    "builtins.bytes": bytes,
    "builtins.object": object,
    **_exported(typing, TYPING),
    **{f"typing_extensions.{name}": getattr(typing, name) for name in TYPING.split()},
    **{
        f"{module}.{name}": getattr(typing_extensions, name)
        for module in ("typing", "typing_extensions")
        for name in ("TypedDict", "Required", "NotRequired")
    },
    **_exported(collections.abc, "Sequence Mapping MutableMapping Iterable Set"),
    **_exported(collections, "defaultdict Counter"),
    **_exported(ipaddress, "IPv4Address IPv6Address IPv4Network IPv6Network IPv4Interface IPv6Interface"),
    "re.Pattern": re.Pattern,
    "fractions.Fraction": fractions.Fraction,
    "abc.ABC": abc.ABC,
    "pydantic.BaseModel": pydantic.BaseModel,
    **_exported(alias_generators, "to_camel to_pascal to_snake"),
    **_exported(dataclasses, "InitVar KW_ONLY"),
    "datetime.timezone.utc": datetime.UTC,
    "datetime.UTC": datetime.UTC,
}


def known(name: str) -> Any:
    """What a full name means. Raises KeyError."""
    module, _, short = name.rpartition(".")
    if module == "pydantic" and short in PYDANTIC_TYPES:
        return getattr(pydantic, short)
    return KNOWN[name]
