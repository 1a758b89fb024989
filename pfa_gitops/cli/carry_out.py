"""What the commands that write have in common: lock, plan, show, ask, write, tell how each change ended."""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click

from pfa_gitops.cli.console import Console
from pfa_gitops.cli.reports import OUTCOME_FILES, outcomes_text, write_file
from pfa_gitops.engine.apply import Apply, Listener, complete
from pfa_gitops.engine.planning import Planned
from pfa_gitops.engine.record import is_done
from pfa_gitops.engine.saved import Fitted
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.receipts import SavedPlan, from_json, moved
from pfa_gitops.model.values import Outcome, Owner, Plan, Result
from pfa_gitops.views.problems import show_problems
from pfa_gitops.views.terminal import show_outcome, show_plan, show_result
from pfa_gitops.views.values import printable
from pfa_gitops.wiring.connection import Connection, connect

STALE = 3
INCOMPLETE = 5
_ENDS = (signal.SIGINT, signal.SIGTERM)

MakePlan = Callable[[Connection], Awaitable[Planned]]


@dataclass(frozen=True)
class Consent:
    """How the reader agrees to a plan."""

    command: str
    question: str
    word: str
    """What is to be typed."""
    given: bool
    """By --auto-approve."""
    ignore_limits: bool
    saved: SavedPlan | None = None
    """What was agreed to before. Nothing else is done, and nobody is asked."""
    replan: bool = False
    """Do also what is not as the saved plan shows it, once that was agreed to."""


@dataclass(frozen=True)
class Patience:
    """How long a command waits, in seconds."""

    lock: float
    ready: float


async def carry_out(
    console: Console, found: Workspace, consent: Consent, make_plan: MakePlan, patience: Patience
) -> int:
    """Do it all; the exit code. What is written is written under the lock, and the lock is taken for that only."""
    async with connect(found) as connection:
        if consent.saved is not None:
            _check_fits(consent.saved, connection.saved())
        planned = await make_plan(connection)
        agreed = await _agreed(console, connection, planned, consent)
        if is_done(agreed.planned):
            return _nothing_done(console, connection.owner, agreed)
        async with connection.locked(consent.command, patience.lock, console.warn) as writer:
            if await connection.serial() != planned.stored.serial:
                agreed = await _agreed(console, connection, await make_plan(connection), consent, again=True)
                if is_done(agreed.planned):  # the other apply did the same
                    return _nothing_done(console, connection.owner, agreed)
            run = writer.apply(agreed, _listener(console), patience.ready)
            return await _write(console, connection.owner, run, agreed)


async def _agreed(
    console: Console, connection: Connection, planned: Planned, consent: Consent, *, again: bool = False
) -> Fitted:
    """Show the plan and have it agreed to. Raises ReaderError where it is not."""
    fitted = Fitted(planned, ())
    if (saved := consent.saved) is not None and not _replans(planned, saved, consent):
        fitted, consent = await connection.fit(planned, saved), replace(consent, given=True)
    plan = fitted.planned.plan
    if again and not consent.given:
        raise ReaderError(
            "not applied: another apply was quicker, and the plan is no longer what it was", "apply again"
        )
    if not console.as_document and (plan.pending or not fitted.skipped):
        console.say(show_plan(plan, console.colour))
    elif plan.pending and not consent.given:
        console.warn(show_plan(plan))
    if plan.breaches and not consent.ignore_limits:
        mend = "look at the plan; --ignore-limits applies it"
        raise ReaderError(f"not applied: {'; '.join(plan.breaches)}", mend)
    if plan.denials:
        names = ", ".join(dict.fromkeys(verdict.policy for verdict in plan.denials))
        raise ReaderError(f"not applied: a policy denies it: {names}", "look at the plan; no flag overrules a policy")
    if plan.pending and not consent.given:
        await _ask(consent)
    return fitted


def _replans(planned: Planned, saved: SavedPlan, consent: Consent) -> bool:
    """Whether the fresh plan takes the place of the saved one, and is to be agreed to."""
    return consent.replan and bool(moved(planned.plan.changes, saved, planned.inventory))


def read_saved_plan(file: Path) -> SavedPlan:
    """Read what `plan --output` wrote. Raises ReaderError for anything else."""
    try:
        return from_json(json.loads(file.read_text()))
    except (KeyError, TypeError, ValueError) as error:
        raise ReaderError(f"{file} is no saved plan: {error}", "make it with `pfa-gitops plan -o FILE`") from None


def _check_fits(saved: SavedPlan, here: SavedPlan) -> None:
    if (why := saved.differs(here)) is not None:
        raise ReaderError(f"the saved plan is refused: {why}", "make a new plan here")


def _nothing_done(console: Console, owner: Owner, agreed: Fitted) -> int:
    """Tell that there is nothing to write, and write nothing: no trace is left of such an apply."""
    _tell_skipped(console, agreed)
    _report(console, owner, agreed.planned.plan, agreed.skipped)
    return STALE if agreed.skipped else 0


async def _write(console: Console, owner: Owner, run: Apply, agreed: Fitted) -> int:
    _tell_skipped(console, agreed)
    with _stop_on_interrupt(run, console):
        outcomes = await run.run()
    _report(console, owner, run.plan, (*outcomes, *agreed.skipped))
    if run.unrecorded is not None:
        console.warn(show_problems([run.unrecorded], colour=False))
    if not complete(outcomes) or run.unrecorded is not None:
        return INCOMPLETE
    return STALE if agreed.skipped else 0


def _tell_skipped(console: Console, agreed: Fitted) -> None:
    for outcome in agreed.skipped:
        console.warn(show_outcome(outcome))


async def _ask(consent: Consent) -> None:
    """Have a person agree. What is dear to undo wants a name of its own, so that nobody agrees by habit."""
    if not sys.stdin.isatty():
        raise ReaderError(f"{consent.command} asks before it writes, and there is no terminal", "add --auto-approve")
    if await _answer(f"{consent.question} Type {consent.word!r}: ") != consent.word:
        raise ReaderError("not applied", f"type {consent.word!r} to go on")


async def _answer(question: str) -> str:
    """What a person types. Raises Abort on Ctrl-C, which the event loop hears at any time: a blocking read may not."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Queue[bool] = asyncio.Queue()
    loop.add_reader(sys.stdin, typed.put_nowait, True)
    loop.add_signal_handler(signal.SIGINT, typed.put_nowait, False)
    try:
        click.echo(question, err=True, nl=False)
        if not await typed.get():
            raise click.Abort
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip()


def _listener(console: Console) -> Listener:
    return Listener(
        started=lambda change: console.progress(f"  … {printable(str(change.address))}"),
        progress=lambda change, message: console.progress(printable(f"  … {change.address}: {message}")),
        finished=lambda outcome: _tell(console, outcome),
    )


def _tell(console: Console, outcome: Outcome) -> None:
    """What did not succeed is a problem, which --quiet does not hide."""
    tell = console.progress if outcome.result is Result.DONE else console.warn
    tell(show_outcome(outcome, console.colour))


@contextmanager
def _stop_on_interrupt(run: Apply, console: Console) -> Iterator[None]:
    """The first Ctrl-C, or SIGTERM, lets what is under way end and starts nothing more; a second one breaks off."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        console.warn("interrupted: finishing what is under way, starting nothing more")
        run.stop.set()
        for number in _ENDS:
            loop.remove_signal_handler(number)

    for number in _ENDS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in _ENDS:
            loop.remove_signal_handler(number)


def _report(console: Console, owner: Owner, plan: Plan, outcomes: tuple[Outcome, ...]) -> None:
    for file in console.reports:
        write_file(file, outcomes_text(plan, outcomes, owner.project, OUTCOME_FILES[file.suffix]))
    if console.as_document:
        most, more_at = console.most_characters, console.more_at
        text = outcomes_text(plan, outcomes, owner.project, console.format, most_characters=most, more_at=more_at)
        console.say(text)
    elif outcomes:
        console.say(show_result(outcomes, console.colour))
