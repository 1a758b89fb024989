# ruff: noqa - written as people write flows, odd ways included
"""Classes that parameters are made of."""

import dataclasses
import enum
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, InitVar, dataclass, field
from datetime import date, datetime, timezone
from typing import Annotated, Any, ClassVar, Dict, Generic, List, Literal, Optional, TypeVar, Union

import pydantic
from prefect import flow
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    RootModel,
    SecretStr,
    Tag,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass as pydantic_dataclass
from typing_extensions import NotRequired, Required, TypedDict

T = TypeVar("T")
DEFAULT_LIMIT = 5


class Kind(str, enum.Enum):
    A = "a"
    B = "b"


class Address(BaseModel):
    """Where somebody lives."""

    street: str
    zip_code: str = Field(pattern=r"^\d{5}$")
    country: str = "DE"


class Person(BaseModel):
    name: str = Field(min_length=1, description="The name.")
    age: Optional[int] = Field(None, ge=0, le=150)
    address: Address
    others: list[Address] = []
    kind: Kind = Kind.A
    tags: Dict[str, str] = Field(default_factory=dict)
    born: date | None = None


class Employee(Person):
    """Works here."""

    boss: Optional["Employee"] = None
    salary: float = 0.0
    name: str = "nobody"


class Validated(BaseModel):
    start: date
    end: date
    limit: int = DEFAULT_LIMIT

    @field_validator("end")
    @classmethod
    def _after(cls, value, info):
        return value

    @model_validator(mode="after")
    def _both(self):
        return self

    @field_validator("limit", mode="before")
    def _limit(cls, value):
        return value

    @property
    def days(self):
        return (self.end - self.start).days

    @staticmethod
    def make():
        return None


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    some_name: int = Field(alias="someName")
    other: str = Field("x", validation_alias="Other")
    third: str = Field("x", serialization_alias="Third")
    fourth: int = Field(1, validation_alias=AliasChoices("four", "FOUR"))


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    first_name: str
    last_name: str = "x"


class Configured(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, title="Configured title", str_strip_whitespace=True)
    a: int = 1


class ConfiguredByKeyword(BaseModel, extra="allow", title="By keyword"):
    a: int = 1


class OldConfig(BaseModel):
    a: int = 1

    class Config:
        extra = "forbid"
        title = "Old title"


class Documented(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)
    a: int = 1
    """What a is."""
    b: str = "x"
    """What b is,
    in two lines."""


class Private(BaseModel):
    SHARED: ClassVar[int] = 3
    _hidden: int = PrivateAttr(default=1)
    shown: int = 1
    unannotated: "int" = 2


class Computed(BaseModel):
    width: int

    @computed_field
    @property
    def double(self) -> int:
        return self.width * 2

    @field_serializer("width")
    def _out(self, value):
        return str(value)


class Numbers(RootModel[list[int]]):
    pass


class Wrapper(RootModel):
    root: Dict[str, int]


class Box(BaseModel, Generic[T]):
    item: T
    many: List[T] = []


class IntBox(Box[int]):
    pass


class Cat(BaseModel):
    sort: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    sort: Literal["dog"] = "dog"
    good: bool = True


Pet = Annotated[Union[Cat, Dog], Field(discriminator="sort")]


class Owner(BaseModel):
    pet: Union[Cat, Dog] = Field(discriminator="sort")
    pets: list[Pet] = []


class Tree(BaseModel):
    value: int
    left: Optional["Tree"] = None
    right: "Tree | None" = None


class Husband(BaseModel):
    wife: Optional["Wife"] = None


class Wife(BaseModel):
    husband: Optional[Husband] = None


class WithExtra(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"a": 1}]})
    a: int = Field(json_schema_extra={"unit": "m"}, examples=[1, 2])
    b: int = Field(1, exclude=True, repr=False)
    c: int = Field(1, deprecated="no longer")


class Factories(BaseModel):
    a: list[int] = Field(default_factory=lambda: [1])
    b: datetime = Field(default_factory=lambda: datetime.now(timezone.utc))
    c: dict = Field(default_factory=dict)


class Secretive(BaseModel):
    token: SecretStr
    other: SecretStr = SecretStr("x")


class Abstract(BaseModel, ABC):
    a: int

    @abstractmethod
    def go(self): ...


class Concrete(Abstract):
    b: int = 2

    def go(self):
        return 1


class Mixin:
    def shout(self):
        return "!"


class Mixed(Mixin, BaseModel):
    a: int = 1


class Enumed(BaseModel):
    model_config = ConfigDict(use_enum_values=True)
    kind: Kind = Kind.B
    kinds: list[Kind] = [Kind.A]


class Reused(BaseModel):
    one: Address
    two: Address = Address(street="x", zip_code="12345")


Dynamic = pydantic.create_model("Dynamic", a=(int, 1))


@dataclass
class Point:
    """A point."""

    x: int
    y: float = 0.5
    names: list[str] = field(default_factory=list)
    label: str = field(default="l", metadata={"unit": "m"})
    hidden: int = field(default=1, repr=False, compare=False)


@dataclass
class Point3(Point):
    z: int = 0


@dataclass(frozen=True, kw_only=True)
class Keyworded:
    a: int = 1
    b: str


@dataclass
class Half:
    a: int
    _: KW_ONLY
    b: int = 1
    c: str


@dataclass
class Post:
    a: int
    b: InitVar[int] = 3
    c: int = field(init=False, default=4)

    def __post_init__(self, b):
        self.c = b


@dataclass
class Holder:
    point: Point
    model: Optional[Address] = None
    maybe: "Holder | None" = None


@pydantic_dataclass
class Checked:
    a: int
    b: list[int] = pydantic.Field(default_factory=list, description="Bees.")


@pydantic.dataclasses.dataclass(config=ConfigDict(extra="forbid"))
class CheckedStrictly:
    a: int = 1


class Row(TypedDict):
    """A row."""

    key: str
    value: NotRequired[int]


class Partial(TypedDict, total=False):
    a: int
    b: Required[str]


class Extended(Row):
    more: float


Functional = TypedDict("Functional", {"a": int, "b-c": str})


class Plain:
    def __init__(self, a: int):
        self.a = a


class Custom:
    @classmethod
    def __get_pydantic_core_schema__(cls, source, handler):
        from pydantic_core import core_schema

        return core_schema.str_schema()


@flow
def nested(a: Person, b: Optional[Address] = None, c: list[Person] = [], d: dict[str, Address] = {}):
    pass


@flow
def inherited(a: Employee, b: Concrete, c: Mixed = Mixed()):
    pass


@flow
def validated(a: Validated, b: Optional[Validated] = None):
    pass


@flow
def aliased(a: Aliased, b: Camel):
    pass


@flow
def configured(a: Configured, b: ConfiguredByKeyword, c: OldConfig, d: Configured = Configured()):
    pass


@flow
def documented(a: Documented):
    pass


@flow
def private(a: Private, b: Computed):
    pass


@flow
def roots(a: Numbers, b: Wrapper):
    pass


@flow
def generics(a: Box[int], b: Box[str], c: IntBox, d: Box):
    pass


@flow
def discriminated(a: Owner, b: Pet, c: Union[Cat, Dog] = Dog()):
    pass


@flow
def recursive(a: Tree, b: Husband):
    pass


@flow
def with_extra(a: WithExtra, b: Factories):
    pass


@flow
def secretive(a: Secretive, b: Reused, c: Enumed):
    pass


@flow
def dynamic(a: Dynamic):
    pass


@flow
def default_models(a: Address = Address(street="s", zip_code="12345"), b: Kind = Kind.B, c: Point = Point(1, y=2.0)):
    pass


@flow
def dataclasses_(a: Point, b: Point3, c: Holder, d: Point = Point(1)):
    pass


@flow
def odd_dataclasses(a: Keyworded, b: Half, c: Post):
    pass


@flow
def pydantic_dataclasses(a: Checked, b: CheckedStrictly):
    pass


@flow
def typed_dicts(a: Row, b: Partial, c: Extended, d: Functional):
    pass


@flow
def not_pydantic(a: Plain, b: Optional[Plain] = None, c: Custom = None, e: list[Plain] = []):
    pass
