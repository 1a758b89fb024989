"""What `prefect deploy --all` makes of real files, and what `apply` makes of their conversion: the same on the server.

Docker and the clouds are not here: the functions of such build and push steps are stand-ins that answer what they were
given (`support/prefect_deploy.py`). Shell steps run. The flows are stubs.
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
    read_automations,
    remove_all,
    variables_of,
)
from support.prefect_server import run_prefect_server

from pfa_gitops.convert.values import UNKNOWN

NAMES = (
    "Artoss__labour_market_AU__1",  # keys that are ignored, one schedule, a limit
    "Axioq__wolf-tracks__1",
    "Ben-Epstein__prefect-modal__1",  # a module's entrypoint
    "PrefectHQ__prefect-recipes__2",  # a trigger that gives parameters from the event
    "genomehubs__data__1",  # twelve triggers, with variables in their labels
    "tiloye__securities-data-pipeline__2",  # a compound trigger
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
TRIGGERED = """
name: triggered
pull: []
build:
- prefect.deployments.steps.run_shell_script: {id: branch, script: git rev-parse --abbrev-ref HEAD}
deployments:
- name: first
  entrypoint: flows/a.py:first
  work_pool: {name: triggered}
  parameters: {a: null, b: null}
  triggers:
  - {expect: [stock.changed, stock.gone], match: {prefect.resource.id: ["stock.*", "shop.*"], kind: stock}}
  - name: Nothing came
    description: it should have come by now
    enabled: false
    type: event
    posture: Proactive
    after: [prefect.flow-run.Running]
    expect: [prefect.flow-run.Completed]
    for_each: [prefect.resource.id]
    match: {prefect.resource.id: prefect.flow-run.*}
    match_related: [{prefect.resource.role: flow, prefect.resource.id: "prefect.flow.*"}]
    threshold: 3
    within: 600
    schedule_after: PT5M
    parameters: {a: "{{ event.id }}", b: "{{ $REGION }}/{{ event.resource.name | upper }}", c: "{{ branch.stdout }}"}
    job_variables: {env: {REGION: "{{ $REGION }}"}, working_dir: "/{{ branch.stdout }}"}
  - {type: event, posture: Proactive, expect: [a], match_related: [{a: b}, {c: d}]}
  - {type: compound, require: any, within: 3600, triggers: [{expect: [a]}, {expect: [b], within: '00:10:00'}]}
  - {require: 1, triggers: [{expect: [a]}, {triggers: [{expect: [b]}, {expect: [c]}]}]}
  - {type: sequence, within: 60.5, triggers: [{expect: [a]}, {expect: [b], match: {c: "{{ branch.stdout }}"}}]}
  - {triggers: [{type: event, expect: [a]}]}
- name: second
  entrypoint: flows/a.py:second
  work_pool: {name: triggered}
  triggers:
  - {expect: [prefect.flow-run.Completed], match_related: {prefect.resource.name: first, prefect.resource.role: flow}}
"""
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
    compare(Folder(tmp_path / "project", file.read_text(), server), deploy, tmp_path)


def test_automations_of_each_sort_are_those_of_prefect_deploy(server, deploy, tmp_path):
    """But for metric triggers, which a server of one's own refuses: `contract/test_triggers.py` has them."""
    folder = Folder(tmp_path / "project", TRIGGERED, server)
    project, said = compare(folder, deploy, tmp_path)
    assert len(read_automations(server)) == TRIGGERED.count("\n  - "), said
    for step in ("plan", "drift"):  # a name as `prefect deploy` gives it is ours by now
        done = project.pfa(step, *(["--detailed-exitcode"] if step == "plan" else []))
        assert done.returncode == 0, done.stderr


def test_what_prefect_deploy_made_can_be_taken_over(server, deploy, tmp_path):
    text = TRIGGERED.replace("name: triggered\n", "name: taken\n", 1)  # another project, to which nothing belongs
    folder = Folder(tmp_path / "project", text, server)
    folder.prepare()
    remove_all(server)
    said = deploy(folder)
    before = read_automations(server)
    assert before, said
    project = converted(folder, tmp_path)
    done = project.pfa("plan")
    assert done.returncode == 1
    assert "once `prefect deploy` runs no more, `pfa-gitops import Automation/first__automation_1`" in done.stderr
    assert project.pfa("import", "--all").returncode == 0
    done = project.pfa("plan", "--detailed-exitcode")
    assert done.returncode == 0, done.stdout
    assert read_automations(server) == before


def compare(folder: Folder, deploy, home: Path) -> tuple[Workdir, str]:
    """Do both, and hold what is on the server then against each other."""
    folder.prepare()
    remove_all(folder.server)
    said = deploy(folder)
    theirs, their_automations = read_all(folder.server), read_automations(folder.server)
    remove_all(folder.server)
    project = converted(folder, home)
    done = project.pfa("apply", "--auto-approve")
    assert done.returncode == 0, done.stderr
    ours = read_all(folder.server)
    assert sorted(theirs) == sorted(ours), said
    assert theirs, said
    assert {name: found for name in theirs if (found := differ(folder, theirs[name], ours[name]))} == {}
    assert read_automations(folder.server) == their_automations, said
    return project, said


def converted(folder: Folder, home: Path) -> Workdir:
    """Convert the file in its folder, and fill in what only a reader knows."""
    project = Workdir(folder.root, {**folder.environment, "HOME": str(home)})
    assert project.pfa("convert", "--output", ".").returncode == 0
    own = folder.root / "pfa-gitops.yaml"
    text = own.read_text()
    for name, value in variables_of(folder.text).items():
        text = text.replace(f"{name}: {UNKNOWN}", f"{name}: {value}")
    own.write_text(text)
    return project


def differ(folder: Folder, theirs, ours) -> list[str]:
    """What differs, but for what does on purpose; a block or a variable in job variables is filled in by each run."""
    [versioned] = {bool(one.get("version")) for one in folder.content["deployments"] if one.get("name") == ours["name"]}
    ours = ours | {"job_variables": filled(ours["job_variables"], folder.text)}
    return differences(comparable(theirs, versioned), comparable(ours, versioned))
