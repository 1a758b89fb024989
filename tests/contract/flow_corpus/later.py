# ruff: noqa - written as people write flows, odd ways included
"""Annotations that are texts until somebody asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal, Optional

from prefect import flow
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from pandas import DataFrame


class Shade(Enum):
    DARK = "dark"
    LIGHT = "light"


class Source(BaseModel):
    table: str
    shade: Shade = Shade.DARK
    parent: Source | None = None
    target: Optional[Target] = None


class Target(BaseModel):
    name: Annotated[str, Field(min_length=1)] = "x"


@dataclass
class Span:
    start: int
    end: int | None = None
    tags: list[str] = field(default_factory=list)


@flow
def scalars(a: int, b: str | None = None, c: list[int] = [], d: Literal["x", "y"] = "x") -> None:
    pass


@flow
def classes(a: Source, b: Shade = Shade.LIGHT, c: Span | None = None, d: list[Target] = []):
    pass


@flow
def quoted(a: "int", b: "Optional[Source]" = None, c: Annotated["int", Field(ge=1)] = 1):
    pass


@flow
def checked_only(a: DataFrame, b: int = 1):
    pass


@flow
def unknown_name(a: Nowhere, b: int = 1):
    pass
