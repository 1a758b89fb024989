"""The client against real servers: a plain one, and one that asks for a password and CSRF tokens."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from support.prefect_server import PrefectServer, run_prefect_server

from pfa_gitops.model.errors import Conflict, Invalid, NotFound, Unauthorized, Unreachable
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget

PASSWORD = "admin:open-sesame"


def connect(server: PrefectServer, **more) -> PrefectClient:
    return PrefectClient(PrefectTarget(server.url, **more))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, prefect_template):
    settings = {"PREFECT_SERVER_API_AUTH_STRING": PASSWORD, "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true"}
    with run_prefect_server(tmp_path_factory.mktemp("guarded"), prefect_template, settings) as server:
        yield server


async def read_pools(client: PrefectClient) -> list[str]:
    async with client:
        return [pool["name"] for pool in await client.read_all("/work_pools/filter")]


def test_every_page_is_read_once(prefect_server):
    """Log lines are the one thing that Prefect makes many of in one request."""
    run = str(uuid4())
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    lines = [
        {
            "name": "n",
            "level": 20,
            "message": f"{number:03}",
            "timestamp": (begin + timedelta(seconds=number)).isoformat(),
            "flow_run_id": run,
        }
        for number in range(605)
    ]
    prefect_server.post("/logs/", lines)
    body = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"}

    async def scenario():
        async with connect(prefect_server) as client:
            return await client.read_all("/logs/filter", body)

    assert [item["message"] for item in asyncio.run(scenario())] == [line["message"] for line in lines]


def test_listings_are_shared_until_a_write(prefect_server):
    async def scenario():
        async with connect(prefect_server) as client:
            paths = ["/variables/filter", "/variables/filter", "/block_types/filter"]
            first, second, types = await asyncio.gather(*map(client.listing, paths))
            assert first is second
            created = await client.post("/variables/", {"name": "listing_probe", "value": 1})
            assert "listing_probe" in {item["name"] for item in await client.listing("/variables/filter")}
            assert await client.listing("/block_types/filter") is types  # a variable changes no block type
            await client.delete(f"/variables/{created['id']}")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "body", "error", "text"),
    [
        ("/variables/", {"name": "Bad Name", "value": 1}, Invalid, "name: "),
        ("/work_pools/", {"name": "default-agent-pool", "type": "process"}, Conflict, "already exists"),
        ("/work_pools/absent/queues", {"name": "q"}, NotFound, "absent"),
    ],
)
def test_a_refusal_says_what_the_server_says(prefect_server, path, body, error, text):
    prefect_server.post("/work_pools/filter")

    async def scenario():
        async with connect(prefect_server) as client:
            if error is Conflict:
                await client.post(path, body)  # the second one is refused
            await client.post(path, body)

    with pytest.raises(error, match=text) as caught:
        asyncio.run(scenario())
    assert caught.value.exit_code == 4


def test_a_refusal_never_repeats_the_body(prefect_server):
    secret = Sealed("s3cr3t-value")

    async def scenario():
        async with connect(prefect_server) as client:
            await client.post("/variables/", {"name": "ok", "value": "x", "s3cr3t-value": 1, "tags": secret})

    with pytest.raises(Invalid) as caught:
        asyncio.run(scenario())
    assert "s3cr3t-value" not in str(caught.value)
    assert "tags" in str(caught.value)


def test_password_and_csrf_token_open_a_guarded_server(guarded):
    async def scenario():
        async with connect(guarded, auth_string=Sealed(PASSWORD)) as client:
            await asyncio.gather(*(client.ask("/work_pools/filter", {"limit": 1}) for _ in range(5)))
            pool = await client.post("/work_pools/", {"name": "guarded", "type": "process"})
            assert pool["name"] == "guarded"
            await client.delete("/work_pools/guarded")

    asyncio.run(scenario())


@pytest.mark.parametrize("more", [{}, {"auth_string": Sealed("admin:wrong")}, {"api_key": Sealed("pnu_wrong")}])
def test_wrong_credentials_are_told(guarded, more):
    with pytest.raises(Unauthorized) as caught:
        asyncio.run(read_pools(connect(guarded, **more)))
    assert "PREFECT_API_AUTH_STRING" in caught.value.mend
    assert caught.value.exit_code == 4
    assert "wrong" not in str(caught.value)


def test_a_client_without_csrf_support_is_refused(guarded):
    with pytest.raises(Unauthorized, match="CSRF"):
        asyncio.run(read_pools(connect(guarded, auth_string=Sealed(PASSWORD), csrf=False)))


def test_a_custom_header_may_carry_the_authorization(guarded):
    basic = Sealed("Basic YWRtaW46b3Blbi1zZXNhbWU=")
    assert "guarded" not in asyncio.run(read_pools(connect(guarded, custom_headers={"Authorization": basic})))


def test_a_url_without_api_is_told(prefect_server):
    target = PrefectTarget(prefect_server.url.removesuffix("/api"))
    with pytest.raises((Unreachable, Invalid)) as caught:
        asyncio.run(read_pools(PrefectClient(target)))
    assert "PREFECT_API_URL; it usually ends with /api" in caught.value.mend
