"""That no unit test can reach the network, by any of the ways in which our code would."""

import asyncio
import socket

import httpx
import pytest
from pytest_socket import SocketConnectBlockedError

SOMEWHERE = "192.0.2.1"  # an address that is kept for documentation: nobody has it
pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")


def test_a_socket_is_refused():
    with pytest.raises(SocketConnectBlockedError, match=SOMEWHERE):
        socket.create_connection((SOMEWHERE, 80))


def test_a_coroutine_is_refused():
    with pytest.raises(SocketConnectBlockedError, match=SOMEWHERE):
        asyncio.run(asyncio.open_connection(SOMEWHERE, 80))


def test_an_http_client_is_refused():
    async def read():
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"http://{SOMEWHERE}/")

    with pytest.RaisesGroup(pytest.RaisesExc(SocketConnectBlockedError, match=SOMEWHERE)):
        asyncio.run(read())


def test_this_machine_is_not():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
