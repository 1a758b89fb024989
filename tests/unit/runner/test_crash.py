"""A job's end is reported to Prefect, also when Prefect is away just then: its real client, a scripted server."""

import asyncio
import logging
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.settings import (
    PREFECT_CLIENT_CSRF_SUPPORT_ENABLED,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)
from prefect.states import Crashed, Running
from support.scripted_server import Step, scripted

from pfa_gitops.runner import crash

RUN = FlowRun(id=uuid4(), flow_id=uuid4(), name="quick-fox", state=Running(), infrastructure_pid="job-1")
FOUND = Step(body=RUN.model_dump(mode="json"))
TAKEN = Step(
    status=201,
    body={"status": "ACCEPT", "state": Crashed().model_dump(mode="json"), "details": {"type": "accept_details"}},
)


def reported(*steps, monkeypatch):
    """Whether the crash was told, and what was asked."""
    monkeypatch.setattr(crash, "_FIRST_WAIT_S", 0.01)
    with scripted(*steps) as server:
        told = asyncio.run(_report(server.url))
    return told, server.methods


async def _report(url):
    with temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: False}):
        async with PrefectClient(url) as client:
            return await crash.report_crash(client, RUN, "job-1", "out of memory", logging.getLogger("worker"))


def test_a_prefect_that_fails_is_asked_until_it_is_back(monkeypatch):
    broken = [Step(status=503), Step(drop=True), FOUND, Step(status=500), FOUND, TAKEN]
    told, asked = reported(*broken, monkeypatch=monkeypatch)
    assert told
    assert asked == ["GET", "GET", "GET", "POST", "GET", "POST"]


def test_a_refusal_stays_one(monkeypatch):
    with pytest.raises(httpx.HTTPStatusError):
        reported(Step(status=422, body={"detail": "no"}), monkeypatch=monkeypatch)
