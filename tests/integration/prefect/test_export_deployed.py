"""What `prefect deploy --all` makes of real files, exported beside their flows: a plan finds nothing to change.

The corpus, the stubs of its flows and the peer are those of `test_convert_equality`.
"""

import json

import pytest
from support.commands import Workdir
from support.corpus import CORPUS
from support.prefect_deploy import Folder, prefect_deploy, read_all, remove_all
from support.prefect_server import run_prefect_server

FAST = ("Axioq__wolf-tracks__1",)
NAMES = (
    *FAST,
    "Artoss__labour_market_AU__1",
    "Ben-Epstein__prefect-modal__1",  # a module's entrypoint
    "CIRADA-Tools__POSSUMutils__1",  # environment variables in job variables
    "CamilleLarpin__pea-pme-pulse__1",  # secrets in job variables
    "EWECORP__PDD__1",  # no pull steps
    "KarimJedda__cybergov__1",  # names with spaces
    "KlixMediaAds__klix-flows__2",  # several schedules
    "fxregimelab__fx-regime-lab__1",  # an interval without an anchor
    "jcooper036__humpday_day_trader__1",  # anchors, parameters of all sorts
    "jomariya23156__prefect-deployments__1",  # Prefect's variables, an rrule
    "limaofeng__quantx__1",  # limits that cancel, parameters of schedules
    "samuel-aka-viana__deathmetal-dw__1",  # environment variables in pull steps
    "yeongseon__polymap-korea__1",  # `pull: []`
)
FILES = [
    pytest.param(file, id=file.stem, marks=[] if file.stem in FAST else [pytest.mark.slow])
    for file in CORPUS
    if file.stem in NAMES
]


@pytest.fixture(scope="module")
def server(tmp_path_factory, prefect_template):
    """A server of our own, as all that is on it is exported."""
    with run_prefect_server(tmp_path_factory.mktemp("deployed"), prefect_template) as running:
        yield running


@pytest.fixture(scope="module")
def deploy(server, tmp_path_factory):
    with prefect_deploy(server, tmp_path_factory.mktemp("stand-ins")) as run:
        yield run


@pytest.mark.parametrize("file", FILES)
def test_a_plan_of_what_was_exported_is_empty(file, server, deploy, tmp_path):
    folder = Folder(tmp_path / "project", file.read_text(), server)
    folder.prepare()
    remove_all(server)
    said = deploy(folder)
    there = read_all(server)
    assert there, said
    project = Workdir(folder.root, {**folder.environment, "HOME": str(tmp_path)})
    exported = project.document("export", "Deployment/*", "--adopt", "-o", ".")
    assert {remark["sort"] for remark in exported["remarks"]} <= {"open"}, exported["remarks"]
    assert len(exported["manifests"]) == len(there)
    values = clear_values(exported, there)
    planned = project.document("plan", **values)
    assert planned["summary"]["unchanged"] == len(there)
    project.document("apply", "--auto-approve", **values)  # they become this project's, and nothing is written to them
    project.document("plan", "--detailed-exitcode", **values)
    assert read_all(server) == there


def clear_values(exported, there):
    """What the hidden variables were: the texts at their places, as only the server still knows them."""
    names = exported["project"].get("spec", {}).get("env", [])
    texts = {key: text for item in there.values() for key, text in strings(item)}
    return {name: next(text for key, text in texts.items() if name.endswith(key.upper())) for name in names}


def strings(value, key=""):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from strings(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, key)
    elif isinstance(value, str) and json.dumps(value):
        yield key, value
