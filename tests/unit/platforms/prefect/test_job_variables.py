import pytest

from pfa_gitops.platforms.prefect._deployment_spec import DeploymentSpec
from pfa_gitops.platforms.prefect._infra_fields import InfraFields
from pfa_gitops.platforms.prefect._job_variables import joined, split, whole_block

BLOCK = "{{ prefect.blocks.anyscale-job.team }}"
LIVE = {"infra": BLOCK, "image_uri": "a:1", "timeout_s": 5, "command": "x"}


def test_a_whole_block_is_written_and_read():
    assert whole_block("anyscale-job", "team") == BLOCK
    assert split({"infra": BLOCK}, DeploymentSpec(infra_block="team"), {}).infra_block == "team"


def test_a_variable_is_shown_where_the_manifest_names_it():
    wanted = DeploymentSpec(infra_block="x", infra_overrides={"image_uri": "b:1"}, job_variables={"timeout_s": 1})
    parts = split(LIVE, wanted, {})
    assert parts.infra_block == "team"
    assert parts.infra_overrides == InfraFields(image_uri="a:1")
    assert parts.job_variables == {"timeout_s": 5, "command": "x"}


def test_without_overrides_the_rest_is_job_variables():
    parts = split(LIVE, DeploymentSpec(job_variables={}), {})
    assert parts.infra_overrides is None
    assert parts.job_variables == {"image_uri": "a:1", "timeout_s": 5, "command": "x"}


def test_overrides_take_what_is_an_infra_field():
    parts = split(LIVE, DeploymentSpec(infra_overrides={}), {})
    assert parts.infra_overrides == InfraFields(image_uri="a:1", timeout_s=5)
    assert parts.job_variables == {"command": "x"}


@pytest.mark.parametrize(
    "value", ["text", 3, {"image_uri": "a"}, "{{ prefect.blocks.anyscale-job.team.image_uri }}", None]
)
def test_what_is_no_whole_block_is_a_job_variable(value):
    parts = split({"infra": value}, DeploymentSpec(infra_block="team"), {})
    assert (parts.infra_block, parts.job_variables) == (None, {"infra": value})


def test_a_block_that_the_manifest_writes_itself_is_a_job_variable():
    assert split(LIVE, DeploymentSpec(job_variables={"infra": BLOCK}), {}).job_variables["infra"] == BLOCK


def test_a_placeholder_of_another_type_than_the_live_block_differs():
    wanted = DeploymentSpec(infra_block="team")
    assert split(LIVE, wanted, {"team": frozenset({"ray-job"})}).infra_block == "anyscale-job/team"
    assert split(LIVE, wanted, {"team": frozenset({"ray-job", "anyscale-job"})}).infra_block == "team"


def test_a_live_value_that_does_not_fit_is_told_as_it_is():
    parts = split({"max_retries": "often"}, DeploymentSpec(infra_overrides={"max_retries": 1}), {})
    assert parts.infra_overrides.max_retries == "often"


def write(desired, live=LIVE):
    return joined(desired, live, split(live, desired, {}), "anyscale-job")


def test_what_no_manifest_names_survives_a_write():
    assert write(DeploymentSpec(infra_overrides={"image_uri": "b:1"})) == {**LIVE, "image_uri": "b:1"}
    assert write(DeploymentSpec(infra_block="other")) == {**LIVE, "infra": BLOCK.replace("team", "other")}


def test_job_variables_are_all_ours_once_named():
    desired = DeploymentSpec(infra_block="team", infra_overrides={}, job_variables={"other": 1})
    assert write(desired) == {"infra": BLOCK, "image_uri": "a:1", "timeout_s": 5, "other": 1}


def test_null_clears():
    assert write(DeploymentSpec(infra_block=None)) == {key: LIVE[key] for key in ("image_uri", "timeout_s", "command")}
    assert write(DeploymentSpec(infra_overrides=None)) == {"infra": BLOCK, "command": "x"}
    assert write(DeploymentSpec(infra_block=None, infra_overrides=None, job_variables=None)) == {}


def test_a_secret_reference_is_written_as_a_reference():
    reference = {"from_aws_secret": {"id": "token", "region": "us-west-2"}}
    assert write(DeploymentSpec(infra_overrides={"env": {"TOKEN": reference}}), {}) == {"env": {"TOKEN": reference}}
