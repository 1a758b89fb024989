"""What an Automation says offline, and how names and ids meet. No server is asked."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from pfa_gitops.manifests.pipeline import read_workspace
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Manifest
from pfa_gitops.platforms.prefect._automation_resources import Named
from pfa_gitops.platforms.prefect._automation_wire import from_wire, to_wire
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget
from pfa_gitops.platforms.prefect.automation import KIND
from pfa_gitops.platforms.registry import kinds

ID = "00000000-0000-4000-8000-00000000000{}".format
ON_STATES = {"type": "event", "expect": ["prefect.flow-run.Running"]}
EVENT = {"type": "event"}


def manifest(spec: dict) -> Manifest:
    return Manifest(Address("Automation", "a"), KIND.spec.model_validate(spec), KIND.key("a", KIND.spec(trigger=EVENT)))


def problems(spec: dict) -> list[str]:
    return [problem.message for problem in KIND.check(manifest(spec))]


@pytest.mark.parametrize(
    ("trigger", "step", "loops"),
    [
        (ON_STATES, {"type": "run-deployment", "source": "inferred"}, True),
        (ON_STATES, {"type": "run-deployment", "deployment": "f/d"}, True),
        (ON_STATES | {"match": {"prefect.resource.id": ["prefect.flow-run.*"]}}, {"deployment": "f/d"}, True),
        (ON_STATES | {"match": {"prefect.resource.name": "x"}}, {"deployment": "f/d"}, False),
        (ON_STATES | {"match": {"prefect.resource.name": "x"}}, {"source": "inferred"}, True),
        (ON_STATES | {"match_related": {"prefect.resource.id": {"flow": "f"}}}, {"deployment": "f/d"}, False),
        (ON_STATES | {"posture": "Proactive"}, {"deployment": "f/d"}, False),
        (ON_STATES | {"expect": ["prefect.flow-run.Failed"]}, {"deployment": "f/d"}, False),
    ],
)
def test_runs_that_start_runs_without_end(trigger, step, loops):
    spec = {"trigger": trigger, "actions": [{"type": "run-deployment"} | step]}
    expected = ["each run that this starts would trigger the automation again, without end"] if loops else []
    assert problems(spec) == expected
    assert problems(spec | {"enabled": False}) == []


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"type": "pause-work-pool"}, "the action names no work_pool"),
        ({"type": "pause-work-pool", "work_pool": None}, "the action names no work_pool"),
        ({"type": "resume-deployment", "source": "inferred", "deployment": "f/d"}, "and has it inferred too"),
    ],
)
def test_what_an_action_is_about_is_said_in_one_way(step, message):
    [found] = problems({"trigger": EVENT, "actions_on_resolve": [step]})
    assert message in found


def test_a_name_stands_for_an_id_only():
    trigger = {"type": "sequence", "triggers": [EVENT | {"match_related": [{}, {"a.name": [{"flow": "f"}, "x"]}]}]}
    [problem] = KIND.check(manifest({"trigger": trigger}))
    assert problem.message == "the label a.name is no id, so that no resource can stand for it"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "event", "posture": "Proactive", "within": 5}, "within must be at least 10 seconds"),
        (
            {"type": "compound", "require": 2, "triggers": [EVENT]},
            "require must be from 1 to the number of triggers, 1",
        ),
        (
            {"type": "metric", "metric": {"name": "lateness", "operator": "<", "threshold": 1, "range": 60}},
            "300 seconds",
        ),
        (EVENT | {"match": {"prefect.resource.id": {"flow": "f", "work_pool": "p"}}}, "name exactly one resource"),
        (EVENT | {"match": {"prefect.resource.id": {}}}, "name exactly one resource"),
    ],
)
def test_triggers_that_prefect_would_refuse(spec, message):
    with pytest.raises(ValueError, match=message):
        KIND.spec.model_validate({"trigger": spec})


def test_an_id_that_the_manifest_writes_out_stays_one_and_all_others_read_as_names():
    written = f"prefect.deployment.{ID(1)}"
    match = {"prefect.resource.id": [written, f"prefect.flow.{ID(2)}", f"prefect.flow.{ID(3)}", "prefect.flow.*"]}
    item = {"name": "a", "enabled": True, "trigger": {"type": "event", "id": ID(9), "match": match}, "actions": []}
    names = {Named("deployment", ID(1)): "f/d", Named("flow", ID(2)): "f"}
    wanted = KIND.spec.model_validate({"trigger": EVENT | {"match": {"prefect.resource.id": written}}})
    live = from_wire(item, wanted, names).trigger.match["prefect.resource.id"]
    assert [getattr(label, "flow", label) for label in live] == [
        written,
        "f",
        f"prefect.flow.{ID(3)}",
        "prefect.flow.*",
    ]


@pytest.mark.parametrize(
    "step",
    [
        {"type": "of-a-newer-server", "level": 3},
        {"type": "pause-deployment", "source": "selected", "deployment_id": ID(1)},
        {"type": "pause-work-queue", "source": "selected", "work_queue_id": ID(1)},
    ],
)
def test_what_no_manifest_can_say_differs_and_is_written_back_as_it_was(step):
    item = {"name": "a", "enabled": True, "trigger": EVENT | {"within": 0}, "actions": [], "actions_on_resolve": [step]}
    live = from_wire(item, KIND.spec.model_validate({"trigger": EVENT}), {})
    assert to_wire(live, "a", {})["actions_on_resolve"] == [step]


def observed(*items: dict, target: PrefectTarget, spec: dict | None = None, **known):
    async def scenario():
        transport = httpx.MockTransport(lambda request: httpx.Response(200, json=items))
        async with PrefectClient(target, transport) as client:
            return await KIND.observe(client, [replace(manifest(spec or {"trigger": EVENT}), **known)])

    found = asyncio.run(scenario())
    return [live.id for live in found.lives], [problem.message for problem in found.problems]


ITEM = {"id": ID(1), "name": "a", "enabled": True, "trigger": EVENT, "actions": []}
OWN = PrefectTarget("http://any/api")


def test_two_of_a_name_are_nobodys():
    lives, [message] = observed(ITEM, ITEM | {"id": ID(2)}, target=OWN)
    assert lives == []
    assert message == "Prefect has 2 automations called a, and nothing tells which one is meant"


def test_an_owner_that_the_server_tells_is_respected():
    lives, [message] = observed(ITEM | {"owner_resource": "prefect.deployment.x"}, target=OWN)
    assert lives == []
    assert message == "the automation a belongs to prefect.deployment.x: `prefect deploy` makes it anew each time"


@pytest.mark.parametrize("known", [{"adopt": True}, {"applied": {"description": "x"}}])
def test_what_somebody_took_over_from_prefect_deploy_is_his(known):
    assert observed(ITEM | {"owner_resource": "prefect.deployment.x"}, target=OWN, **known) == ([ID(1)], [])


METRIC = {"type": "metric", "metric": {"name": "lateness", "operator": ">", "threshold": 1}}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"trigger": METRIC}, "a metric trigger is for Prefect Cloud only"),
        (
            {"trigger": {"type": "compound", "require": 1, "triggers": [METRIC]}},
            "a metric trigger is for Prefect Cloud only",
        ),
        ({"trigger": EVENT, "actions": [{"type": "declare-incident"}]}, "declare-incident is for Prefect Cloud only"),
    ],
)
def test_what_only_cloud_takes(spec, message):
    assert message in observed(target=OWN, spec=spec)[1][0]
    assert observed(target=PrefectTarget("https://api.prefect.cloud/api/x", cloud=True), spec=spec) == ([], [])


def test_the_flow_of_a_deployment_of_another_project_must_be_named():
    spec = {"trigger": EVENT, "actions": [{"type": "pause-deployment", "deployment": "nightly"}]}
    assert observed(target=OWN, spec=spec)[1] == [
        "the deployment nightly is not of this project, so that its flow is not known"
    ]


def test_a_type_that_nobody_knows_or_that_is_missing_is_told_at_its_place(tmp_path):
    head = "apiVersion: pfa-gitops/v1\nkind: {}\nmetadata: {{name: {}}}\n"
    (tmp_path / "pfa-gitops.yaml").write_text(head.format("Project", "p"))
    (tmp_path / "manifests").mkdir()
    spec = "spec:\n  trigger: {posture: Reactive}\n  actions:\n    - {type: pause-deploymnt, source: inferred}\n"
    (tmp_path / "manifests/a.yaml").write_text(head.format("Automation", "a") + spec)
    with pytest.raises(ProblemsFound) as raised:
        read_workspace(tmp_path, None, kinds(), {}, dict)
    [missing, unknown] = raised.value.problems
    assert missing.message == "`spec.trigger.type` is missing"
    assert str(missing.origin).endswith("a.yaml:5:3")
    assert unknown.message.startswith("`spec.actions[0].type` must be `do-nothing`, ")
    assert unknown.mend == "did you mean `pause-deployment`?"
    assert str(unknown.origin).endswith("a.yaml:7:14")
