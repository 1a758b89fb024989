"""Whom a change of a flow's parameters hits."""

import pytest

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Change, FieldChange, Key, Live, Manifest
from pfa_gitops.platforms.prefect._contract import SCHEMA, who_is_hit
from pfa_gitops.platforms.prefect.deployment import DeploymentSpec

INT, NUMBER, TEXT = ({"type": name} for name in ("integer", "number", "string"))
OPTIONAL = {"x": {**NUMBER, "default": 1}}


def schema(required=(), **properties):
    return {"title": "Parameters", "type": "object", "properties": properties, "required": list(required)}


def hits(live, desired, parameters, named):
    """By what the deployment gives, live or in its manifest."""
    wanted = {"flow_name": "f", SCHEMA: desired, **({"parameters": parameters} if named else {})}
    key, spec = Key("Deployment", "f/d"), DeploymentSpec.model_validate(wanted)
    there = DeploymentSpec.model_validate({"flow_name": "f", SCHEMA: live, "parameters": parameters})
    fields = (FieldChange((SCHEMA,), live, desired),)
    manifest = Manifest(Address("Deployment", "d"), spec, key)
    change = Change(manifest.address, Action.UPDATE, fields, manifest, Live(key, there, "id"))
    return [(name, hit.sort.value) for name, hit in who_is_hit(change, [change], [], [])]


@pytest.mark.parametrize("named", [True, False], ids=["in its manifest", "live only"])
@pytest.mark.parametrize(
    ("live", "desired", "parameters", "expected"),
    [
        (schema(**OPTIONAL), schema(["x"], x=INT), {"x": 3}, []),
        (schema(**OPTIONAL), schema(["x"], x=INT), {"x": 3.5}, [("x", "deployment")]),
        (schema(**OPTIONAL), schema(["x"], x=INT), {}, []),
        (schema(**OPTIONAL), schema(["x", "y"], x=INT, y=TEXT), {"x": 3}, []),
        (schema(x=INT), schema(), {"x": 3}, [("x", "deployment")]),
        (schema(x=INT), schema(), {"y": 3}, []),
    ],
    ids=[
        "it gives what fits",
        "it gives what does not",
        "it gives nothing",
        "others are to give the rest",
        "what it gives is gone",
        "it never fitted",
    ],
)
def test_the_parameters_that_a_deployment_itself_gives(live, desired, parameters, expected, named):
    assert hits(live, desired, parameters, named) == expected
