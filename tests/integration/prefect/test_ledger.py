"""The inventory and the lock on a real Prefect server."""

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from support.prefect_server import run_prefect_server

from pfa_gitops.holder import is_dead, this_process
from pfa_gitops.model.errors import Locked, LockLost, ReaderError
from pfa_gitops.model.holder import Holder
from pfa_gitops.model.inventory import Entry
from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Key, Owner
from pfa_gitops.platforms.prefect import _lock
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._inventory import SLUG, BlockLedger, document_name
from pfa_gitops.platforms.prefect._lock import VariableLock
from pfa_gitops.platforms.prefect._target import PrefectTarget

SOMEWHERE = Holder("ana", "another-machine", "2026-01-01T00:00:00+00:00", "apply", "https://ci/7")


@pytest.fixture
def owner() -> Owner:
    return Owner(f"project {uuid4().hex[:8]}", "Prod")


@asynccontextmanager
async def connected(server):
    async with PrefectClient(PrefectTarget(server.url)) as client:
        yield client


def lock_of(client, owner, token):
    return VariableLock(client, owner, token, is_dead)


def test_the_inventory_is_read_as_it_was_written(prefect_server, owner):
    entry = Entry(Key("Variable", "v"), {"value": [1, {"a": None}]}, "id-1", (Address("WorkPool", "p"),), protect=True)

    async def scenario():
        async with connected(prefect_server) as client:
            ledger = BlockLedger(client, owner)
            empty = await ledger.read()
            assert (empty.serial, empty.entries) == (0, {})
            first = await ledger.write(empty.with_entry(Address("Variable", "v"), entry))
            second = await ledger.write(first.with_entry(Address("Variable", "w"), replace(entry, pending=True)))
            assert second.serial == 2
            read = await BlockLedger(client, owner).read()
            assert read.entries == second.entries
            assert read.serial == 2
            assert read.digests.sealed == empty.digests.sealed
            return empty.digests.sealed.reveal()

    key = asyncio.run(scenario())
    path = f"/block_types/slug/{SLUG}/block_documents/name/{document_name(owner)}"
    shown = prefect_server.get(path)
    assert key not in json.dumps(shown)
    assert list(json.loads(shown["data"]["content"])["objects"]) == ["Variable/v", "Variable/w"]


def test_each_project_and_environment_has_a_document_of_its_own():
    owners = [Owner("a", "b-c"), Owner("a-b", "c"), Owner("A", "b-c"), Owner("ä", "ö")]
    names = {document_name(owner) for owner in owners}
    assert len(names) == len(owners)
    assert all(name.replace("-", "").isalnum() and name == name.lower() for name in names)


def test_a_document_whose_content_is_a_mapping_is_read_and_becomes_a_text(prefect_server, owner):
    async def scenario():
        async with connected(prefect_server) as client:
            ledger = BlockLedger(client, owner)
            entry = Entry(Key("Variable", "v"), {"value": {"a": [1]}}, "1")
            first = await ledger.write((await ledger.read()).with_entry(Address("Variable", "v"), entry))
            path = f"/block_types/slug/{SLUG}/block_documents/name/{document_name(owner)}"
            document = await client.get(path)
            content = json.loads(document["data"]["content"])
            await client.patch(f"/block_documents/{document['id']}", {"data": {"content": content}})
            assert (await ledger.read()).entries == first.entries
            await ledger.write(first)
            assert isinstance((await client.get(path))["data"]["content"], str)
            assert (await ledger.read()).entries == first.entries

    asyncio.run(scenario())


def test_a_document_of_another_format_is_refused_and_kept(prefect_server, owner):
    async def scenario():
        async with connected(prefect_server) as client:
            await BlockLedger(client, owner).write(await BlockLedger(client, owner).read())
            document = await client.get(f"/block_types/slug/{SLUG}/block_documents/name/{document_name(owner)}")
            content = json.loads(document["data"]["content"]) | {"format": 99}
            await client.patch(f"/block_documents/{document['id']}", {"data": {"content": json.dumps(content)}})
            with pytest.raises(ReaderError, match="no inventory that this version can read: format 99"):
                await BlockLedger(client, owner).read()
            await client.remove(f"/block_documents/{document['id']}")  # whoever asks for all inventories reads it, too

    asyncio.run(scenario())


def test_a_held_lock_is_waited_for_and_says_who_holds_it(prefect_server, owner):
    async def scenario():
        async with connected(prefect_server) as client:
            first, second = lock_of(client, owner, "1"), lock_of(client, owner, "2")
            await first.acquire(SOMEWHERE, 0, print)
            told = []
            with pytest.raises(Locked, match=r"ana@another-machine \(apply, since 2026-01-01.*https://ci/7\)"):
                await second.acquire(SOMEWHERE, 3, told.append)
            assert "waiting for the lock, held by ana@another-machine" in told[0]
            waiting = asyncio.create_task(second.acquire(SOMEWHERE, 60, told.append))
            await first.release()
            await waiting
            second.check()
            with pytest.raises(LockLost):
                first.check()
            assert await first.holder() == SOMEWHERE

    asyncio.run(scenario())


def test_a_holder_that_is_silent_loses_the_lock_and_writes_no_more(prefect_server, owner, monkeypatch):
    monkeypatch.setattr(_lock, "STALE_S", 2.0)
    monkeypatch.setattr(_lock, "SAFE_S", 1.0)

    async def scenario():
        async with connected(prefect_server) as client:
            first, second = lock_of(client, owner, "1"), lock_of(client, owner, "2")
            await first.acquire(SOMEWHERE, 0, print)
            await second.acquire(SOMEWHERE, 60, print)
            with pytest.raises(LockLost):
                first.check()
            monkeypatch.setattr(_lock, "BEAT_S", 0.0)
            with pytest.raises(LockLost):
                await asyncio.wait_for(first.hold(), 30)

    asyncio.run(scenario())


def test_a_holder_that_beats_keeps_the_lock(prefect_server, owner, monkeypatch):
    monkeypatch.setattr(_lock, "BEAT_S", 0.2)
    monkeypatch.setattr(_lock, "STALE_S", 20.0)

    async def scenario():
        async with connected(prefect_server) as client:
            first, second = lock_of(client, owner, "1"), lock_of(client, owner, "2")
            await first.acquire(SOMEWHERE, 0, print)
            holding = asyncio.create_task(first.hold())
            with pytest.raises(Locked):
                await second.acquire(SOMEWHERE, 25, print)
            first.check()
            holding.cancel()

    asyncio.run(scenario())


def test_a_process_that_ended_on_this_machine_frees_the_lock_at_once(prefect_server, owner):
    mine = this_process({}, "apply")
    assert not is_dead(mine)
    pid, _, rest = mine.process.partition(" ")
    gone = replace(mine, process=f"{pid} {rest}0")  # one that had this pid before

    async def scenario():
        async with connected(prefect_server) as client:
            await lock_of(client, owner, "1").acquire(gone, 0, print)
            began = time.monotonic()
            await lock_of(client, owner, "2").acquire(mine, 60, print)
            assert time.monotonic() - began < _lock.STALE_S
            with pytest.raises(Locked):
                await lock_of(client, owner, "3").acquire(mine, 0, print)

    asyncio.run(scenario())


def test_unlock_takes_it_from_its_holder(prefect_server, owner, monkeypatch):
    monkeypatch.setattr(_lock, "BEAT_S", 0.1)

    async def scenario():
        async with connected(prefect_server) as client:
            first, second = lock_of(client, owner, "1"), lock_of(client, owner, "2")
            await first.acquire(SOMEWHERE, 0, print)
            await second.free()
            assert await second.holder() is None
            with pytest.raises(LockLost):
                await asyncio.wait_for(first.hold(), 60)
            await second.acquire(SOMEWHERE, 0, print)

    asyncio.run(scenario())


def test_of_many_who_want_it_one_has_it_at_a_time(prefect_server, owner, monkeypatch):
    monkeypatch.setattr(_lock, "LOOK_S", 0.05)
    inside, most, turns = 0, 0, 0

    async def work(client, token):
        nonlocal inside, most, turns
        for _ in range(3):
            lock = lock_of(client, owner, token)
            await lock.acquire(SOMEWHERE, 300, lambda text: None)
            inside += 1
            most, turns = max(most, inside), turns + 1
            await asyncio.sleep(0.05)
            lock.check()
            inside -= 1
            await lock.release()

    async def scenario():
        async with connected(prefect_server) as client:
            await asyncio.gather(*(work(client, str(number)) for number in range(5)))
            left = await client.read_all("/variables/filter", {"variables": {"tags": {"all_": ["pfa-gitops-lock"]}}})
            return [item for item in left if document_name(owner) in item["name"]]

    left = asyncio.run(scenario())
    assert (most, turns) == (1, 15)
    assert len(left) == 1


@pytest.mark.slow  # it starts two servers
def test_the_lock_outlives_a_restart_of_the_server(tmp_path, prefect_template, owner, monkeypatch):
    async def take(server, timeout_s):
        async with connected(server) as client:
            await lock_of(client, owner, uuid4().hex).acquire(SOMEWHERE, timeout_s, print)

    with run_prefect_server(tmp_path, prefect_template) as server:
        asyncio.run(take(server, 0))
    with run_prefect_server(tmp_path) as server:
        with pytest.raises(Locked, match="ana@another-machine"):
            asyncio.run(take(server, 0))
        monkeypatch.setattr(_lock, "STALE_S", 1.0)
        asyncio.run(take(server, 30))
