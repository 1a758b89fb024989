"""Prefect's own server, that takes parallel writers on SQLite: `python -m pfa_gitops.local_stack.prefect_server`.

It takes the arguments of `prefect server start`, but for those that start further processes. Three things are
different, measured on Prefect 3.8.8, the first two with twelve clients that create runs and set states. Nothing that a
client sends or gets is different.

Transactions take SQLite's write lock when they begin. Prefect's begin as readers, and SQLite refuses a reader's first
write at once when another one has written meanwhile: nine of ten requests were answered with 503. Now none is.

Garbage is collected in a thread of its own. A refused write leaves its cursor to the garbage collector, which waits
for the cursor's connection, which may wait up to 60 s for another transaction. In the event loop's thread that is a
deadlock for as long, as the other transaction ends in the event loop: 1 to 4 requests per second were answered. Now 50.

The names of the time zones are looked up once. Prefect walks through the system's files for them at each cron schedule
that it reads, twice: 85 % of the time that it takes to list deployments.
"""

import gc
import runpy
import sys
import threading
import time
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING

from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.types import _datetime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

COLLECT_EVERY_S = 5.0
_YOUNG = 1
"""The generation of what was made since the last round. The server's hundred thousands of old objects take a second."""
_ROUNDS_OF_THE_YOUNG = 60
_FURTHER_PROCESSES = {"-b", "--background", "--workers"}


def take_writers_in_turn() -> None:
    """Have each transaction wait for its turn, where it would be refused at its first write.

    But for one inside of another one: it would wait for that one's end, which waits for it. Mostly it only reads.
    """
    begin = AioSqliteConfiguration.begin_transaction

    @asynccontextmanager
    async def begin_as_a_writer(
        self: AioSqliteConfiguration, session: "AsyncSession", with_for_update: bool = False
    ) -> "AsyncIterator[AsyncSessionTransaction]":
        outermost = SQLITE_BEGIN_MODE.get() is None
        async with begin(self, session, with_for_update=with_for_update or outermost) as transaction:
            await session.connection()  # it begins here, and not at the first statement
            mode = SQLITE_BEGIN_MODE.set("DEFERRED")
            try:
                yield transaction
            finally:
                SQLITE_BEGIN_MODE.reset(mode)

    AioSqliteConfiguration.begin_transaction = begin_as_a_writer  # type: ignore[method-assign]


def collect_garbage_in_a_thread() -> None:
    """Take garbage collection out of the threads that allocate, for the rest of this process."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    while True:
        for _ in range(_ROUNDS_OF_THE_YOUNG):
            time.sleep(COLLECT_EVERY_S)
            gc.collect(_YOUNG)
        gc.collect()


def list_time_zones_once() -> None:
    """Remember their names, for the rest of this process."""
    _datetime.available_timezones = cache(_datetime.available_timezones)  # type: ignore[attr-defined]


def main() -> None:
    """Start Prefect's server in this process: what is different is lost in another one."""
    if further := _FURTHER_PROCESSES.intersection(sys.argv[1:]):
        sys.exit(f"{', '.join(sorted(further))}: this server runs in one process, in the foreground")
    take_writers_in_turn()
    collect_garbage_in_a_thread()
    list_time_zones_once()
    sys.argv[1:1] = ["server", "start"]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
