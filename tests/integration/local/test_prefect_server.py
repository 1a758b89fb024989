"""The local stack's Prefect takes writers in turn, where Prefect on SQLite turns most of them away."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from support.prefect_server import PrefectServer

WRITERS, STATES = 8, ("PENDING", "RUNNING", "COMPLETED")


def post(server: PrefectServer, path: str, body: object) -> dict:
    """One request, that is not sent again: urllib raises HTTPError for a 503."""
    request = urllib.request.Request(
        server.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def test_writers_at_the_same_time_are_all_answered(prefect_server: PrefectServer):
    flow_id = post(prefect_server, "/flows/", {"name": "written-in-parallel"})["id"]

    def write(_: int) -> list[str]:
        run = post(prefect_server, "/flow_runs/", {"flow_id": flow_id, "state": {"type": "SCHEDULED"}})
        changes = [post(prefect_server, f"/flow_runs/{run['id']}/set_state", {"state": {"type": to}}) for to in STATES]
        return [change["status"] for change in changes]

    with ThreadPoolExecutor(WRITERS) as pool:
        assert list(pool.map(write, range(3 * WRITERS))) == [["ACCEPT"] * len(STATES)] * 3 * WRITERS
