"""What `prefect deploy --all` makes of real files, and what `apply` makes of their conversion: the same on the server.

Docker and the clouds are not here: the functions of such build and push steps are stand-ins that answer what they were
given (`support/prefect_deploy.py`). Shell steps run. The flows are stubs. Triggers are not compared: `convert` only
tells them.
"""

from pathlib import Path

import pytest
from support.commands import Workdir
from support.corpus import CORPUS
from support.prefect_deploy import (
    Folder,
    comparable,
    differences,
    filled,
    prefect_deploy,
    read_all,
    remove_all,
    variables_of,
)
from support.prefect_server import run_prefect_server

from pfa_gitops.convert.values import UNKNOWN

NAMES = (
    "Artoss__labour_market_AU__1",  # keys that are ignored, one schedule, a limit
    "Axioq__wolf-tracks__1",
    "Ben-Epstein__prefect-modal__1",  # a module's entrypoint
    "CIRADA-Tools__POSSUMutils__1",  # environment variables in job variables
    "CSI-Zachary__prefect_deployments__1",  # an image with a fixed tag
    "CamilleLarpin__pea-pme-pulse__1",  # secrets in job variables
    "EWECORP__PDD__1",  # no pull steps
    "EWECORP__PREFECT_DIARCO__2",
    "KarimJedda__cybergov__1",  # names with spaces
    "KlixMediaAds__klix-flows__2",  # several schedules
    "PatrickJODonnell__recap__1",  # pull steps of a deployment's own
    "bennettoxford__openprescribing-hospitals__1",  # an image without a build step
    "chiplusplus__access-iq-platform__1",
    "fxregimelab__fx-regime-lab__1",  # an interval without an anchor
    "geoffosborn__methlab__1",
    "jcooper036__humpday_day_trader__1",  # anchors of YAML, parameters of all sorts
    "jomariya23156__prefect-deployments__1",  # Prefect's variables, an rrule
    "levyvix__scraper-filmes__1",  # an interval with an anchor
    "limaofeng__quantx__1",  # limits that cancel, parameters of schedules
    "orkapodavid__prefect_marimo_starter__1",
    "prefeitura-rio__prefect_rj_civitas__1",  # a tag from git
    "prefeitura-rio__prefect_rj_iplanrio__38",  # anchors without an offset
    "samuel-aka-viana__deathmetal-dw__1",  # environment variables in pull steps
    "tig0826__prefect-workflow__2",
    "tiloye__securities-data-pipeline__1",  # a shell step's output in pull steps
    "yeongseon__polymap-korea__1",  # `pull: []`
)
FILES = [file for file in CORPUS if file.stem in NAMES]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory, prefect_template):
    """A server of our own, as all that is on it is compared."""
    with run_prefect_server(tmp_path_factory.mktemp("convert"), prefect_template) as running:
        yield running


@pytest.fixture(scope="module")
def deploy(server, tmp_path_factory):
    with prefect_deploy(server, tmp_path_factory.mktemp("stand-ins")) as run:
        yield run


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_apply_makes_of_the_conversion_what_prefect_deploy_makes_of_the_file(file, server, deploy, tmp_path):
    folder = Folder(tmp_path / "project", file.read_text(), server)
    folder.prepare()
    remove_all(server)
    said = deploy(folder)
    theirs = read_all(server)
    remove_all(server)
    apply_conversion(folder, tmp_path)
    ours = read_all(server)
    assert sorted(theirs) == sorted(ours), said
    assert theirs, said
    assert {name: found for name in theirs if (found := differ(folder, theirs[name], ours[name]))} == {}


def apply_conversion(folder: Folder, home: Path) -> None:
    """Convert the file in its folder, fill in what only a reader knows, and apply."""
    project = Workdir(folder.root, {**folder.environment, "HOME": str(home)})
    assert project.pfa("convert", "--output", ".").returncode == 0
    own = folder.root / "pfa-gitops.yaml"
    text = own.read_text()
    for name, value in variables_of(folder.text).items():
        text = text.replace(f"{name}: {UNKNOWN}", f"{name}: {value}")
    own.write_text(text)
    done = project.pfa("apply", "--auto-approve")
    assert done.returncode == 0, done.stderr


def differ(folder: Folder, theirs, ours) -> list[str]:
    """What differs, but for what does on purpose; a block or a variable in job variables is filled in by each run."""
    [versioned] = {bool(one.get("version")) for one in folder.content["deployments"] if one.get("name") == ours["name"]}
    ours = ours | {"job_variables": filled(ours["job_variables"], folder.text)}
    return differences(comparable(theirs, versioned), comparable(ours, versioned))
