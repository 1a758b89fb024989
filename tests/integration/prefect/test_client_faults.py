"""The client when the server misbehaves: retries, lost answers, slowing down, and what a reader is told."""

import asyncio
import json
import socket
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.scripted_server import Step, scripted

from pfa_gitops.model.errors import (
    Conflict,
    Invalid,
    MaybeArrived,
    NotFound,
    ReaderError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._exchange import FIRST_READERS, READERS
from pfa_gitops.platforms.prefect._target import PrefectTarget

HANGS = Step(after_s=600)
IMPATIENT = {"timeout_s": 2.0}
"""Long enough for an answer that comes at once, on a machine that is busy with other things."""
OK = Step(body={"id": "1"})
BUSY = Step(503, {"exception_message": "Service Unavailable"})
DROP = Step(drop=True)


def call(url, method, *arguments, patience_s=60.0, transport=None, **target):
    """One call over one connection."""

    async def scenario():
        async with PrefectClient(PrefectTarget(url, **target), transport, patience_s) as client:
            return await getattr(client, method)(*arguments)

    return asyncio.run(scenario())


WRITES = [("post", "/x", {}), ("patch", "/x", {}), ("delete", "/x")]
READS = [("get", "/x"), ("ask", "/x/filter", {})]


@pytest.mark.parametrize("arguments", READS + WRITES)
@pytest.mark.parametrize("status", [408, 429, 503])
def test_what_was_not_executed_is_sent_again(arguments, status):
    with scripted(Step(status), OK) as server:
        assert call(server.url, *arguments) == {"id": "1"}
    assert len(server.asked) == 2


@pytest.mark.parametrize("fault", [DROP, Step(500), Step(502), Step(504), HANGS])
@pytest.mark.parametrize("arguments", READS + WRITES[1:])
def test_what_does_no_harm_twice_is_sent_again(arguments, fault):
    with scripted(fault, OK) as server:
        assert call(server.url, *arguments, **(IMPATIENT if fault is HANGS else {})) == {"id": "1"}
    assert len(server.asked) > 1


@pytest.mark.parametrize("fault", [DROP, Step(500, {"exception_message": "Internal Server Error"}), HANGS])
def test_a_create_whose_answer_was_lost_is_not_sent_again(fault):
    with scripted(fault, OK) as server, pytest.raises(MaybeArrived):
        call(server.url, "post", "/x", {}, **(IMPATIENT if fault is HANGS else {}))
    assert len(server.asked) == 1


def test_retry_after_is_obeyed():
    begin = time.monotonic()
    with scripted(Step(429, headers={"Retry-After": "0.5"}), OK) as server:
        call(server.url, "get", "/x")
    assert time.monotonic() - begin >= 0.5


def test_a_wait_beyond_the_patience_is_not_waited_for():
    step = Step(429, {"detail": "slow down"}, {"Retry-After": "3600"})
    with scripted(step) as server, pytest.raises(Unavailable, match=r"429.*slow down"):
        call(server.url, "get", "/x")
    assert len(server.asked) == 1


def test_the_patience_ends():
    with scripted(BUSY) as server, pytest.raises(Unavailable, match="503"):
        call(server.url, "get", "/x", patience_s=2.0)
    assert len(server.asked) > 1


def test_a_server_error_that_stays_is_told_soon():
    with scripted(Step(500)) as server, pytest.raises(Unavailable, match="500"):
        call(server.url, "get", "/x")
    assert len(server.asked) == 5


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Invalid),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, NotFound),
        (409, Conflict),
        (422, Invalid),
        (423, Conflict),
    ],
)
def test_a_refusal_is_told_by_its_status_and_not_sent_again(status, error):
    with (
        scripted(Step(status, {"detail": "because"})) as server,
        pytest.raises(error, match=f"{status} to POST /x: because"),
    ):
        call(server.url, "post", "/x", {})
    assert len(server.asked) == 1


def test_field_errors_name_the_field_and_not_the_input():
    detail = [{"loc": ["body", "tags", 0], "msg": "Input should be a string", "input": "s3cr3t"}]
    answer = Step(422, {"exception_message": "Invalid", "exception_detail": detail, "request_body": {"a": "s3cr3t"}})
    with scripted(answer) as server, pytest.raises(Invalid) as caught:
        call(server.url, "post", "/x", {})
    assert caught.value.message.endswith("422 to POST /x: tags.0: Input should be a string")


def test_secrets_are_cut_out_of_what_the_server_says():
    with scripted(Step(409, {"detail": "s3cr3t and pnu_key are taken"})) as server, pytest.raises(Conflict) as caught:
        call(server.url, "post", "/x", {"value": Sealed("s3cr3t")}, api_key=Sealed("pnu_key"))
    assert caught.value.message.endswith("(secret) and (secret) are taken")
    assert server.asked == [("POST", "/api/x", {"value": "s3cr3t"})]


def test_a_password_is_cut_out_without_its_user():
    with scripted(Step(401, {"detail": "open-sesame is wrong"})) as server, pytest.raises(Unauthorized) as caught:
        call(server.url, "get", "/x", auth_string=Sealed("admin:open-sesame"))
    assert caught.value.message.endswith(": (secret) is wrong")


def test_a_url_that_http_cannot_carry_is_told():
    with pytest.raises(ReaderError, match="the Prefect URL cannot be read"):
        call("http://\u00ad/api", "get", "/x")


def test_a_new_csrf_token_is_fetched_when_the_server_asks_for_one():
    steps = [
        Step(403, {"detail": "Missing CSRF token."}),
        Step(body={"token": "t1"}),
        OK,
        Step(403, {"detail": "Invalid CSRF token or client identifier."}),
        Step(body={"token": "t2"}),
        OK,
    ]

    async def scenario(url):
        async with PrefectClient(PrefectTarget(url)) as client:
            await client.post("/x", {})
            await client.post("/x", {})

    with scripted(*steps) as server:
        asyncio.run(scenario(server.url))
    assert [headers.get("prefect-csrf-token") for headers in server.headers] == [None, None, "t1", "t1", None, "t2"]


def test_credentials_and_headers_are_sent():
    with scripted(OK) as server:
        call(server.url, "get", "/x", api_key=Sealed("pnu_key"), custom_headers={"X-Own": Sealed("own")})
        call(server.url, "get", "/x", api_key=Sealed("pnu_key"), auth_string=Sealed("admin:pass"))
    assert [headers["authorization"] for headers in server.headers] == ["Bearer pnu_key", "Basic YWRtaW46cGFzcw=="]
    assert server.headers[0]["x-own"] == "own"
    assert server.headers[0]["x-prefect-api-version"] == "0.8.4"


def test_writers_slow_down_when_the_server_pushes_back():
    async def scenario(url):
        async with PrefectClient(PrefectTarget(url)) as client:
            await asyncio.gather(*(client.patch("/x", {}) for _ in range(8)))
            return client._link.writing.width, client._link.reading.width

    with scripted(*[BUSY] * 6, OK) as server:
        assert asyncio.run(scenario(server.url)) == (1, FIRST_READERS)
    assert len(server.asked) == 14


def test_writers_become_more_while_all_goes_well():
    async def scenario(url):
        async with PrefectClient(PrefectTarget(url)) as client:
            for _ in range(25):
                await client.patch("/x", {})
            return client._link.writing.width

    with scripted(OK) as server:
        assert asyncio.run(scenario(server.url)) == 3


def test_readers_become_more_with_each_answer_and_fewer_when_none_comes():
    async def scenario(url):
        async with PrefectClient(PrefectTarget(url, **IMPATIENT), patience_s=0) as client:
            for _ in range(READERS):
                with suppress(NotFound):
                    await client.get("/x")
            quick = client._link.reading.width
            with pytest.raises(Unreachable, match="did not answer in time"):
                await client.get("/x")
            return quick, client._link.reading.width

    with scripted(*[OK, Step(404)] * (READERS // 2), HANGS) as server:
        assert asyncio.run(scenario(server.url)) == (READERS, READERS // 2)


def test_csrf_tokens_that_are_refused_for_ever_are_told():
    async def scenario(url):
        async with PrefectClient(PrefectTarget(url)) as client:
            await client.post("/x", {})

    step = Step(403, {"detail": "Invalid CSRF token", "token": "t"})
    token = Step(body={"token": "t"})
    with scripted(step, token, step, token, step, token, step) as server, pytest.raises(Unauthorized, match="CSRF"):
        asyncio.run(scenario(server.url))
    assert len(server.asked) == 6


def test_nothing_listens():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        begin = time.monotonic()
        with pytest.raises(
            Unreachable, match=f"nothing answers at the Prefect URL http://127.0.0.1:{port}/api"
        ) as caught:
            call(f"http://127.0.0.1:{port}/api", "post", "/x", {})
    assert "PREFECT_API_URL" in caught.value.mend
    assert time.monotonic() - begin < 30  # half the patience


def test_a_host_that_does_not_exist():
    with pytest.raises(Unreachable) as caught:
        call("http://nowhere.invalid/api", "get", "/x")
    assert "PREFECT_API_URL" in caught.value.mend


def test_a_server_that_speaks_no_tls():
    with scripted(OK) as server, pytest.raises(Unreachable, match="no TLS connection") as caught:
        call(server.url.replace("http:", "https:"), "get", "/x")
    assert "PREFECT_API_SSL_CERT_FILE" in caught.value.mend


def test_a_page_that_is_no_api():
    with scripted(Step(body="<html>hello</html>")) as server, pytest.raises(Unreachable, match="no Prefect API"):
        call(server.url, "get", "/x")


def test_a_redirect_is_told_and_not_followed():
    step = Step(307, headers={"Location": "https://new.example/api/x?token=1"})
    with scripted(step) as server, pytest.raises(Unreachable, match=r"redirects to https://new\.example/api/x$"):
        call(server.url, "post", "/x", {})


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
def test_a_redirect_that_names_no_place_is_told(headers):
    with scripted(Step(302, headers=headers)) as server, pytest.raises(Unreachable, match="redirects to another place"):
        call(server.url, "get", "/x")


def test_a_key_with_a_line_break_is_told():
    with pytest.raises(ReaderError, match="Authorization") as caught:
        call("http://127.0.0.1:1/api", "get", "/x", api_key=Sealed("pnu_key\n"))
    assert "pnu_key" not in str(caught.value)


def test_a_certificate_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ReaderError, match=r"absent\.pem"):
        call("https://127.0.0.1:1/api", "get", "/x", ca_file=str(tmp_path / "absent.pem"))


def test_pages_are_read_until_one_is_short():
    """1,150 objects: a first page, two, then four at the same time."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        offsets.append(body["offset"])
        items = [{"id": str(number)} for number in range(1150)]
        return httpx.Response(200, json=items[body["offset"] : body["offset"] + body["limit"]])

    offsets: list[int] = []
    found = call("http://any/api", "read_all", "/x/filter", transport=httpx.MockTransport(answer))
    assert [item["id"] for item in found] == [str(number) for number in range(1150)]
    assert sorted(offsets) == [0, 200, 400, 600, 800, 1000, 1200]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody but its owner trusts."""
    directory = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = made.add_extension(host, critical=False).sign(key, hashes.SHA256())
    (directory / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return directory


def test_certificates_are_checked_as_the_settings_say(certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    with scripted(OK, tls=tls) as server:
        with pytest.raises(Unreachable, match=r"self.signed certificate") as caught:
            call(server.url, "get", "/x")
        assert "PREFECT_API_SSL_CERT_FILE" in caught.value.mend
        assert call(server.url, "get", "/x", ca_file=str(certificate / "cert.pem")) == {"id": "1"}
        assert call(server.url, "get", "/x", tls_verify=False) == {"id": "1"}
        assert call(server.url, "get", "/x", tls_verify=False, http2=True) == {"id": "1"}
