"""The Prefect API as its kinds use it. With `_exchange`, the only HTTP on the Prefect side; it knows no kind."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

from pfa_gitops.model.errors import NotFound, PlatformError, SecretMissing, Unreachable
from pfa_gitops.model.history import Source
from pfa_gitops.model.status import Moment
from pfa_gitops.model.values import Owner
from pfa_gitops.platforms.prefect._answers import encode
from pfa_gitops.platforms.prefect._exchange import READERS, Exchange, Link
from pfa_gitops.platforms.prefect._target import PrefectTarget

if TYPE_CHECKING:
    import httpx

PAGE = 200
"""The most that Prefect gives at once; 201 is a 422."""
MOST_NAMES = 400
"""A filter takes no more: a database takes only so many parameters, an old SQLite 999 in one statement."""
PATIENCE_S = 60.0
LASTING = ("/block_types/", "/block_schemas/")

Item = dict[str, Any]
Listing = list[Item]
AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")
Tasks = dict[str, asyncio.Task[AnswerT]]


def any_of(names: Iterable[str]) -> dict[str, list[str] | None]:
    """A filter for these names or ids. More than MOST_NAMES let everything through, so that the caller must look."""
    wanted = sorted(set(names))
    return {"any_": wanted if len(wanted) <= MOST_NAMES else None}


def in_parts(items: Sequence[ItemT], most: int) -> Iterator[Sequence[ItemT]]:
    """Return the items in parts of so many at most."""
    return (items[start : start + most] for start in range(0, len(items), most))


class PrefectClient:
    """A connection to one Prefect API, for use in `async with`. Raises the errors of `model.errors` only."""

    def __init__(
        self,
        target: PrefectTarget,
        transport: "httpx.AsyncBaseTransport | None" = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.target = target
        self.owner: Owner | None = None
        """Whose the objects are that are made here, for those on which that can be written."""
        self.source: Source | None = None
        """Who makes them, of what commit."""
        self._link = Link(target, transport, patience_s)
        self._listings: Tasks[Listing] = {}
        self._learnt: Tasks[Any] = {}

    async def __aenter__(self) -> Self:
        self._link.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._listings.values(), *self._learnt.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._link.close()

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """GET `path`, e.g. `/work_pools/default`, and return the JSON. Raises NotFound among others."""
        return await Exchange(self._link, "GET", path, params=params).run()

    async def ask(self, path: str, body: Any = None) -> Any:
        """POST to what only reads, e.g. `/work_pools/filter`; sent again when the answer was lost."""
        return await Exchange(self._link, "POST", path, self._encoded(body)).run()

    async def post(self, path: str, body: Any = None) -> Any:
        """POST a write. Raises MaybeArrived when the answer was lost: look before sending it again."""
        return await self._write("POST", path, body, repeatable=False)

    async def post_twice(self, path: str, body: Any) -> Any:
        """POST a write that does no harm when it arrives twice; sent again when the answer was lost."""
        return await self._write("POST", path, body)

    async def patch(self, path: str, body: Any) -> Any:
        """PATCH `path`; sent again when the answer was lost."""
        return await self._write("PATCH", path, body)

    async def put(self, path: str, body: Any) -> Any:
        """PUT `path`; sent again when the answer was lost."""
        return await self._write("PUT", path, body)

    async def delete(self, path: str) -> Any:
        """DELETE `path`; sent again when the answer was lost, so that NotFound may mean that it worked."""
        return await self._write("DELETE", path, None)

    async def remove(self, path: str) -> None:
        """DELETE what may be gone already."""
        try:
            await self.delete(path)
        except NotFound:
            return

    async def read_all(self, path: str, body: Mapping[str, Any] | None = None) -> Listing:
        """POST to a listing and return every page of it, 200 a page.

        A full first page means that there may be more: the next ones are asked for at the same time, 2, 4, then 8
        of them, until one is short. So no count is needed, which several listings lack. What moved to a later page
        meanwhile is told once.
        """
        pages = [await self._page(path, body, 0)]
        wave = 2
        while len(pages[-1]) == PAGE:
            offsets = range(len(pages), len(pages) + wave)
            pages += await asyncio.gather(*(self._page(path, body, number * PAGE) for number in offsets))
            wave = min(wave * 2, READERS)
        items = [item for page in pages for item in page]
        return list({item.get("id", index): item for index, item in enumerate(items)}.values())

    async def listing(self, path: str, body: Mapping[str, Any] | None = None) -> Listing:
        """Return what `read_all` does, asked for once until the next write: several kinds share one listing."""
        return await _shared(self._listings, f"{path} {self._encoded(body)!r}", lambda: self.read_all(path, body))

    async def once(self, what: str, ask: Callable[[], Coroutine[Any, Any, AnswerT]]) -> AnswerT:
        """Return what `ask` does, asked once: for what no write of ours changes, e.g. the id of a flow that many share.

        It is asked again after a write that failed: what was learnt may be the reason.
        """
        return await _shared(self._learnt, what, ask)

    async def _page(self, path: str, body: Mapping[str, Any] | None, offset: int) -> Listing:
        try:
            page = await self.ask(path, {**(body or {}), "limit": PAGE, "offset": offset})
        except NotFound as error:
            raise Unreachable(error.message, "check PREFECT_API_URL; it usually ends with /api") from None
        if not isinstance(page, list):
            raise self._link.no_prefect()
        return page

    async def _write(self, method: str, path: str, body: Any, repeatable: bool = True) -> Any:
        """A write makes the listings stale: those that began before it, and those that began beside it."""
        self._forget(path)
        try:
            exchange = Exchange(self._link, method, path, self._encoded(body), writes=True, repeatable=repeatable)
            return await exchange.run()
        except PlatformError:
            _drop(self._learnt, [what for what, task in self._learnt.items() if task.done()])
            raise
        finally:
            self._forget(path)

    def _forget(self, written: str) -> None:
        """Forget the listings, but for those of block types and schemas, which no other write changes."""
        lasting = () if written.startswith(LASTING) else LASTING
        _drop(self._listings, [key for key in self._listings if not (lasting and key.startswith(lasting))])

    def now(self) -> datetime:
        """The time by the server's own clock, up to a second behind."""
        return datetime.now(UTC) + self._link.clock_ahead

    def now_at_most(self) -> datetime:
        """The time by the server's own clock, up to a second ahead."""
        return self.now() + timedelta(seconds=1)

    def moment(self, time: str | None) -> Moment | None:
        """A time of an answer, e.g. `2026-01-01T00:00:00Z`, with its age by the server's own clock."""
        if time is None:
            return None
        told = datetime.fromisoformat(time).astimezone(UTC)
        age = self.now() - told
        return Moment(told, max(age.total_seconds(), 0.0))

    async def read_block(self, slug: str, name: str) -> Mapping[str, Any]:
        """A block document's data with its secrets in clear, for a secret reference. Raises SecretMissing."""
        path = f"/block_types/slug/{quote(slug, safe='')}/block_documents/name/{quote(name, safe='')}"
        try:
            document = await self.get(path, {"include_secrets": "true"})
        except NotFound:
            message = f"the secret from_prefect_block {slug}/{name} does not exist"
            raise SecretMissing(message, "create the block, or correct the name") from None
        data: Mapping[str, Any] = document["data"]
        for value in data.values():
            if isinstance(value, str):
                self._link.hide(value)
        return data

    def _encoded(self, body: Any) -> bytes | None:
        return None if body is None else encode(body, self._link.secrets)


async def _shared(tasks: Tasks[AnswerT], key: str, ask: Callable[[], Coroutine[Any, Any, AnswerT]]) -> AnswerT:
    """Ask once for all who want to know. A failure is told to those who wait for it, and then forgotten."""
    if key not in tasks:
        tasks[key] = asyncio.create_task(ask())
    task = tasks[key]
    try:
        return await asyncio.shield(task)
    except Exception:
        if tasks.get(key) is task:
            _drop(tasks, [key])
        raise


def _drop(tasks: Tasks[Any], keys: Iterable[str]) -> None:
    """In place: `_shared` holds on to the same mapping."""
    for key in keys:
        del tasks[key]
