"""Proxy variables that httpx refuses when a client is made: a reader's slip, on both platforms."""

import asyncio

import pytest

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._target import PrefectTarget

CLIENTS = [
    pytest.param(lambda: PrefectClient(PrefectTarget("http://127.0.0.1:9/api")), id="prefect"),
    pytest.param(lambda: AnyscaleClient(AnyscaleTarget("http://127.0.0.1:9", Sealed("aph0_x"))), id="anyscale"),
]


@pytest.mark.parametrize("make", CLIENTS)
@pytest.mark.parametrize(
    ("variable", "value", "mend"),
    [
        ("ALL_PROXY", "socks5://me:hunter2@x", "httpx[socks]"),
        ("HTTP_PROXY", "foo://me:hunter2@x", "HTTP_PROXY"),
        ("HTTP_PROXY", "127.0.0.1:hunter2", "HTTP_PROXY"),
        ("NO_PROXY", "http://hunter2:[::1", "NO_PROXY"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_by_its_variable_only(monkeypatch, make, variable, value, mend):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv(variable, value)

    async def opened():
        async with make():
            pass

    with pytest.raises(ReaderError, match="proxy variables") as caught:
        asyncio.run(opened())
    assert mend in caught.value.mend
    assert "hunter2" not in caught.value.message + caught.value.mend
