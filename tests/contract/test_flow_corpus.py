"""Flows written in many ways: what we read of them is what Prefect says of them once it has run their files.

The flows are in `flow_corpus/`, a file per subject. Prefect runs each file once, and makes the schemas as
`prefect deploy` does.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pfa_gitops.platforms.prefect._flow_source import SourceFlaw, _flows, read_flow
from pfa_gitops.platforms.prefect._local_types import make_class
from pfa_gitops.platforms.prefect._static import Module, parse

CORPUS = Path(__file__).parent / "flow_corpus"

PREFECTS_ANSWERS = """
import inspect, json, pathlib, sys, warnings
warnings.simplefilter("ignore")
from prefect.flows import Flow
from prefect.utilities.callables import parameter_schema
from prefect.utilities.importtools import load_script_as_module

def flows_in(owner, module, prefix=""):
    for name in vars(owner):
        value = getattr(owner, name, None)
        if isinstance(value, Flow):
            yield prefix + name, value
        elif inspect.isclass(value) and value.__module__ == module:
            yield from flows_in(value, module, f"{prefix}{name}.")

answers = {}
for path in map(pathlib.Path, sys.argv[1:]):
    module = load_script_as_module(str(path))
    for name, flow in flows_in(module, module.__name__):
        schema = parameter_schema(flow).model_dump_for_openapi()
        answers[f"{path.name}:{name}"] = {"name": flow.name, "description": flow.description, "schema": schema}
print(json.dumps(answers, default=repr))
"""

RUNS_CODE = "the value is known only when code of the file runs, which plan never does: it is told as null"
FORWARD = "Prefect does not resolve a name in quotes inside of a type, and lets anything pass; the run does resolve it"
UNEQUAL = {
    "importing.py:from_factory": "a class that a function returns",
    "importing.py:looped": RUNS_CODE,
    "later.py:quoted": FORWARD,
    "models.py:dynamic": "`create_model` is not read: anything may come",
    "models.py:not_pydantic": "a class that makes its own schema when it runs",
    "signatures.py:calls": RUNS_CODE,
    "signatures.py:computed": RUNS_CODE,
    "signatures.py:comprehensions": RUNS_CODE,
    "signatures.py:environment": "plan's environment is not the one of the run",
    "signatures.py:lambdas": "a default that JSON cannot say Prefect leaves out; here it is null",
    "signatures.py:texts": RUNS_CODE,
    "types_.py:final": "Prefect loses a parameter that is `Final`",
    "types_.py:nested_strings": FORWARD,
    "types_.py:none_type": "`type(None)` is not read: anything may come",
}
"""Where we say something else than Prefect, and why."""
UNSEEN = {
    "importing.py:made": "a flow that a function returns",
    "making.py:bound": "a method of an object",
    "making.py:from_method": "a flow's function, taken out again",
}
"""Flows that only running the file would find. Their manifest must name them."""


def entrypoints():
    """Every flow of the corpus that our own reader or the lists above know."""
    trees = {file.name: parse(file.read_bytes()) for file in sorted(CORPUS.glob("*.py"))}
    return [f"{file}:{name}" for file, tree in trees.items() for name, _ in _flows(Module(tree, make_class), tree)]


@pytest.fixture(scope="module")
def prefects():
    files = [str(file) for file in sorted(CORPUS.glob("*.py"))]
    command = [sys.executable, "-c", PREFECTS_ANSWERS, *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def ours(entrypoint):
    source = read_flow(CORPUS, entrypoint)
    return json.loads(json.dumps({"name": source.name, "description": source.description, "schema": source.schema}))


def test_the_corpus_is_large_and_no_flow_is_missed(prefects):
    assert len(prefects) >= 140
    assert set(prefects) == set(entrypoints()) | set(UNSEEN)


@pytest.mark.parametrize("entrypoint", sorted(set(entrypoints()) - set(UNEQUAL)))
def test_a_flow_is_read_as_prefect_sees_it(prefects, entrypoint):
    assert ours(entrypoint) == prefects[entrypoint]


@pytest.mark.parametrize("entrypoint", UNEQUAL)
def test_where_we_differ_the_parameters_are_still_those(prefects, entrypoint):
    mine, theirs = ours(entrypoint), prefects[entrypoint]
    assert mine != theirs, "it is equal by now: take it off the list"
    assert (mine["name"], mine["description"]) == (theirs["name"], theirs["description"])
    if entrypoint != "types_.py:final":
        assert list(mine["schema"]["properties"]) == list(theirs["schema"]["properties"])
        assert mine["schema"].get("required") == theirs["schema"].get("required")


@pytest.mark.parametrize("entrypoint", UNSEEN)
def test_a_flow_that_only_running_finds_is_told_to_be_named(entrypoint):
    with pytest.raises(SourceFlaw) as caught:
        read_flow(CORPUS, entrypoint)
    assert caught.value.unseen
    assert "write `flow_name`" in caught.value.mend
