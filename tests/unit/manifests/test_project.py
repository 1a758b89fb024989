import pytest

from pfa_gitops.manifests.project import DEFAULT_MANIFESTS
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.model.secrets import SecretRef

PROJECT = """
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: shop, labels: {team: ml}}
spec:
  vars: {queue: slow, region: eu, cloud: "${{ environment }}-${{ git.commit }}"}
  env: [LIMIT]
  external: [Pool/*]
  environments:
    dev:
      default: true
      vars: {queue: "fast-${{ vars.region }}"}
      anyscale: {cloud: "${{ vars.cloud }}", project: "${{ vars.queue }}"}
    prod:
      protected: true
      prefect:
        api_url: "${{ env.PROD_URL }}"
        api_key: {from_env: PROD_KEY}
      limits: {max_deletes: "${{ env.MAX | int }}"}
"""
POOL = """
apiVersion: pfa-gitops/v1
kind: Pool
metadata: {name: "${{ vars.queue }}"}
spec: {type: "${{ env.PROD_URL | default('none') }}"}
"""
FILES = {"pfa-gitops.yaml": PROJECT + "---" + POOL}


def test_the_default_environment_is_chosen_and_the_others_stay_unread(read):
    files = {"pfa-gitops.yaml": PROJECT + "---" + POOL.replace("${{ env.PROD_URL | default('none') }}", "x")}
    found = read(files, git={"commit": "abc"})
    assert found.environment.name == "dev"
    assert found.environment.spec.anyscale.cloud == "dev-abc"
    assert found.environment.spec.anyscale.project == "fast-eu"
    assert [manifest.address.name for manifest in found.manifests] == ["fast-eu"]
    assert found.project.name == "shop"
    assert found.project.labels == {"team": "ml"}
    assert found.project.spec.external == ["Pool/*"]


def test_an_environment_by_name_and_the_variables_that_the_project_itself_uses_are_allowed(read):
    environ = {"PROD_URL": "http://prod/api", "MAX": "2"}
    found = read(FILES, "prod", environ=environ, git=lambda: {"commit": "abc"})
    spec = found.environment.spec
    assert spec.protected
    assert spec.prefect.api_url == "http://prod/api"
    assert spec.prefect.api_key == SecretRef(from_env="PROD_KEY")
    assert spec.limits.max_deletes == 2
    assert found.manifests[0].spec.type == "http://prod/api"
    assert found.manifests[0].address.name == "slow"


def test_without_environments_there_is_one_called_default(read):
    project = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: a}\n---\n" + POOL
    project = project.replace("${{ vars.queue }}", "${{ environment }}").replace(
        "${{ env.PROD_URL | default('none') }}", "x"
    )
    found = read({"pfa-gitops.yaml": project})
    assert found.environment.name == "default"
    assert found.manifests[0].address.name == "default"
    assert found.project.spec.manifests == list(DEFAULT_MANIFESTS)


@pytest.mark.parametrize("wanted", [None, "only"])
def test_the_only_environment_is_chosen(read, wanted):
    project = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: a}\nspec:\n  environments:\n    only:\n"
    pool = "apiVersion: pfa-gitops/v1\nkind: Pool\nmetadata: {name: a}\n"
    assert read({"pfa-gitops.yaml": project, "manifests/a.yaml": pool}, wanted).environment.name == "only"


def test_the_place_of_a_connections_secret_is_known(read):
    project = read(FILES, "prod", environ={"PROD_URL": "http://prod/api", "MAX": "2"}, git={"commit": "abc"}).project
    place = project.origins.at(("spec", "environments", "prod", "prefect", "api_key"))
    assert str(place) == "pfa-gitops.yaml:18:18"


MOVES = [
    ("{from: pool/a, to: pool/b}", "there is no kind `pool`"),
    ("{from: Pool/a, to: Pool/a}", "Pool/a moves to itself"),
    ("{from: Pool/x, to: Pool/y}", "Pool/x is said to be Pool/y now, and both have manifests"),
]


@pytest.mark.parametrize(("move", "said"), MOVES)
def test_a_mistake_in_what_moved_is_told_with_its_place(read, move, said):
    project = f"apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {{name: a}}\nspec:\n  moved:\n  - {move}\n"
    pools = "".join(
        f"---\napiVersion: pfa-gitops/v1\nkind: Pool\nmetadata: {{name: {name}}}\nspec: {{limit: 1}}\n" for name in "xy"
    )
    with pytest.raises(ProblemsFound) as found:
        read({"pfa-gitops.yaml": project, "manifests/a.yaml": pools})
    [problem] = found.value.problems
    assert (problem.message, problem.origin.line) == (said, 6)
