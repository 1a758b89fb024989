"""Our reader of flow files against Prefect's own, which runs parts of the file: they must say the same."""

import json
import subprocess
import sys

import pytest

from pfa_gitops.platforms.prefect._cron import cron_flaw
from pfa_gitops.platforms.prefect._flow_source import read_flow

PREAMBLE = '''\
import dataclasses
import datetime as dt
import enum
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Dict, List, Literal, Optional, Sequence, Union

import missing_package
from missing_package import Missing
from prefect import flow
from pydantic import BaseModel, ConfigDict, EmailStr, Field, PositiveInt, SecretStr
from typing_extensions import TypedDict

REGION = "eu"
HOURS = 2 * 3
Rows = list[dict[str, int]]


class Color(enum.Enum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"


class Size(str, enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = enum.auto()


class Plain:
    """Nothing that pydantic knows."""


class Source(BaseModel):
    """Where rows come from."""

    table: str
    limit: int = Field(default=10, ge=1, description="The most rows.")
    tags: list[str] = Field(default_factory=list)
    color: Color = Color.RED
    _private: int = 3

    def rows(self):
        return missing_package.read(self.table)


class Strict(Source):
    model_config = ConfigDict(extra="forbid", title="A strict source")
    since: Optional[date] = None


class Ahead(BaseModel):
    model_config = ConfigDict(regex_engine="python-re")
    name: str = Field(pattern=r"^(?!x).*$")


class Node(BaseModel):
    name: str
    children: List["Node"] = []


@dataclass
class Point:
    x: int
    y: float = 0.5


@dataclasses.dataclass
class Documented:
    """A documented point."""

    names: list[str] = dataclasses.field(default_factory=list)


class Row(TypedDict, total=False):
    key: str
    value: int


'''

SIGNATURES = {
    "nothing": "()",
    "untyped": "(a, b=1, c='x', d=None)",
    "scalars": "(a: int, b: float = 1.5, c: str = 'x', d: bool = False, e: None = None)",
    "required_only": "(name: str)",
    "lists": "(a: list, b: list[int] = [1, 2], c: List[str] = None, d: Rows = None)",
    "mappings": "(a: dict, b: dict[str, int] = {'a': 1}, c: Dict[str, Any] = None)",
    "tuples": "(a: tuple, b: tuple[int, str], c: tuple[int, ...] = (1, 2), d: set[int] = None, e: Sequence[int] = ())",
    "optional": "(a: Optional[int] = None, b: int | None = None, c: Union[int, str] = 1, d: Optional[List[str]] = ())",
    "literals": "(a: Literal['x', 'y'] = 'x', b: Literal[1] = 1, c: Optional[Literal['z']] = None)",
    "times": "(a: datetime, b: date, c: timedelta = timedelta(hours=1), d: dt.time = None, e: date = date(2026, 1, 2))",
    "odd_scalars": "(a: uuid.UUID, b: Path = Path('x/y'), c: Decimal = Decimal('1.5'), d: bytes = b'x', e: Any = 3)",
    "constants": "(a: str = REGION, b: int = HOURS, c: str = f'{REGION}-{HOURS}', d: int = -1, e: str = 'x' + REGION)",
    "annotated": "(a: Annotated[int, Field(ge=1, le=5)] = 3, b: Annotated[str, 'a note'] = 'x')",
    "fields": "(a: int = Field(default=3, gt=1, description='A number.'), b: str = Field(..., title='B'))",
    "enums": "(a: Color, b: Color = Color.BLUE, c: Size = Size.SMALL, d: Level = Level.HIGH, e: list[Color] = None)",
    "models": "(a: Source, b: Optional[Strict] = None, c: list[Source] = None, d: Source = Source(table='t'))",
    "recursive": "(tree: Node)",
    "python_patterns": "(a: Ahead, b: list[Ahead] = None)",
    "dataclasses_": "(a: Point, b: Documented = None, c: Point = Point(1))",
    "typed_dicts": "(a: Row, b: list[Row] = None)",
    "plain": "(a: Plain, b: Optional[Plain] = None)",
    "pydantic_types": "(a: PositiveInt = 1, b: SecretStr = None, c: SecretStr = SecretStr('x'))",
    "missing": "(a: Missing, b: missing_package.Frame = None, c: list[Missing] = None, d: int = missing_package.X)",
    "keyword_only": "(a: int, *, b: str, c: int = 2)",
    "variadic": "(a: int, *args, **kwargs)",
    "clashing": "(copy: int, schema: str = 'x', json: bool = True)",
}

GOOGLE = """Count.

    Args:
        a: How far.
        b (int, optional): How fast,
            in steps.

    Returns:
        Nothing.
    """
EMPTY_LINES = """Count.

    Arguments:
        a: One.

            More of one.
        b: Two.
    The end.
    """
DOCSTRINGS = {
    "google": GOOGLE,
    "two_sections": "Count.\n\n    Args:\n        a: One.\n\n    Parameters:\n        b: Two: with a colon.\n",
    "no_blank_line": "Count.\n    Args:\n        a: One.\n",
    "empty_lines": EMPTY_LINES,
    "numpy": "Count.\n\n    Parameters\n    ----------\n    a : int\n        How far.\n",
    "sphinx": "Count.\n\n    :param a: How far.\n    :param b: How fast.\n",
}

PREFECTS_ANSWERS = """
import json, sys, warnings
warnings.simplefilter("ignore")
from prefect.utilities.callables import parameter_schema_from_entrypoint
path, *names = sys.argv[1:]
schemas = {name: parameter_schema_from_entrypoint(f"{path}:{name}") for name in names}
print(json.dumps({name: schema.model_dump_for_openapi() for name, schema in schemas.items()}))
"""

# One text is easier to read and to add to than ninety quoted ones.
CRONS = """\
* * * * *|0 3 * * *|*/5 * * * *|0 0 1 1 *|0 0 * * mon-fri|0 0 * * FRI-MON|0 0 * * 5#2|0 0 * * L5|0 0 * * fri#1\
|0 0 L * *|0 0 1-L * *|0 0 ? * ?|0 0 1,? * *|? * * * *|60 * * * *|0 24 * * *|0 0 0 * *|0 0 32 * *|0 0 * 13 *|0 0 * 0 *\
|0 0 * * 7|0 0 * * 8|0 0 * jan,DEC *|0 0 * foo *|@daily|@Weekly|@reboot|* * * *|* * * * * *|* * * * * * *\
|* * * * * * 2030|* * * * * * * *|*/0 * * * *|5/15 * * * *|0-30/10 * * * *|30-10 * * * *|H * * * *|R * * * *\
|1,2,3 * * * *|1,,2 * * * *|a * * * *|-1 * * * *|1- * * * *|*-5 * * * *|0 0 * * 1#6|0 0 * * mon#0|0 0 * * 1-5#2\
|0 0 * * mon-wed#2|0 0 L-3 * *|0 0 LW * *|0 0 15W * *|* * * * * 60|* * * * * * 1900|* * * * * * 2100|0 0 * * sun-7\
|0 0 * * 0-7|0 0 * * l8|0 0 * * L|0 0 * * Lfri|@midnight|0 0 * * mon#L|0 0 L,15 * *|0 0 * * 8#2|5-5 * * * *\
|0 0 31 2 *|jan * * * *|0 0 mon * *|*/60 * * * *|*/61 * * * *|0 0 * * */8| 0 3 * * * |0  3 * * *|0/5,*/7 * * * *\
|h(0-5) * * * *|0 0 1-10,20-30/2 * *|0 0 1-32 * *|00 03 * * *|0 0 * 01 *|0 0 * * 07|*5 * * * *|** * * * *\
|*/a * * * *|1/2/3 * * * *|0 0 ?/2 * *||x""".split("|")  # noqa: SIM905 - see above

PREFECTS_CRONS = """
import json, sys
from prefect._internal.schemas.validators import validate_cron_string
def takes(text):
    try:
        validate_cron_string(text)
    except ValueError:
        return False
    return True
print(json.dumps({text: takes(text) for text in json.load(sys.stdin)}))
"""


def ask(script, *arguments, given=""):
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], input=given, capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flows")
    flows = [f"@flow\ndef {name}{signature}:\n    pass\n" for name, signature in SIGNATURES.items()]
    flows += [f'@flow\ndef {name}(a: int, b: int = 1):\n    """{text}"""\n' for name, text in DOCSTRINGS.items()]
    (folder / "flows.py").write_text(PREAMBLE + "\n\n".join(flows))
    return folder


@pytest.fixture(scope="module")
def prefects(folder):
    return ask(PREFECTS_ANSWERS, str(folder / "flows.py"), *SIGNATURES, *DOCSTRINGS)


@pytest.mark.parametrize("name", [*SIGNATURES, *DOCSTRINGS])
def test_schema_is_what_prefect_makes(folder, prefects, name):
    assert read_flow(folder, f"flows.py:{name}").schema == prefects[name]


@pytest.fixture(scope="module")
def prefects_crons():
    return ask(PREFECTS_CRONS, given=json.dumps(CRONS))


@pytest.mark.parametrize("text", CRONS)
def test_a_cron_expression_is_taken_where_prefect_takes_it(prefects_crons, text):
    assert (cron_flaw(text) is None) == prefects_crons[text]
