"""What events tell of a change. Those of Prefect Cloud, which names who did it, are written here by hand."""

import json

import httpx
from support.prefect_transport import run

from pfa_gitops.model.values import Touch
from pfa_gitops.platforms.prefect._events import last_changes

ACTOR = {"prefect.resource.id": "prefect-cloud.actor.1", "prefect.resource.role": "actor"}
FLOW = {"prefect.resource.id": "prefect.flow.1", "prefect.resource.role": "flow", "prefect.resource.name": "etl"}


def updated(day: int, *fields: str, by: str | None = None) -> dict:
    related = [FLOW, *([{**ACTOR, "prefect.resource.name": by}] if by else [])]
    return {"occurred": f"2026-01-0{day}T00:00:00Z", "related": related, "payload": {"updated_fields": [*fields]}}


def told(drifted, answer):
    """What is told, and what was asked for."""
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        return answer

    return run(respond, lambda client: last_changes(client, "deployment", drifted)), asked


def test_the_newest_change_of_a_field_that_drifted_and_its_author():
    events = [updated(3, "tags", by="other"), updated(2, "work_queue_id", by="ada"), updated(1, "work_queue_id")]
    touches, asked = told({"d": {"work_pool"}}, httpx.Response(200, json={"events": events}))
    assert touches == {"d": Touch("2026-01-02T00:00:00Z", "ada")}
    assert asked[0]["filter"]["resource"] == {"id": ["prefect.deployment.d"]}


def test_a_field_of_which_no_event_tells_is_not_asked_for():
    assert told({"d": {"schedules"}}, httpx.Response(200, json={"events": []})) == ({"d": None}, [])


def test_a_deletion_by_nobody_known():
    touches, asked = told({"d": ()}, httpx.Response(200, json={"events": [updated(4)]}))
    assert touches == {"d": Touch("2026-01-04T00:00:00Z", None)}
    assert asked[0]["filter"]["event"] == {"name": ["prefect.deployment.deleted"]}


def test_a_key_that_may_not_read_events():
    assert told({"d": ()}, httpx.Response(403, json={"detail": "Forbidden"}))[0] == {"d": None}
