import json
from pathlib import Path

import pytest

from pfa_gitops.platforms.prefect._flow_source import SourceFlaw, read_flow


@pytest.fixture
def write(tmp_path):
    def write(text, place="flows/count.py"):
        path = tmp_path / "root" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path / "root"

    return write


def flaw(root: Path, entrypoint: str) -> SourceFlaw:
    with pytest.raises(SourceFlaw) as caught:
        read_flow(root, entrypoint)
    return caught.value


COUNT = '''
from prefect import flow

@flow
def count_to(highest_number: int):
    """Count."""
'''


def test_a_flow_is_named_for_its_function(write):
    source = read_flow(write(COUNT), "flows/count.py:count_to")
    assert (source.name, source.description) == ("count-to", "Count.")
    assert source.schema == {
        "title": "Parameters",
        "type": "object",
        "properties": {"highest_number": {"position": 0, "title": "highest_number", "type": "integer"}},
        "required": ["highest_number"],
        "definitions": {},
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from prefect import flow\n@flow()\ndef f(): ...", "f"),
        ("from prefect import flow\n@flow(name='Counter')\ndef f(): ...", "Counter"),
        ("from prefect import flow\n@flow(name=None)\ndef f(): ...", "f"),
        ("import prefect\n@prefect.flow(name='Counter')\ndef f(): ...", "Counter"),
        ("import prefect as p\n@p.flow\nasync def f(): ...", "f"),
        ("from prefect import flow as job\n@job\ndef f(): ...", "f"),
        ("from prefect.flows import flow\n@flow\ndef f(): ...", "f"),
        ("from prefect import flow\nNAME = 'Counter'\n@flow(name=NAME)\ndef f(): ...", "Counter"),
        ("from prefect import flow\nTEAM = 'ml'\n@flow(name=f'{TEAM}-{2}')\ndef f(): ...", "ml-2"),
        ("from prefect import flow\n@flow(name='a' 'b' + '-c')\ndef f(): ...", "ab-c"),
        ("from prefect import flow\ndef g(x: int): ...\nf = flow(g)", "g"),
        ("from prefect import flow\ndef g(x: int): ...\nf = flow(name='Counter')(g)", "Counter"),
        ("from prefect import flow\ndef g(x: int): ...\nf = flow(g, name='Counter')", "Counter"),
        ("from prefect import flow\n@flow(name='One')\ndef g(): ...\nf = g.with_options(name='Two')", "Two"),
        ("from other import traced\nfrom prefect import flow\n@traced(1)\n@flow\ndef f(): ...", "f"),
        (
            "try:\n    from prefect import flow\nexcept ImportError:\n    raise\nif True:\n    @flow\n    def f(): ...",
            "f",
        ),
    ],
)
def test_every_way_to_make_a_flow_is_read(write, text, name):
    assert read_flow(write(text), "flows/count.py:f").name == name


def test_a_name_that_is_made_at_run_time_is_not_known(write):
    root = write("import os\nfrom prefect import flow\n@flow(name=os.environ['X'])\ndef f(): ...")
    assert read_flow(root, "flows/count.py:f").name is None


def test_a_description_in_the_decorator_wins(write):
    root = write("from prefect import flow\n@flow(description='Said here')\ndef f():\n    '''Said there.'''")
    assert read_flow(root, "flows/count.py:f").description == "Said here"


@pytest.mark.parametrize(("decorator", "position"), [("", 1), ("    @classmethod\n", 1), ("    @staticmethod\n", 0)])
def test_a_method_is_a_flow_without_its_self(write, decorator, position):
    first = "" if "static" in decorator else "self, "
    root = write(f"from prefect import flow\nclass Jobs:\n{decorator}    @flow\n    def run({first}x: int): ...")
    source = read_flow(root, "flows/count.py:Jobs.run")
    assert source.name == "run"
    assert source.schema["properties"] == {"x": {"position": position, "title": "x", "type": "integer"}}


@pytest.mark.parametrize("place", ["pkg/jobs/count.py", "pkg/jobs/count/__init__.py"])
def test_an_entrypoint_may_be_a_module_path(write, place):
    root = write(COUNT, place)
    assert read_flow(root, "pkg.jobs.count.count_to").name == "count-to"
    assert read_flow(root, "pkg.jobs.count:count_to").name == "count-to"


def test_nothing_in_the_file_runs(write, tmp_path):
    trace = tmp_path / "trace"
    root = write(
        f"import pathlib\nfrom prefect import flow\n"
        f"def leave(*args, **kwargs):\n    pathlib.Path({str(trace)!r}).touch()\n"
        "class Meta(type):\n    def __new__(cls, *args):\n        leave()\n        return type.__new__(cls, *args)\n"
        "class Model(metaclass=Meta):\n    x: int = leave()\n"
        "leave()\n"
        "@flow(name=leave())\n"
        "def f(a: leave() = leave(), b: 'leave()' = [leave() for _ in range(2)], c: Model = Model()):\n"
        "    leave()"
    )
    source = read_flow(root, "flows/count.py:f")
    assert set(source.schema["properties"]) == {"a", "b", "c"}
    assert not trace.exists()


@pytest.mark.parametrize(
    "text",
    [
        "a0 = 'xxxxxxxxxx'\n" + "\n".join(f"a{n + 1} = a{n} + a{n}" for n in range(60)) + "\nD = a60",
        "a0 = [1]\n" + "\n".join(f"a{n + 1} = [a{n}, a{n}]" for n in range(60)) + "\nD = a60",
        "a0 = 9\n" + "\n".join(f"a{n + 1} = a{n} * a{n}" for n in range(60)) + "\nD = a60",
        "D = " + "-" * 5000 + "1",
        "D = E\nE = D",
        "D = 10 ** 10 ** 10",
        "D = 9 ** 9 ** 9 ** 9",
        "D = 'x' * 10 ** 12",
        "D = 'x' * 9_999 * 9_999",
        "a0 = [1]\n" + "\n".join(f"a{n + 1} = a{n} + a{n}" for n in range(60)) + "\nD = a60",
        "D = 2\n" + "D *= D\n" * 60,
        "D, E = E, D",
    ],
)
def test_a_default_that_would_explode_is_not_worked_out(write, text):
    root = write(f"from prefect import flow\n{text}\n@flow\ndef f(x=D): ...")
    try:
        assert read_flow(root, "flows/count.py:f").schema["properties"]["x"]["default"] is None
    except SourceFlaw as refused:  # the parser itself has limits
        assert "cannot be read as Python" in refused.message  # noqa: PT017 - either answer is right


def doubling(first, line):
    return "\n".join([first, *(line.replace("<n>", str(n)).replace("<m>", str(n - 1)) for n in range(1, 41))])


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        (doubling("a0 = list([1])", "a<n> = list([*a<m>, *a<m>])"), "p<n>=a<n>"),
        (doubling("a0 = list([1])", "a<n> = list([a<m>, a<m>])"), "p<n>=a<n>"),
        (doubling("T0 = NewType('T', int)", "T<n> = NewType('T', Tuple[T<m>, T<m>])"), "p<n>: T<n>"),
        (doubling("class C0(BaseModel): x: Any = 1", "class C<n>(C0): y:Any = C<m>(); z: Any = C<m>()"), "p<n>=C<n>()"),
        (doubling("class C(BaseModel): x: Any; y: Any\na0 = C(x=1, y=1)", "a<n> = C(x=a<m>, y=a<m>)"), "p<n>=a<n>"),
        (doubling("class E0(Enum): A = 1", "class E<n>(Enum): A = [E<m>.A.value, E<m>.A.value]"), "p<n>=E<n>.A"),
        ("a = 'x' * 100000", "p<n>=[a, a, a]"),
        ("a = 'x' * 100000", "p<n>=list(a)"),
        (f"a = list([{'1, ' * 3000}])", "p<n>=a"),
    ],
)  # fmt: skip
def test_what_is_made_once_and_named_often_does_not_explode(write, text, parameter):
    head = "from enum import Enum\nfrom typing import Any, NewType, Tuple\nfrom pydantic import BaseModel\n"
    parameters = ", ".join(parameter.replace("<n>", str(n)) for n in range(41))
    root = write(f"{head}from prefect import flow\n{text}\n@flow\ndef f({parameters}): ...")
    schema = read_flow(root, "flows/count.py:f").schema
    assert len(schema["properties"]) == 41
    assert schema["properties"]["p40"].get("default") is None
    assert len(json.dumps(schema)) < 2_000_000


def test_a_class_that_many_parameters_take_is_known_for_each(write):
    members = "".join(f"    M{n} = {n}\n" for n in range(300))
    parameters = ", ".join(f"p{n}: E = E.M{n}" for n in range(40))
    root = write(
        f"import enum\nfrom prefect import flow\nclass E(enum.Enum):\n{members}@flow\ndef f({parameters}): ..."
    )
    assert read_flow(root, "flows/count.py:f").schema["properties"]["p39"]["default"] == 39


def test_what_stands_beside_a_default_and_is_no_json_is_left_out(write):
    field = "Field(default=1, json_schema_extra={'a': Field(default=2)})"
    root = write(
        f"from prefect import flow\nfrom pydantic import Field\n@flow\ndef f(x: int = {field}, y: int = 3): ..."
    )
    properties = read_flow(root, "flows/count.py:f").schema["properties"]
    assert properties["x"] == {"default": None, "title": "x", "position": 0}
    assert properties["y"]["default"] == 3


MODEL = """from typing import Annotated
from prefect import flow
from pydantic import BaseModel, ConfigDict, Field
class P(BaseModel):
    model_config = ConfigDict(regex_engine="python-re")
    name: str = Field(pattern=r"{pattern}")
@flow
def f(a: {type}, b: int = 1): ...
"""


def test_a_pattern_that_only_python_knows_is_kept(write):
    source = read_flow(write(MODEL.format(pattern="^(?!x).*$", type="P")), "flows/count.py:f")
    assert source.schema["definitions"]["P"]["properties"]["name"]["pattern"] == "^(?!x).*$"


@pytest.mark.parametrize(
    ("pattern", "type_"),
    [("(", "P"), ("x", "Annotated[str, Field(pattern='(')]")],
)
def test_a_type_that_has_no_schema_is_anything(write, pattern, type_):
    source = read_flow(write(MODEL.format(pattern=pattern, type=type_)), "flows/count.py:f")
    assert source.schema["properties"]["a"] == {"position": 0, "title": "a"}
    assert source.schema["properties"]["b"]["type"] == "integer"


def test_no_text_is_held_against_a_pattern_that_would_never_end(write):
    text = MODEL.format(pattern="^(a+)+$", type="P = P(name='" + "a" * 60 + "!')")
    assert read_flow(write(text), "flows/count.py:f").schema["properties"]["a"]["default"] is None


def test_a_file_that_is_written_anew_is_read_anew(write):
    root = write(COUNT)
    assert read_flow(root, "flows/count.py:count_to").name == "count-to"
    write(COUNT.replace("@flow", "@flow(name='Anew')"))
    assert read_flow(root, "flows/count.py:count_to").name == "Anew"


def test_a_missing_file_is_told_with_one_like_it(write):
    found = flaw(write(COUNT), "flows/cuont.py:count_to")
    assert (found.message, found.mend) == ("there is no file flows/cuont.py", "did you mean `flows/count.py`?")
    assert found.absent


def test_a_missing_module_is_told(write):
    assert flaw(write(COUNT), "pkg.jobs.f").message == "there is no module pkg.jobs in the project"


@pytest.mark.parametrize("place", ["../outside.py", "flows/../../outside.py", "link.py", "folder/outside.py"])
def test_a_path_out_of_the_project_is_refused(write, tmp_path, place):
    (tmp_path / "outside.py").write_text(COUNT)
    root = write(COUNT)
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    (root / "folder").symlink_to(tmp_path)
    assert "lies outside of the project" in flaw(root, f"{place}:f").message


def test_an_absolute_path_is_refused(write, tmp_path):
    (tmp_path / "outside.py").write_text(COUNT)
    assert "lies outside of the project" in flaw(write(COUNT), f"{tmp_path}/outside.py:count_to").message


def test_a_folder_and_a_looping_link_are_no_files(write):
    root = write(COUNT)
    (root / "loop.py").symlink_to(root / "loop.py")
    assert flaw(root, "loop.py:f").absent
    assert flaw(root, "flows:f").absent
    assert flaw(root, "fl\0ws.py:f").absent


def test_a_syntax_error_is_told_with_its_line(write):
    assert flaw(write("x = 1\ndef f(:\n"), "flows/count.py:f").message.startswith(
        "flows/count.py:2 is not valid Python: "
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff", "flows/count.py:1 is not valid Python: "), (b"\x00", "flows/count.py")],  # before 3.11.4 a ValueError
)
def test_a_file_that_is_no_text_is_told(write, content, said):
    root = write("")
    (root / "flows" / "count.py").write_bytes(content)
    assert flaw(root, "flows/count.py:f").message.startswith(said)


def test_a_misspelt_flow_is_told_with_the_one_meant(write):
    found = flaw(write(COUNT), "flows/count.py:count_too")
    assert (found.message, found.mend) == ("flows/count.py has no flow count_too", "did you mean `count_to`?")


def test_a_function_that_is_no_flow_is_told(write):
    found = flaw(write(COUNT + "\ndef plain(): ..."), "flows/count.py:plain")
    assert found.message == "plain in flows/count.py is not a flow"
    assert found.mend == "decorate it with @flow, or name a flow: count_to"


def test_a_decorator_that_is_only_called_flow_makes_no_flow(write):
    assert "is not a flow" in flaw(write("from other import flow\n@flow\ndef f(): ..."), "flows/count.py:f").message


@pytest.mark.parametrize("entrypoint", ["count_to", ":f", "a.py:", "."])
def test_what_is_no_entrypoint_is_told(write, entrypoint):
    assert "is no entrypoint" in flaw(write(COUNT), entrypoint).message


def test_a_path_that_becomes_a_link_out_of_the_project_is_not_followed(write, tmp_path):
    root = write(COUNT)
    (tmp_path / "outside.py").write_text(COUNT)
    assert flaw(root, "later.py:count_to").absent
    (root / "later.py").symlink_to(tmp_path / "outside.py")
    assert "outside" in flaw(root, "later.py:count_to").message


def test_a_root_behind_a_link_is_where_the_system_sees_it(write, tmp_path):
    write(COUNT)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link").symlink_to(tmp_path / "root" / "flows")
    root = tmp_path / "elsewhere" / "link" / ".."
    assert read_flow(root, "flows/count.py:count_to").description == "Count."


def test_a_relative_root_is_that_of_the_folder_where_one_is(write, tmp_path, monkeypatch):
    write(COUNT)
    write(COUNT.replace("Count.", "Another."), "../other/flows/count.py")
    monkeypatch.chdir(tmp_path / "root")
    assert read_flow(Path(), "flows/count.py:count_to").description == "Count."
    monkeypatch.chdir(tmp_path / "other")
    assert read_flow(Path(), "flows/count.py:count_to").description == "Another."
