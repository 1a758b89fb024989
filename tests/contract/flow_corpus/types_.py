# ruff: noqa - written as people write flows, odd ways included
"""Annotations of the standard library and of pydantic."""

import collections.abc
import decimal
import fractions
import ipaddress
import re
import typing
import typing as t
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum, auto
from pathlib import Path, PurePath
from typing import (
    Annotated,
    Any,
    Dict,
    Final,
    FrozenSet,
    Generic,
    List,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    Set,
    Tuple,
    Type,
    TypeAlias,
    TypeVar,
    Union,
)

import annotated_types
from annotated_types import Gt, Len
from prefect import flow
from pydantic import (
    AfterValidator,
    AnyUrl,
    BeforeValidator,
    ByteSize,
    EmailStr,
    Field,
    HttpUrl,
    Json,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    StrictInt,
    StringConstraints,
    conint,
    conlist,
    constr,
)

UserId = NewType("UserId", int)
Name = NewType("Name", str)
Rows: TypeAlias = list[dict[str, Any]]
Row = dict[str, int]
Table = list[Row]
MaybeInt = int | None
Old = Optional[Union[int, str]]
Percent = Annotated[float, Field(ge=0, le=100)]
Short = Annotated[str, Field(max_length=5, description="Short text.")]
T = TypeVar("T")
Mode = Literal["fast", "slow"]
MODES = ("a", "b")


class Color(Enum):
    """Colours."""

    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Word(StrEnum):
    ONE = auto()
    TWO = auto()


class Mixed(Enum):
    NUMBER = 1
    TEXT = "x"
    PAIR = (1, 2)


class Auto(Enum):
    A = auto()
    B = auto()


class Aliased(str, Enum):
    X = "x"
    Y = "x"
    Z = "z"

    @property
    def shout(self):
        return self.value.upper()


class Bits(Flag):
    R = 1
    W = 2


class IntBits(IntFlag):
    R = 1
    W = 2


Made = Enum("Made", "ONE TWO")
MadeOfList = Enum("MadeOfList", ["a", "b"])
MadeOfDict = Enum("MadeOfDict", {"A": "a", "B": "b"})


class Point(NamedTuple):
    x: int
    y: int = 0


@flow
def builtin_generics(
    a: list[int], b: dict[str, list[int]], c: tuple[int, ...], d: set[str], e: frozenset[int], f: type
):
    pass


@flow
def typing_generics(
    a: List[int], b: Dict[str, Any], c: Tuple[int, str], d: Set[int], e: FrozenSet[str], f: Optional[List[str]] = None
):
    pass


@flow
def unions(
    a: Union[int, str], b: int | str | None, c: Optional[int], d: Union[int, None, str] = None, e: int | float = 1
):
    pass


@flow
def literals(
    a: Literal["x"], b: Literal["x", 1, True, None], c: Mode = "fast", d: Optional[Mode] = None, e: Literal[MODES] = "a"
):
    pass


@flow
def enums(a: Color, b: Level, c: Word, d: Mixed, e: Auto, f: Aliased, g: Optional[Color] = None, h: list[Color] = []):
    pass


@flow
def flags(a: Bits, b: IntBits = IntBits.R):
    pass


@flow
def made_enums(a: Made, b: MadeOfList, c: MadeOfDict):
    pass


@flow
def enum_literals(a: Literal[Color.RED], b: Literal[Color.RED, Color.GREEN] = Color.GREEN):
    pass


@flow
def new_types(a: UserId, b: Name = "x", c: list[UserId] = [], d: Optional[Name] = None):
    pass


@flow
def aliases(a: Rows, b: Table, c: MaybeInt = None, d: Old = None, e: Row = {}):
    pass


@flow
def annotated(
    a: Percent,
    b: Short = "x",
    c: Annotated[int, "note"] = 1,
    d: Annotated[int, Gt(3)] = 4,
    e: Annotated[list[int], Len(1, 3)] = [1],
):
    pass


@flow
def annotated_field(
    a: Annotated[int, Field(gt=0, lt=10, multiple_of=2)],
    b: Annotated[str, Field(pattern="^a+$", min_length=1)] = "a",
    c: Annotated[str, Field(description="Said here.", title="C")] = "c",
    d: Annotated[int, Field(default=3)] = 4,
    e: Annotated[str, Field(examples=["x", "y"])] = "x",
    f: Annotated[int, Field(deprecated=True)] = 1,
):
    """Fields.

    Args:
        a: From the docstring.
        c: From the docstring, too.
    """


@flow
def annotated_more(
    a: Annotated[str, StringConstraints(min_length=2, to_lower=True)],
    b: Annotated[int, BeforeValidator(int)] = 1,
    c: Annotated[str, AfterValidator(lambda value: value)] = "x",
    d: Annotated[int, annotated_types.Interval(ge=1, le=3)] = 2,
):
    pass


@flow
def field_defaults(
    a: int = Field(default=3, ge=1),
    b: str = Field("x", description="Described."),
    c: list[int] = Field(default_factory=list),
    d: int = Field(),
    e: str = Field(default="x", json_schema_extra={"position": 9, "format": "special"}),
    f: int = Field(1, alias="eff"),
    g: str = Field(..., title="Gee", max_length=3),
):
    pass


@flow
def pydantic_types(
    a: PositiveInt, b: NonNegativeInt = 0, c: PositiveFloat = 1.0, d: StrictInt = 1, e: SecretStr = None
):
    pass


@flow
def more_pydantic(a: HttpUrl, b: AnyUrl = None, c: Json = None, d: ByteSize = 1, e: Json[list[int]] = None):
    pass


@flow
def constrained(a: conint(ge=1), b: constr(min_length=1, pattern="x") = "x", c: conlist(int, min_length=1) = [1]):
    pass


@flow
def standard(
    a: uuid.UUID,
    b: decimal.Decimal,
    c: Path,
    d: PurePath,
    e: ipaddress.IPv4Address,
    f: re.Pattern,
    g: fractions.Fraction,
):
    pass


@flow
def abstract(
    a: Iterable[int], b: Sequence[str], c: Mapping[str, int], d: Iterator[int], e: Callable, f: Callable[[int], str]
):
    pass


@flow
def collections_(
    a: deque[int], b: OrderedDict[str, int], c: defaultdict[str, list], d: Counter[str], e: collections.abc.Set[int]
):
    pass


@flow
def bare_generics(
    a: List, b: Dict, c: Tuple, d: Set, e: list, f: dict, g: tuple, h: set, i: Sequence, j: Mapping, k: Iterable
):
    pass


@flow
def named_tuples(a: Point, b: list[Point] = []):
    pass


@flow
def anything(a: Any, b: object, c: T, d: "Any" = None, e: typing.Hashable = None, f: t.Text = "x"):
    pass


@flow
def type_arguments(a: Type[int], b: type[str] = str):
    pass


@flow
def strings(
    a: "int", b: "list[str]" = [], c: "Optional[Color]" = None, d: "dict[str, 'int']" = {}, e: list["int"] = []
):
    pass


@flow
def nested_strings(a: Optional["Color"] = None, b: "List['Color']" = []):
    pass


@flow
def final(a: Final[int] = 1, b: "Final" = 2):
    pass


@flow
def deep(a: dict[str, dict[str, list[tuple[int, Optional[str]]]]], b: list[list[list[int]]] = []):
    pass


@flow
def none_type(a: None, b: None = None, c: type(None) = None):
    pass


@flow
def mappings(a: dict[int, str], b: dict[Color, int], c: dict[Literal["x", "y"], int], d: dict[str, Optional[int]] = {}):
    pass


@flow
def expressions(b: 3, d: [int] = None, e: (int, str) = None):
    pass
