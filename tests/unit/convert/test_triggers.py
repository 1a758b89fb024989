import pytest

from pfa_gitops.convert.triggers import SORTS
from pfa_gitops.platforms.prefect._automation_triggers import TRIGGERS

RUN = {"type": "run-deployment", "deployment": "d"}


def automations(done) -> dict:
    """The specs of the automations, by name."""
    return {
        name.removeprefix("Automation/"): spec for name, spec in done.specs.items() if name.startswith("Automation/")
    }


def test_a_trigger_becomes_an_automation_that_runs_its_deployment(deployment):
    done = deployment(
        "triggers:\n"
        "- {enabled: true, expect: [a.b, a.c], match: {prefect.resource.id: 'a.*'}}\n"
        "- name: Late\n"
        "  description: it is late\n"
        "  enabled: false\n"
        "  type: event\n"
        "  posture: Proactive\n"
        "  after: [a]\n"
        "  expect: [b]\n"
        "  for_each: [prefect.resource.id]\n"
        "  match_related: [{prefect.resource.role: flow}]\n"
        "  threshold: 2\n"
        "  within: '00:10:00'\n"
        "  schedule_after: 60.0\n"
        "  job_variables: {env: {A: b}}\n"
    )
    assert automations(done) == {
        "d__automation_1": {
            "trigger": {"type": "event", "expect": ["a.b", "a.c"], "match": {"prefect.resource.id": "a.*"}},
            "actions": [RUN],
        },
        "Late": {
            "description": "it is late",
            "enabled": False,
            "trigger": {
                "type": "event",
                "posture": "Proactive",
                "expect": ["b"],
                "after": ["a"],
                "for_each": ["prefect.resource.id"],
                "threshold": 2,
                "within": 600,
                "match_related": [{"prefect.resource.role": "flow"}],
            },
            "actions": [RUN | {"job_variables": {"env": {"A": "b"}}, "schedule_after": 60}],
        },
    }
    assert [*done.said("lost"), *done.said("changed"), *done.said("refused")] == []


def test_the_sort_of_a_trigger_is_what_prefect_infers(deployment):
    done = deployment(
        "triggers:\n"
        "- {posture: Metric, metric: {name: lateness, operator: '>', threshold: 1, range: 600}}\n"
        "- {require: all, within: 60, triggers: [{expect: [a]}, {triggers: [{expect: [b]}, {type: event}]}]}\n"
        "- {triggers: [{expect: [a]}]}\n"
    )
    inner = [{"type": "event", "expect": ["b"]}, {"type": "event"}]
    assert [spec["trigger"] for spec in automations(done).values()] == [
        {"type": "metric", "metric": {"name": "lateness", "operator": ">", "threshold": 1, "range": 600}},
        {
            "type": "compound",
            "require": "all",
            "within": 60,
            "triggers": [{"type": "event", "expect": ["a"]}, {"type": "sequence", "triggers": inner}],
        },
        {"type": "sequence", "triggers": [{"type": "event", "expect": ["a"]}]},
    ]


def test_what_the_event_fills_in_stays_and_the_rest_is_translated(deployment):
    done = deployment(
        "triggers:\n"
        "- enabled: '{{ prefect.variables.on }}'\n"
        "  match: {prefect.resource.id: 'x.{{ $NAME }}'}\n"
        "  parameters: {a: '{{ event.id }}', b: '{{ a.stdout }}/{{ $NAME }}', c: '{{ event.id | upper }}'}\n"
        "  job_variables: {image: '{{ a.stdout }}', key: '{{ prefect.blocks.secret.k }}', gone: '{{ event.id }}'}\n",
        top="build:\n- prefect.deployments.steps.run_shell_script: {id: a, script: git rev-parse HEAD}\n",
    )
    [spec] = automations(done).values()
    assert spec["enabled"] == "${{ vars.on }}"
    assert spec["trigger"]["match"] == {"prefect.resource.id": "x.${{ env.NAME }}"}
    assert spec["actions"] == [
        RUN
        | {
            "parameters": {"a": "{{ event.id }}", "b": "{{ a.stdout }}/${{ env.NAME }}", "c": "{{ event.id | upper }}"},
            "job_variables": {"image": "${{ git.commit }}", "key": "{{ prefect.blocks.secret.k }}"},
        }
    ]
    assert done.said("lost") == [
        "11: {{ event.id }} names no build or push step; `prefect deploy` leaves it out, and so does the manifest"
    ]


def test_automations_that_would_share_a_name_are_told_apart(converted):
    fields = "pull: [], work_pool: {name: w}, triggers: [{expect: [a]}, {name: same, expect: [b]}]"
    done = converted(
        f"deployments:\n- {{name: prod, entrypoint: 'a.py:one', {fields}}}\n"
        f"- {{name: prod, entrypoint: 'a.py:two', {fields}}}\n"
    )
    runs = {name: spec["actions"][0]["deployment"] for name, spec in automations(done).items()}
    assert runs == {
        "prod__automation_1": "prod",
        "same": "prod",
        "two-prod__automation_1": "two-prod",
        "two-same": "two-prod",
    }
    assert done.said("changed") == [
        "3: a second automation would be called prod__automation_1: this one is now two-prod__automation_1",
        "3: a second automation would be called same: this one is now two-same",
    ]


def test_a_name_that_no_manifest_takes_stays_on_the_platform(deployment):
    done = deployment("triggers: [{name: 'a/b', expect: [c]}]")
    assert automations(done)["a-b"]["name"] == "a/b"


def test_what_prefect_deploy_ignores_in_a_trigger_is_told(deployment):
    done = deployment("triggers:\n- {expects: [a], type: event}\n- {triggers: [{name: x, expect: [a]}]}")
    assert done.said("lost") == [
        "8: `expects` of this trigger is ignored by `prefect deploy`, and is not carried over",
        "9: `name` of this trigger is ignored by `prefect deploy`, and is not carried over",
    ]


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ("type: evnt", "a trigger of the type 'evnt' is none that Prefect knows"),
        ("threshold: many", "`spec.trigger.threshold` must be a whole number"),
        ("expect: text", "`spec.trigger.expect`"),
        ("within: soon", "it is no interval"),
        ("posture: Metric", "`spec.trigger.metric` is missing"),
        ("require: 3\n  triggers: [{expect: [a]}]", "require must be from 1 to the number of triggers"),
        ("triggers: []", "`spec.trigger.triggers`"),
        ("triggers: [5]", "`spec.trigger.triggers[0]`"),
        ("triggers: [{threshold: 0}]", "`spec.trigger.triggers[0].threshold`"),
        ("expect: [prefect.flow-run.*]", "each run that this starts would trigger the automation again"),
    ],
)
def test_what_prefect_would_refuse_is_refused_with_its_line(deployment, trigger, said):
    done = deployment(f"triggers:\n- {trigger}\n")
    assert list(done.specs) == ["Deployment/d"]
    [found] = done.said("refused")
    assert found.startswith(("8: ", "9: "))
    assert said in found


def test_an_automation_goes_with_the_deployment_that_it_runs(deployment):
    done = deployment("concurrency_limit: many\ntriggers: [{expect: [a]}]")
    assert done.specs == {}
    assert done.said("refused")[1:] == ["8: Automation/d__automation_1 needs Deployment/d, which is not converted"]


@pytest.mark.parametrize(
    ("triggers", "line"), [("triggers: 5", 7), ("triggers: [5]", 7), ("triggers: {expect: [a]}", 7)]
)
def test_triggers_that_are_none_are_told(deployment, triggers, line):
    done = deployment(triggers)
    assert list(done.specs) == ["Deployment/d"]
    assert [said[:2] for said in done.said("lost")] == [f"{line}:"]


def test_no_field_of_a_trigger_is_forgotten():
    own = {sort: set(model.model_fields) - {"type"} for sort, model in TRIGGERS.items()}
    assert {sort: set(fields) for sort, fields in SORTS.items()} == own
