"""Users, clouds and projects through the real SDK; the token check."""

import urllib.error

import pytest


def test_the_default_cloud_is_the_same_by_default_by_name_and_in_the_list(sdk):
    default = sdk.cloud.get_default()
    assert sdk.cloud.get(name=default.name).id == default.id
    assert default.id in [cloud.id for cloud in sdk.cloud.list()]
    assert default.provider == "AWS"


def test_a_cloud_that_does_not_exist(sdk):
    assert sdk.cloud.get(name="nowhere") is None
    with pytest.raises(ValueError, match="cld_none"):
        sdk.cloud.get(id="cld_none")


def test_projects_are_made_found_listed_and_deleted(sdk):
    cloud = sdk.cloud.get_default()
    project_id = sdk.project.create(name="books", parent_cloud_id=cloud.id, description="b")
    found = sdk.project.get(project_id=project_id)
    assert (found.name, found.description) == ("books", "b")
    assert "books" in [project.name for project in sdk.project.list(max_items=50)]
    with pytest.raises(ValueError, match="already exists"):
        sdk.project.create(name="books", parent_cloud_id=cloud.id, description="b")
    sdk.project.delete(project_id=project_id)
    assert "books" not in [project.name for project in sdk.project.list(max_items=50)]


def test_the_default_project_cannot_be_deleted(sdk):
    cloud = sdk.cloud.get_default()
    default = sdk.project.get_default(parent_cloud_id=cloud.id)
    with pytest.raises(ValueError, match="cannot be deleted"):
        sdk.project.delete(project_id=default.id)


@pytest.mark.parametrize("cookie", ["", "cli_token=", "cli_token=nonsense", "cli_token=other_prefix"])
def test_a_malformed_token_gets_401_in_the_envelope(emulator, cookie):
    with pytest.raises(urllib.error.HTTPError) as refused:
        emulator.call("GET", "/api/v2/userinfo/", cookie=cookie)
    assert refused.value.code == 401
    assert b'{"error":{"detail":' in refused.value.read()


def test_a_path_that_does_not_exist_gets_404_in_the_envelope(emulator):
    with pytest.raises(urllib.error.HTTPError) as refused:
        emulator.call("GET", "/api/v2/nothing/here")
    assert refused.value.code == 404
    assert b'{"error":{"detail":' in refused.value.read()


def test_the_cli_tells_of_a_refused_token(cli):
    finished = cli("cloud", "get-default", env={"ANYSCALE_CLI_TOKEN": "bad_token"})
    assert finished.returncode != 0
    assert "credentials" in (finished.stdout + finished.stderr).lower()
