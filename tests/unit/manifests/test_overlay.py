from datetime import UTC, datetime

import pytest

from pfa_gitops.manifests.document import Places
from pfa_gitops.manifests.overlay import Patching
from pfa_gitops.model.secrets import SecretRef

PROJECT = """
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: test}
spec:
  environments: {dev: {default: true}, prod: {vars: {size: 7}}}
"""
POOLS = """
apiVersion: pfa-gitops/v1
kind: Pool
metadata: {name: gpu-a, labels: {team: ml}}
spec:
  limit: 1
  queues: [{name: x}]
---
apiVersion: pfa-gitops/v1
kind: Pool
metadata: {name: cpu}
spec: {limit: 1}
"""


def override(name: str, spec: str) -> str:
    return f"apiVersion: pfa-gitops/v1\nkind: Override\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def files(*overrides: str) -> dict[str, str]:
    return {"pfa-gitops.yaml": PROJECT, "manifests/a.yaml": POOLS, "manifests/z.yaml": "---\n".join(overrides)}


def limits(workspace):
    return [manifest.spec.limit for manifest in workspace.manifests]


# RFC 7386, appendix A, the cases whose target and patch are objects, and two more
@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"k": {"from_env": "A"}}, {"k": {"from_file": "b"}}, {"k": {"from_file": "b"}}),
    ],
)
def test_a_merge_patch(target, patch, expected):
    assert Patching(Places(), Places()).merge(target, patch, (), ()) == expected


def test_an_override_patches_what_it_matches(read):
    found = read(files(override("a", "{match: {kind: Pool, names: ['gpu-*', none]}, patch: {limit: 5, queues: []}}")))
    assert limits(found) == [5, 1]
    assert found.manifests[0].spec.queues == []
    found = read(files(override("a", "{match: {kind: Pool, labels: {team: ml}}, patch: {limit: null}}")))
    assert limits(found) == [None, 1]
    assert "limit" not in found.manifests[0].spec.model_fields_set


def test_the_later_override_wins_and_each_value_keeps_its_own_place(read):
    patches = [
        override("a", "{match: {kind: Pool}, patch: {limit: 5, type: x}}"),
        override("b", "{match: {kind: Pool, names: [cpu]}, patch: {limit: 6}}"),
    ]
    gpu, cpu = read(files(*patches)).manifests
    assert (gpu.spec.limit, gpu.spec.type) == (5, "x")
    assert (cpu.spec.limit, cpu.spec.type) == (6, "x")
    places = [str(cpu.origins.at(("spec", name))) for name in ("limit", "type")]
    assert places == ["manifests/z.yaml:9:58", "manifests/z.yaml:4:53"]
    assert str(gpu.origins.at(("spec", "queues", 0, "name"))) == "manifests/a.yaml:7:19"


def test_an_override_of_another_environment_is_not_even_rendered(read):
    patch = override("a", "{environments: [prod], match: {kind: Pool}, patch: {limit: '${{ vars.size }}'}}")
    assert limits(read(files(patch))) == [1, 1]
    assert limits(read(files(patch), "prod")) == [7, 7]


def test_an_environment_may_be_named_by_a_template(read):
    patch = override("a", "{environments: ['${{ environment }}'], match: {kind: Pool}, patch: {limit: 5}}")
    assert limits(read(files(patch))) == limits(read(files(patch), "prod")) == [5, 5]


@pytest.mark.parametrize(("day", "applied"), [(14, True), (16, False)])
@pytest.mark.parametrize("until", ["2027-01-15T18:00:00Z", "2027-01-15", "2027-01-15 19:00:00+01:00"])
def test_an_override_ends(read, day, applied, until):
    patch = override(
        "a", f"{{match: {{kind: Pool}}, patch: {{limit: 5}}, until: {until}, reason: 'shortage, ticket 1'}}"
    )
    found = read(files(patch), now=datetime(2027, 1, day, 20, tzinfo=UTC))
    assert limits(found) == ([5, 5] if applied else [1, 1])
    [notice] = found.notices
    assert ("hours: shortage, ticket 1" in notice) == applied
    assert notice.startswith("Override/a ends in " if applied else "Override/a ended at 2027-01-15T")


def test_an_override_that_matches_nothing_is_a_notice(read):
    found = read(files(override("a", "{match: {kind: Pool, names: [tpu]}, patch: {limit: 5}}")))
    assert found.notices == ("Override/a matches no manifest",)


def test_a_secret_reference_is_replaced_as_a_whole(read):
    job = (
        "apiVersion: pfa-gitops/v1\nkind: Job\nmetadata: {name: a}\n"
        "spec: {entrypoint: 'flows/a.py:run', token: {from_env: A}}\n"
    )
    patch = override("a", "{match: {kind: Job}, patch: {token: {from_file: b}}}")
    found = read({"manifests/a.yaml": job, "manifests/z.yaml": patch})
    assert found.manifests[0].spec.token == SecretRef(from_file="b")
