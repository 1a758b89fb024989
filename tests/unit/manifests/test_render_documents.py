"""Templates are found wherever a document can hold one."""

import pytest

from pfa_gitops.model.errors import ProblemsFound

PROJECT = (
    "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: test}\n"
    "spec: {vars: {x: done}, manifests: ['manifests/*']}\n"
)
BLOCK = "apiVersion: pfa-gitops/v1\nkind: Block\nmetadata: {name: b}\nspec:\n  type: any\n"


def data(read, text, file="manifests/b.yaml", **others):
    workspace = read({"pfa-gitops.yaml": PROJECT, file: BLOCK + text, **others})
    return workspace.manifests[0].spec.data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  data: {a: '${{ vars.x }}'}\n", {"a": "done"}),
        ('  data: {a: "\\x24{{ vars.x }}"}\n', {"a": "done"}),
        ('  data: {a: "$\\\n    {{ vars.x }}"}\n', {"a": "done"}),
        ("  data:\n    a: |-\n      ${{ vars.x }}\n", {"a": "done"}),
        ("  data: {a: [[&t '${{ vars.x }}', *t]]}\n", {"a": [["done", "done"]]}),
        ("  data: {a: &m {k: '${{ vars.x }}'}, b: {<<: *m}}\n", {"a": {"k": "done"}, "b": {"k": "done"}}),
        ("  data: {a: '${# gone #}'}\n", {"a": ""}),
        ("  data: {a: '$ {{ vars.x }} $x'}\n", {"a": "$ {{ vars.x }} $x"}),
    ],
)
def test_a_template_is_rendered_however_it_is_written(read, text, expected):
    assert data(read, text) == expected


def test_a_template_in_a_key_is_told(read):
    with pytest.raises(ProblemsFound, match="holds a template, and keys are not rendered"):
        data(read, "  data: {'${{ vars.x }}': 1}\n")


def test_a_template_in_an_overrides_patch(read):
    patch = "apiVersion: pfa-gitops/v1\nkind: Override\nmetadata: {name: o}\nspec:\n"
    patch += "  match: {kind: Block}\n  patch: {data: {a: '${{ vars.x }}'}}\n"
    assert data(read, "  data: {a: plain}\n", **{"manifests/o.yaml": patch}) == {"a": "done"}


def test_a_template_that_a_rendered_file_holds(read):
    text = "  data: {a: \"${{ '$' ~ '{{ vars.x }}' }}\"}\n"
    assert data(read, text, file="manifests/b.yaml.j2") == {"a": "done"}
