"""The schemas that editors use: they agree with the models, and know templates."""

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from pfa_gitops.manifests.schema import schemas
from pfa_gitops.platforms.registry import kinds as registered

COMMITTED = Path(__file__).parents[3] / "schemas"

GOOD = """
apiVersion: pfa-gitops/v1
kind: Job
metadata: {name: "${{ vars.name }}"}
spec:
  entrypoint: flows/a.py:run
  env: {A: x, B: {from_env: B}, C: "${{ vars.c }}"}
  mode: "${{ vars.mode }}"
  retries: "${{ vars.retries }}"
  schedules: ["${{ vars.schedule }}", {cron: "0 3 * * *"}, {every: "${{ 60 * 5 }}"}]
  shape: {machine: m5, count: "${{ vars.count }}"}
  token: {from_aws_secret: {id: a, region: "${{ vars.region }}"}}
  data: [1, {a: null}]
---
apiVersion: pfa-gitops/v1
kind: Override
metadata: {name: a}
spec: {environments: [prod], match: {kind: Job}, patch: {mode: fast}, until: 2027-01-15T18:00:00Z, reason: x}
---
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: a}
spec:
  vars: {a: [1]}
  environments: {dev: {default: true, limits: {max_deletes: "${{ env.MAX }}"}}, prod: {}}
---
apiVersion: pfa-gitops/v1
kind: Pool
metadata: {name: a}
"""


@cache
def generated():
    return schemas(registered())


def validator(kinds, name="manifest"):
    return jsonschema.Draft202012Validator(schemas(kinds)[name], format_checker=jsonschema.FormatChecker())


class TextTimes(yaml.SafeLoader):
    """A timestamp stays text, as in manifests."""


TextTimes.add_constructor("tag:yaml.org,2002:timestamp", TextTimes.construct_scalar)


def documents(text):
    return list(yaml.load_all(text, TextTimes))


def test_what_is_right_is_right_to_the_combined_schema_and_to_the_kinds_own(kinds):
    for document in documents(GOOD):
        for name in ("manifest", document["kind"]):
            assert [error.message for error in validator(kinds, name).iter_errors(document)] == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"metadata": {"name": "a/b"}}, "$.metadata.name"),
        ({"metadata": {}}, "$.metadata"),
        ({"spec": {}}, "$.spec"),
        ({"spec": {"entrypoint": "a:b", "mod": "fast"}}, "$.spec"),
        ({"spec": {"entrypoint": "a:b", "mode": "slow"}}, "$.spec.mode"),
        ({"spec": {"entrypoint": "a:b", "token": "clear text"}}, "$.spec.token"),
        ({"spec": {"entrypoint": "a:b", "token": {"from_env": "A", "from_file": "b"}}}, "$.spec.token"),
        ({"spec": {"entrypoint": "a:b", "token": {}}}, "$.spec.token"),
        ({"spec": {"entrypoint": "a:b", "retries": "many"}}, "$.spec.retries"),
        ({"spec": {"entrypoint": 5}}, "$.spec.entrypoint"),
        ({"apiVersion": "${{ vars.x }}"}, "$.apiVersion"),
        ({"kind": "Jobb"}, "$.kind"),
        ({"specs": {}}, "$"),
    ],
)
def test_what_is_wrong_is_wrong(kinds, change, place):
    document = {**documents(GOOD)[0], **change}
    assert place in {error.json_path for error in validator(kinds).iter_errors(document)}


def test_fields_carry_their_descriptions_and_no_noise(kinds):
    job = schemas(kinds)["Job"]["properties"]["spec"]["properties"]
    assert job["pool"]["description"] == "The pool that runs it."
    assert "default" not in job["pool"]
    assert "title" not in job["pool"]
    assert job["mode"]["default"] == "fast"


@pytest.mark.parametrize("name", [*registered(), "Override", "Project", "manifest"])
def test_the_schemas_are_sound(name):
    schema = generated()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"{name}.json"


@pytest.mark.parametrize("name", [*registered(), "Override", "Project"])
def test_the_schema_of_a_kind_describes_every_field(name):
    schema = generated()[name]
    undescribed = [
        f"{owner}.{field}"
        for owner, model in {name: schema["properties"].get("spec", {}), **schema["$defs"]}.items()
        for field, value in model.get("properties", {}).items()
        if not (
            {"description", "$ref", "const"} & value.keys()
            or any("$ref" in option for option in value.get("anyOf", []))
        )
    ]
    assert undescribed == []


@pytest.mark.parametrize("name", [*registered(), "Override", "Project", "manifest"])
def test_the_committed_schemas_are_the_generated_ones(name):
    """`make generate` writes them."""
    assert json.loads((COMMITTED / f"{name}.json").read_text()) == generated()[name]


def test_no_schema_of_a_kind_that_is_gone():
    assert {path.stem for path in COMMITTED.glob("*.json")} == {*generated(), "plan"}
