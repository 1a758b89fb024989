"""What is asked of the bucket: one that wants to leave it is refused."""

import urllib.error

import pytest


@pytest.mark.parametrize(
    "body",
    [
        {"file_type": "../../x", "file_name": "a.zip"},
        {"file_type": "..", "file_name": "a.zip"},
        {"file_type": "files", "file_name": "../a.zip"},
        {"file_type": "files", "file_name": ".."},
        {"file_type": "files"},
    ],
)
def test_a_path_that_leads_out_of_the_bucket_is_not_signed(emulator, body):
    with pytest.raises(urllib.error.HTTPError) as refused:
        presigned(emulator, body)
    assert refused.value.code == 400


def test_a_file_without_a_type_has_a_place_too(emulator):
    assert presigned(emulator, {"file_name": "a.zip"})["bucket_path"].endswith("/files/a.zip")


def presigned(emulator, body):
    cloud = emulator.call("GET", "/ext/v0/clouds/default")["result"]["id"]
    path = f"/api/v2/clouds/{cloud}/generate_cloud_data_bucket_presigned_url"
    return emulator.call("POST", path, body)["result"]
