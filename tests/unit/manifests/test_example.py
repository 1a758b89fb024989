"""The whole way with the real kinds, on the example of the design."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from pfa_gitops.manifests.pipeline import read_workspace
from pfa_gitops.model.errors import ProblemsFound
from pfa_gitops.model.places import Address
from pfa_gitops.model.plain import plain
from pfa_gitops.platforms.registry import kinds

EXAMPLE = Path(__file__).parent / "example"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ORDER = ["WorkPool", "ComputeConfig", "Agent", "InfraBlock", "Block", "Deployment"]


def read(environment=None, environ=None, now=NOW, directory=EXAMPLE):
    return read_workspace(directory, environment, kinds(), environ or {}, {}, now=now)


def test_the_example_in_its_default_environment():
    found = read()
    assert [manifest.address.kind for manifest in found.manifests] == ORDER
    deployment = found.manifests[-1]
    assert deployment.labels == {"team": "ml"}
    assert deployment.key.name == "count-to/prefect-test"
    assert {(reference.path, reference.target) for reference in deployment.references} == {
        (("work_pool",), Address("WorkPool", "anyscale")),
        (("infra_block",), Address("InfraBlock", "test-infra")),
        (("infra_overrides", "compute_config"), Address("ComputeConfig", "test-compute-config")),
        (("storage", "block"), Address("Block", "test-storage")),
    }
    assert plain(deployment.spec)["schedules"] == [
        {"slug": "nightly", "cron": "0 3 * * *", "timezone": "Europe/Berlin"}
    ]
    assert str(deployment.origins.at(("spec", "work_pool"))).endswith("example/manifests/all.yaml:37:14")


def test_the_example_in_production_is_overridden():
    found = read("prod", {"PROD_PREFECT_API_URL": "http://127.0.0.1:4200/api"})
    spec = plain(found.manifests[-1].spec)
    assert spec["infra_overrides"] == {"compute_config": "big"}
    assert spec["schedules"] == []
    assert found.environment.spec.prefect.api_url == "http://127.0.0.1:4200/api"
    assert str(found.manifests[-1].origins.at(("spec", "infra_overrides", "compute_config"))).endswith(":51:45")


def test_the_override_ends_and_says_so():
    after = datetime(2027, 2, 1, tzinfo=UTC)
    found = read("prod", {"PROD_PREFECT_API_URL": "http://127.0.0.1:4200/api"}, after)
    assert plain(found.manifests[-1].spec)["infra_overrides"] == {"compute_config": "test-compute-config"}
    assert found.notices == ("Override/prod-sizes ended at 2027-01-15T18:00:00Z and is not applied; remove it",)


@pytest.mark.parametrize("kind", ORDER)
def test_an_unknown_field_of_any_kind_has_its_place(kind, tmp_path):
    documents = list(yaml.safe_load_all((EXAMPLE / "manifests/all.yaml").read_text()))
    [document] = [document for document in documents if document["kind"] == kind]
    document["spec"]["unheard_of"] = 1
    (tmp_path / "pfa-gitops.yaml").write_text("apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: a}\n")
    (tmp_path / "manifests").mkdir()
    text = yaml.safe_dump(document, sort_keys=False)
    (tmp_path / "manifests/a.yaml").write_text(text)
    with pytest.raises(ProblemsFound) as found:
        read(directory=tmp_path)
    [problem] = [problem for problem in found.value.problems if "unheard_of" in problem.message]
    assert problem.message == "unknown field `spec.unheard_of`"
    assert problem.origin.line == text.splitlines().index("  unheard_of: 1") + 1
    assert problem.origin.column == 3
    assert problem.mend
