"""The lock of a project in an environment, kept as Prefect variables.

Each holder makes a variable with the next number. A name can be made once only, so that of several who want the lock
one gets it; and what is in Prefect's database outlives its server's restart, which a concurrency lease does not
(measured on Prefect 3.8.8). The holder writes to its variable every `BEAT_S`. When that stays out for `STALE_S`, by
the server's clock, whoever wants the lock makes the next one.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from pfa_gitops.model.errors import Conflict, Locked, LockLost, MaybeArrived, NotFound, PfaError
from pfa_gitops.model.holder import Holder
from pfa_gitops.model.values import Owner
from pfa_gitops.platforms.ledger import Lock, Tell
from pfa_gitops.platforms.prefect._client import PrefectClient
from pfa_gitops.platforms.prefect._inventory import document_name

BEAT_S = 15.0
STALE_S = 60.0
SAFE_S = 45.0
"""How long after its last beat a holder may write: well before anybody else may take the lock."""
LOOK_S = 2.0
LOCK_TAG = "pfa-gitops-lock"
_NUMBER = re.compile(r"-(\d+)$")


@dataclass(frozen=True)
class _Taken:
    """A variable of the lock."""

    id: str
    number: int
    holder: Holder | None
    """None: given back."""
    token: str
    silent_s: float
    """How long ago it was written last, by the server's clock."""


class VariableLock(Lock):
    """The lock of one owner. `is_dead` says of a holder that its process has ended, where that can be told."""

    def __init__(self, client: PrefectClient, owner: Owner, token: str, is_dead: Callable[[Holder], bool]) -> None:
        self._client, self._token, self._is_dead = client, token, is_dead
        self._name = f"{LOCK_TAG}-{document_name(owner)}"
        self._held: _Taken | None = None
        self._beaten = 0.0

    async def acquire(self, holder: Holder, timeout_s: float, tell: Tell) -> None:
        """Make the next variable once the last one is free or stale."""
        deadline, told = time.monotonic() + timeout_s, ""
        while True:
            last = await self._last()
            if last is None or self._is_free(last):
                if await self._make(1 if last is None else last.number + 1, holder):
                    return
                continue  # somebody was quicker
            if time.monotonic() >= deadline:
                raise Locked(f"the lock is held by {last.holder}", _MEND)
            if told != (told := f"waiting for the lock, held by {last.holder}"):
                tell(told)
            await asyncio.sleep(min(LOOK_S, max(deadline - time.monotonic(), 0.0)))

    async def release(self) -> None:
        """Say that it is free. The variable stays, as the next one is numbered after it."""
        if (held := self._held) is not None:
            self._held = None
            await self._write(held.id, None)

    async def hold(self) -> None:
        """Beat. While Prefect does not answer, the time goes on."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._beat()
            except LockLost:
                raise
            except PfaError:
                self.check()

    async def _beat(self) -> None:
        began = time.monotonic()
        last = await self._last()
        if self._held is None or last is None or last.token != self._token or last.holder is None:
            self._held = None
            raise LockLost("the lock was taken away", _MEND)
        await self._write(last.id, last.holder)
        self._beaten = began

    def check(self) -> None:
        """By this machine's own clock, from before the request of the last beat."""
        if self._held is None or time.monotonic() - self._beaten > SAFE_S:
            raise LockLost("the lock could not be renewed in time, and may be somebody else's by now", "apply again")

    async def holder(self) -> Holder | None:
        """Who holds it."""
        last = await self._last()
        return None if last is None or self._is_free(last) else last.holder

    async def free(self) -> None:
        """Give it back in the holder's place. The holder stops at its next beat."""
        if (last := await self._last()) is not None:
            await self._write(last.id, None)

    def _is_free(self, last: _Taken) -> bool:
        return last.holder is None or last.silent_s > STALE_S or self._is_dead(last.holder)

    async def _last(self) -> _Taken | None:
        """The variable with the highest number. The others are left-overs of who died."""
        return max(await self._all(), key=lambda one: one.number, default=None)

    async def _all(self) -> list[_Taken]:
        found = await self._client.read_all("/variables/filter", {"variables": {"tags": {"all_": [self._name]}}})
        return [one for item in found if (one := self._taken(item)) is not None]

    def _taken(self, item: Mapping[str, Any]) -> _Taken | None:
        number, value = _NUMBER.search(item["name"]), item["value"]
        if number is None or not isinstance(value, Mapping):
            return None
        moment = self._client.moment(item.get("updated"))
        silent_s = moment.age_seconds if moment else 0.0
        holder = Holder(**value["holder"]) if value.get("holder") else None
        return _Taken(item["id"], int(number[1]), holder, str(value.get("token", "")), silent_s)

    async def _make(self, number: int, holder: Holder) -> bool:
        """Make the variable of that number. False when it is there already, made by somebody else."""
        began = time.monotonic()
        body = {"name": f"{self._name}-{number}", "value": self._value(holder), "tags": [LOCK_TAG, self._name]}
        with suppress(Conflict, MaybeArrived):  # after a lost answer the token says whose it is
            await self._client.post("/variables/", body)
        last = await self._last()
        if last is None or last.number != number or last.token != self._token:
            return False
        self._held, self._beaten = last, began
        await self._clear(number)
        return True

    async def _clear(self, number: int) -> None:
        """Remove the variables of former holders."""
        for one in await self._all():
            if one.number < number:
                await self._client.remove(f"/variables/{one.id}")

    async def _write(self, variable_id: str, holder: Holder | None) -> None:
        try:
            await self._client.patch(f"/variables/{variable_id}", {"value": self._value(holder)})
        except NotFound:
            return  # somebody took it, and it is gone

    def _value(self, holder: Holder | None) -> dict[str, Any]:
        return {"token": self._token, "holder": asdict(holder) if holder else None, "beat": time.time_ns()}


_MEND = "wait with --lock-timeout SECONDS; `pfa-gitops unlock` takes it from a holder that is gone"
