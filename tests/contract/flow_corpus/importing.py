# ruff: noqa - written as people write flows, odd ways included
"""Names that come from here or there, and change on the way."""

import sys
from typing import TYPE_CHECKING, Optional

try:
    import ujson as json
except ImportError:
    import json

try:
    from nowhere import Missing
except ImportError:
    Missing = None

try:
    from enum import StrEnum
except ImportError:
    from enum import Enum as StrEnum

if sys.version_info >= (3, 8):
    from typing import Literal
else:
    from typing_extensions import Literal

if TYPE_CHECKING:
    from pandas import DataFrame

import prefect.flows
from prefect import *
from prefect import flow
from pydantic import BaseModel

LIMIT = 1
LIMIT = 2

if True:
    MODE = "on"
else:
    MODE = "off"

for number in range(3):
    LAST = number

with open(__file__) as handle:
    WITHIN = "with"

COUNT = 1
COUNT += 4

if (walrus := 3) > 2:
    pass

del number


class Twice(BaseModel):
    a: int


class Twice(BaseModel):
    b: str


class Tone(StrEnum):
    HIGH = "high"


if sys.version_info >= (3, 9):

    class Conditional(BaseModel):
        new: int = 1

else:

    class Conditional(BaseModel):
        old: int = 1


def factory():
    class Inner(BaseModel):
        x: int

    return Inner


Inner = factory()
int_alias = int


@flow
def in_try(a: Literal["x", "y"] = "x", b: Tone = Tone.HIGH, c: Optional[Missing] = None):
    pass


@flow
def rebound(a: int = LIMIT, b: Twice = None, c: str = MODE):
    pass


@flow
def looped(a: int = LAST, b: str = WITHIN, c: int = walrus):
    pass


@flow
def augmented(a: int = COUNT):
    pass


@flow
def conditional(a: Conditional):
    pass


@flow
def from_factory(a: Inner, b: int_alias = 1):
    pass


@flow
def twice(a: int):
    pass


@flow
def twice(b: str):
    pass


@prefect.flows.flow
def by_submodule(a: int):
    pass


if True:

    @flow
    def inside_if(a: int = 1):
        pass


try:

    @flow
    def inside_try(a: int = 2):
        pass
except Exception:
    pass


def make(suffix: str):
    @flow(name=f"made-{suffix}")
    def inner(a: int):
        pass

    return inner


made = make("x")


@flow
def shadowed(LIMIT: int = LIMIT, flow: str = "x"):
    pass


@flow
def before_it_is_bound(a: int = LIMIT):
    pass


LIMIT = 3
