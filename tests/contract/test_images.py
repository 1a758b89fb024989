"""Images and builds through the real SDK. Nothing is built, all is recorded."""

import time

import pytest
from support.anyscale_emulator import eventually


def test_a_registered_image_gets_a_name_and_a_revision(sdk):
    uri = "docker.io/acme/flows:1.2"
    assert sdk.image.register(uri, name="acme-flows", ray_version="2.44.1") == "anyscale/image/acme-flows:1"
    assert sdk.image.register("docker.io/acme/flows:1.3", name="acme-flows") == "anyscale/image/acme-flows:2"
    found = sdk.image.get(name="acme-flows")
    assert (found.latest_build_revision, found.latest_image_uri) == (2, "docker.io/acme/flows:1.3")


def test_the_same_image_registered_twice_is_one_revision(sdk):
    first = sdk.image.register("docker.io/acme/same:1", name="acme-same")
    assert sdk.image.register("docker.io/acme/same:1", name="acme-same") == first


def test_a_containerfile_is_built_once_per_text(sdk):
    text = "FROM anyscale/ray:2.44.1-slim-py311\nRUN pip install emoji\n"
    assert sdk.image.build(text, name="emoji") == "anyscale/image/emoji:1"
    assert sdk.image.build(text, name="emoji") == "anyscale/image/emoji:1"
    assert sdk.image.build(text + "RUN true\n", name="emoji") == "anyscale/image/emoji:2"
    build_id = sdk.image.get(name="emoji").latest_build_id
    assert (
        sdk._private.anyscale_client.AnyscaleClient().get_cluster_env_build(build_id).containerfile
        == text + "RUN true\n"
    )


def test_a_build_that_fails_tells_why(sdk):
    with pytest.raises(RuntimeError, match="exit 3"):
        sdk.image.build("FROM anyscale/ray:2.44.1\nRUN exit 3\n", name="failing")


def test_a_build_that_takes_time_is_in_progress_until_it_is_done(sdk, emulator):
    create_build(emulator, "takes-an-hour", "FROM anyscale/ray:2.44.1\nRUN sleep 3600\n")
    assert statuses(emulator, "takes-an-hour") == ["in_progress"]
    started = time.monotonic()
    built = sdk.image.build("FROM anyscale/ray:2.44.1\nRUN sleep 2\n", name="takes-time")
    assert time.monotonic() - started >= 2
    assert built == "anyscale/image/takes-time:1"
    assert statuses(emulator, "takes-time") == ["succeeded"]


def test_a_build_that_takes_time_may_fail_in_the_end(emulator):
    made = create_build(emulator, "fails-late", "FROM anyscale/ray:2.44.1\nRUN sleep 2\nRUN exit 3\n")
    build = eventually(lambda: (build := build_of(emulator, made))["status"] != "in_progress" and build)
    assert (build["status"], build["error_message"]) == ("failed", "The command failed: RUN exit 3")


def test_a_containerfile_without_from_is_refused(sdk):
    with pytest.raises((RuntimeError, ValueError), match=r"(?i)containerfile"):
        sdk.image.build("RUN true\n", name="empty")


def test_an_image_that_does_not_exist(sdk):
    with pytest.raises(ValueError, match="not found"):
        sdk.image.get(name="nothing-of-that-name")


def test_listing_shows_named_images_only(sdk, emulator):
    sdk.image.register("docker.io/acme/listed:1", name="listed")
    nameless = {"image_uri": "docker.io/acme/nameless:1"}
    made = emulator.call("POST", "/api/v2/builds/get_or_create_build_from_image_uri", nameless)["result"]
    names = [item.name for item in sdk.image.list(page_size=50)]
    assert "listed" in names
    assert made["application_template"]["name"] not in names


def statuses(emulator, name):
    found = emulator.call("GET", f"/api/v2/application_templates/?name_contains={name}")["results"]
    return [image["latest_build"]["status"] for image in found if image["latest_build"]]


def create_build(emulator, name, containerfile):
    image = emulator.call("POST", "/ext/v0/cluster_environments/", {"name": name})["result"]
    body = {"cluster_environment_id": image["id"], "containerfile": containerfile}
    operation = emulator.call("POST", "/ext/v0/cluster_environment_builds/", body)["result"]
    assert not operation["completed"]
    return operation["cluster_environment_build_id"]


def build_of(emulator, build_id):
    return emulator.call("GET", f"/ext/v0/cluster_environment_builds/{build_id}")["result"]
