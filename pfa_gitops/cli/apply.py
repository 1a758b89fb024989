"""`pfa-gitops apply`: plan, ask, write, tell how each change ended."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.engine.apply import Apply, Listener, complete
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.manifests.project import Environment
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.values import Outcome, Plan, Result
from pfa_gitops.views.json import outcomes_json
from pfa_gitops.views.terminal import show_outcome, show_plan, show_result

INCOMPLETE = 5


@click.command()
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option(
    "--wait-timeout", type=float, default=900, show_default=True, help="Seconds to wait for an object to be ready."
)
@options.shared()
def apply(
    *, auto_approve: bool, wait_timeout: float, directory: Path, environment: str | None, output: str, quiet: bool
) -> int:
    """Make what is live what the manifests say. Shows the plan and asks first; a second apply has nothing to do."""
    console = Console(output, quiet)
    return asyncio.run(_apply(console, wiring.workspace(directory, environment), auto_approve, wait_timeout))


async def _apply(console: Console, found: Workspace, auto_approve: bool, wait_timeout: float) -> int:
    async with wiring.connect(found) as connection:
        plan = await connection.plan()
        asks = bool(plan.pending) and not auto_approve
        if not console.as_json:
            console.say(show_plan(plan, console.colour))
        elif asks:
            console.warn(show_plan(plan))
        if asks:
            await _ask(found.environment)
        outcomes: tuple[Outcome, ...] = ()
        if plan.pending:
            run = connection.apply(plan, _listener(console), wait_timeout)
            with _stop_on_interrupt(run, console):
                outcomes = await run.run()
        return _report(console, plan, outcomes)


async def _ask(environment: Environment) -> None:
    """Have a person agree. A protected environment wants its own name, so that nobody agrees by habit."""
    if not sys.stdin.isatty():
        raise ReaderError("apply asks before it writes, and there is no terminal", "add --auto-approve")
    word = environment.name if environment.spec.protected else "yes"
    if await _answer(f"Apply this plan? Type {word!r}: ") != word:
        raise ReaderError("not applied", f"type {word!r} to apply")


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
        started=lambda change: console.progress(f"  … {change.address}"),
        progress=lambda change, message: console.progress(f"  … {change.address}: {message}"),
        finished=lambda outcome: _tell(console, outcome),
    )


def _tell(console: Console, outcome: Outcome) -> None:
    """What did not succeed is a problem, which --quiet does not hide."""
    tell = console.progress if outcome.result is Result.DONE else console.warn
    tell(show_outcome(outcome, console.colour))


@contextmanager
def _stop_on_interrupt(run: Apply, console: Console) -> Iterator[None]:
    """The first Ctrl-C lets what is under way end and starts nothing more; a second one breaks off."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        console.warn("interrupted: finishing what is under way, starting nothing more")
        run.stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, stop)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _report(console: Console, plan: Plan, outcomes: tuple[Outcome, ...]) -> int:
    if console.as_json:
        console.document(outcomes_json(plan, outcomes))
    elif outcomes:
        console.say(show_result(outcomes, console.colour))
    return 0 if complete(outcomes) else INCOMPLETE
