# ruff: noqa - written as people write flows, odd ways included
"""Signatures and defaults of every kind."""

import datetime as dt
import os
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from prefect import flow

LIMIT = 10
HALF = LIMIT / 2
DOUBLED = LIMIT * 2
NAMES = ["a", "b"]
OPTIONS = {"x": 1, "y": [1, 2]}
FIRST = NAMES[0]
NUMBER: int = 7
A, B = 1, 2
C = D = 5
BASE = Path("data")
LONG = "one two"


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Settings:
    LIMIT = 3
    NAME = "n"


@flow
def nothing():
    pass


@flow
def positional_only(a: int, b: str = "x", /, c: float = 1.0):
    pass


@flow
def positional_only_defaults(a, b=1, /, c=2, *, d=3):
    pass


@flow
def keyword_only(*, a: int, b: str = "x", c: float):
    pass


@flow
def star_args(a: int, *rest: int, b: str = "x", **more: str):
    pass


@flow
def only_kwargs(**kwargs):
    pass


@flow
def scalars(a=1, b=1.5, c="x", d=True, e=None, f=-3, g=1e-3, h=0x10, i=1_000):
    pass


@flow
def containers(a=[], b={}, c=(), d=[1, "a", None], e={"x": {"y": [1]}}, f=(1, 2), g={1}):
    pass


@flow
def constants(a=LIMIT, b=HALF, c=DOUBLED, d=NAMES, e=OPTIONS, f=FIRST, g=NUMBER, h=A, i=C, j=LONG):
    pass


@flow
def computed(a=2**3, b=10 % 3, c=not True, d=1 if True else 2, e=LIMIT > 3, f="a" * 3, g=[1] + [2], h=len("abc")):
    pass


@flow
def texts(a=f"{LIMIT}", b="ab", c="%s" % "x", d="{}".format(1), e="x".upper(), f=f"{LIMIT:03d}", g=str(5)):
    pass


@flow
def times(
    a: datetime = datetime(2026, 1, 2, 3, 4),
    b: date = date(2026, 1, 2),
    c: timedelta = timedelta(days=1, hours=2),
    d: dt.time = dt.time(3, 0),
    e: datetime = datetime(2026, 1, 2, tzinfo=timezone.utc),
    f: date | None = None,
):
    pass


@flow
def odd(a: Decimal = Decimal("1.5"), b: Path = Path("x"), c: Path = BASE / "y", d: UUID = UUID(int=1), e: bytes = b"x"):
    pass


@flow
def environment(a: str = os.environ.get("PFA_NOT_SET", "fallback"), b: str = os.getenv("PFA_NOT_SET")):
    pass


@flow
def enums(a: Color = Color.RED, b: str = Color.BLUE.value, c: Color = Color("red"), d: list[Color] = [Color.RED]):
    pass


@flow
def class_constants(a: int = Settings.LIMIT, b: str = Settings.NAME):
    pass


@flow
def comprehensions(a: list = [i for i in range(3)], b: dict = {i: i for i in range(2)}):
    pass


@flow
def unpacked(a: list = [*NAMES, "c"], b: dict = {**OPTIONS, "z": 1}):
    pass


@flow
def collections_(a: deque = deque([1]), b: OrderedDict = OrderedDict(x=1)):
    pass


@flow
def calls(a: int = int("3"), b: list = list("ab"), c: dict = dict(a=1), d: int = max(1, 2), e: float = float("1.5")):
    pass


@flow
def untyped_defaults(a=Color.RED, b=date(2026, 1, 1), c=Path("x")):
    pass


@flow(validate_parameters=False)
def reserved(schema: dict, copy: bool = False, json: str = "x", dict_: int = 1):
    pass


@flow
def ellipsis_default(a: int = ..., b: Any = ...):
    pass


@flow
def lambdas(a=lambda x: x, b=print, c=int):
    pass
