import pytest

from pfa_gitops.runner.secret_placeholders import Placeholder, block_placeholders, tells_secret


def test_placeholders_are_found_at_any_depth_but_for_infra_blocks():
    values = {
        "infra": "{{ prefect.blocks.anyscale-job.train }}",
        "env": {"A": "{{ prefect.blocks.secret.a }}", "B": ["x {{prefect.blocks.aws-credentials.b.region_name}} y"]},
        "tags": {"v": "{{ prefect.variables.v }}"},
    }
    assert {str(found) for found in block_placeholders(values)} == {
        "prefect.blocks.secret.a",
        "prefect.blocks.aws-credentials.b.region_name",
    }


@pytest.mark.parametrize(
    ("field", "secret"),
    [(None, True), ("aws_secret_access_key", True), ("region_name", False), ("headers.auth", True), ("headers", True)],
)
def test_a_field_is_secret_as_its_schema_says(field, secret):
    assert tells_secret(Placeholder("t", "n", field), ["aws_secret_access_key", "headers.*"]) is secret
    assert not tells_secret(Placeholder("t", "n", field), [])
