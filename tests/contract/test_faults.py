"""Misbehaviour on demand, as the real SDK sees it."""

import time
import urllib.error

import pytest


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429])
def test_a_status_in_the_envelope_is_a_value_error_with_the_detail(sdk, faulty, status):
    faulty.fault("status", path="/api/v2/services-v2/", status=status, detail="no such luck")
    with pytest.raises(ValueError, match="no such luck"):
        list(sdk.service.list(page_size=1))


def test_a_5xx_is_an_api_exception_and_is_not_tried_again(sdk, faulty):
    faulty.forget_requests()
    faulty.fault("status", path="/api/v2/clouds/", status=503)
    with pytest.raises(sdk.client.openapi_client.rest.ApiException) as failed:
        list(sdk.cloud.list())
    assert failed.value.status == 503
    assert [path for _, path in faulty.requests() if path.startswith("/api/v2/clouds")] == ["/api/v2/clouds/"]


def test_429_with_retry_after_is_tried_again_by_the_sdk(sdk, faulty):
    faulty.forget_requests()
    faulty.fault("status", path="/api/v2/clouds/", status=429, retry_after=0, count=2)
    assert list(sdk.cloud.list())
    sent = [item for item in faulty.call("GET", "/_emulator/requests") if item["path"] == "/api/v2/clouds/"]
    assert [item["status"] for item in sent] == [429, 429, 200]


def test_only_the_nth_call_fails(sdk, faulty):
    faulty.fault("status", path="/api/v2/clouds/", nth=2, status=500)
    assert list(sdk.cloud.list())
    with pytest.raises(sdk.client.openapi_client.rest.ApiException):
        list(sdk.cloud.list())
    assert list(sdk.cloud.list())


def test_a_lost_reply_of_a_post_has_had_its_effect(sdk, faulty):
    faulty.fault("lose_reply", method="POST", path="compute_templates/$")
    models = sdk.compute_config.models
    config = models.ComputeConfig(head_node=models.HeadNodeConfig(instance_type="m5.large"))
    with pytest.raises(Exception, match=r"(?i)connection"):
        sdk.compute_config.create(config, name="lost")
    assert sdk.compute_config.get("lost").name == "lost:1"


def test_a_dropped_get_is_sent_four_times_and_has_no_effect(sdk, faulty):
    faulty.forget_requests()
    faulty.fault("drop", path="/api/v2/clouds/", count=0)
    with pytest.raises(Exception, match=r"(?i)connection|retries"):
        list(sdk.cloud.list())
    dropped = faulty.call("GET", "/_emulator/requests")
    assert [(item["status"], item["fault"]) for item in dropped] == [(None, "drop")] * 4


def test_a_late_answer_comes(sdk, faulty):
    faulty.fault("delay", path="/api/v2/clouds/", seconds=0.5)
    started = time.monotonic()
    assert list(sdk.cloud.list())
    assert time.monotonic() - started >= 0.5


def test_a_rule_that_makes_no_sense_is_refused(faulty):
    for rule in ({"action": "explode"}, {"action": "drop", "sometimes": True}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            faulty.call("POST", "/_emulator/faults", rule)
        assert refused.value.code == 400


def test_the_log_of_requests_shows_no_token(emulator):
    emulator.call("GET", "/api/v2/userinfo/")
    assert "aph0_" not in str(emulator.call("GET", "/_emulator/requests"))
