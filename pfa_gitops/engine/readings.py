"""Asks kinds something about their manifests: all platforms at the same time, each kind once. Reads only."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from pfa_gitops.model.errors import FailedTogether, PfaError
from pfa_gitops.model.values import Manifest, Manifests
from pfa_gitops.platforms.base import Kind

Kinds = Mapping[str, Kind[Any, Any]]
Clients = Mapping[str, Any]
"""An open client for each platform that a kind in use names."""

AnswerT = TypeVar("AnswerT")
Ask = Callable[[Kind[Any, Any], Any, Sequence[Manifest[Any]]], Awaitable[AnswerT]]
"""What a kind is asked: the kind, its platform's client, and the manifests of that kind."""

Answers = tuple[list[AnswerT], list[PfaError]]


class Reading(NamedTuple):
    """A kind, and the manifests whose live side it reads."""

    kind: Kind[Any, Any]
    wanted: list[Manifest[Any]]


async def ask_platforms(manifests: Manifests, kinds: Kinds, clients: Clients, ask: Ask[AnswerT]) -> Answers[AnswerT]:
    """Return the answers of all kinds that `manifests` name, and what each platform failed with."""
    return await _ask([Reading(kinds[name], wanted) for name, wanted in _by_kind(manifests)], clients, ask)


async def ask_kinds(kinds: Iterable[Kind[Any, Any]], clients: Clients, ask: Ask[AnswerT]) -> Answers[AnswerT]:
    """The same of kinds, whatever the manifests say; of those whose platform has a client."""
    return await _ask([Reading(kind, []) for kind in kinds if kind.platform in clients], clients, ask)


def raise_failures(failures: Sequence[PfaError]) -> None:
    """Raise what the platforms failed with, told together; nothing where none did."""
    if failures:
        raise failures[0] if len(failures) == 1 else FailedTogether(failures)


async def _ask(readings: Iterable[Reading], clients: Clients, ask: Ask[AnswerT]) -> Answers[AnswerT]:
    platforms: dict[str, list[Reading]] = {}
    for reading in readings:
        platforms.setdefault(reading.kind.platform, []).append(reading)
    reads = (_ask_platform(clients[name], group, ask) for name, group in platforms.items())
    answers: list[AnswerT] = []
    failures: list[PfaError] = []
    for answer in await asyncio.gather(*reads, return_exceptions=True):
        if isinstance(answer, PfaError):
            failures.append(answer)
        elif isinstance(answer, BaseException):  # a defect
            raise answer
        else:
            answers += answer
    return answers, failures


def _by_kind(manifests: Manifests) -> list[tuple[str, list[Manifest[Any]]]]:
    ordered = sorted(manifests, key=lambda manifest: manifest.address)
    return [(name, list(group)) for name, group in groupby(ordered, key=lambda manifest: manifest.address.kind)]


async def _ask_platform(client: Any, readings: Sequence[Reading], ask: Ask[AnswerT]) -> list[AnswerT]:
    """Ask all kinds of one platform. Raises the first failure, which the others most likely share: they end then."""

    async def answer(reading: Reading) -> AnswerT:
        return await ask(reading.kind, client, reading.wanted)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(answer(reading)) for reading in readings]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
