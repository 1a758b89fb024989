"""`pfa-gitops run`: run a deployment of this project, and follow it to its end."""

import asyncio
import json
import logging
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pfa_gitops import wiring
from pfa_gitops.cli import complete, options
from pfa_gitops.cli.console import Console
from pfa_gitops.cli.run_to_end import run_to_end
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import PlatformError, ReaderError
from pfa_gitops.model.flow_runs import COMPLETED, Event, FlowRun, LogLine, State
from pfa_gitops.model.values import Manifest
from pfa_gitops.wiring.connection import Connection, connect

NOT_COMPLETED = 5
TERMINATED = 143
"""What a shell calls a program that SIGTERM ended."""
_FORMAT = "pfa-gitops/run/v1"
_KIND = "Deployment"
_CANCEL_S = 10.0


@dataclass(frozen=True)
class _Wanted:
    """What the flags say."""

    parameters: Mapping[str, Any]
    job_variables: Mapping[str, Any]
    wait: bool
    timeout_s: float | None
    cancel: bool
    """Whether a run that is no longer waited for is cancelled."""


@click.command()
@click.argument("address", metavar="Deployment/NAME", shell_complete=complete.deployments)
@click.option(
    "--param", "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="JSON, or else text. Repeatable."
)
@click.option(
    "--job-variable",
    "job_variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="A field of the job, for this run only. JSON, or else text. Repeatable.",
)
@click.option("--wait/--no-wait", default=False, help="Follow the run and exit with its result.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long to wait; then exit with 5. The run goes on. Default: no limit.",
)
@click.option(
    "--cancel-unfinished",
    "cancel",
    is_flag=True,
    help="Cancel the run where the waiting ends before it: time-out, Ctrl-C.",
)
@options.shared()
def run(
    *,
    address: str,
    parameters: tuple[str, ...],
    job_variables: tuple[str, ...],
    wait: bool,
    timeout_s: float | None,
    cancel: bool,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Create a flow run of a deployment. With --wait: 0 when it completed, 5 when it did not."""
    for flag, given in (("--timeout", timeout_s is not None), ("--cancel-unfinished", cancel)):
        if given and not wait:
            raise ReaderError(f"{flag} means nothing without --wait", "add --wait")
    wanted = _Wanted(_values("--param", parameters), _values("--job-variable", job_variables), wait, timeout_s, cancel)
    found = wiring.workspace(directory, environment)
    deployment = _find(found.manifests, address)
    try:
        return run_to_end(_run(Console(output, quiet), found, deployment, wanted))
    except asyncio.CancelledError:
        return TERMINATED


def _values(flag: str, texts: Iterable[str]) -> dict[str, Any]:
    return dict(_value(flag, text) for text in texts)


def _value(flag: str, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ReaderError(f"{flag} {text!r} has no value", f"write {flag} name=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _find(manifests: Iterable[Manifest[Any]], address: str) -> Manifest[Any]:
    """The deployment's manifest. The bare name will do, too."""
    kind, slash, name = address.partition("/")
    if slash and kind != _KIND:
        raise ReaderError(f"{address} is no deployment", f"only deployments can be run: {_KIND}/NAME")
    wanted = name if slash else address
    deployments = {found.address.name: found for found in manifests if found.address.kind == _KIND}
    if wanted in deployments:
        return deployments[wanted]
    mend = did_you_mean(wanted, deployments, _known(list(deployments)))
    raise ReaderError(f"no manifest declares {_KIND}/{wanted}", mend)


def _known(names: list[str]) -> str:
    """The mend where no name is near."""
    if not names:
        return "this project declares no deployment in this environment: write one, or choose another with -C or -e"
    return f"declared are {', '.join(sorted(names)[:_FEW])}{' and others' if len(names) > _FEW else ''}"


_FEW = 12


async def _run(console: Console, found: Workspace, deployment: Manifest[Any], wanted: _Wanted) -> int:
    async with connect(found, {"prefect"}) as connection:
        begun = await connection.start_run(deployment, wanted.parameters, wanted.job_variables)
        console.progress(f"{deployment.address} runs as {begun.name}: {begun.page}")
        if not wanted.wait:
            return _report(console, deployment, begun, None)
        follower = _Follower(console, connection, begun)
        in_time = await follower.follow(wanted)
    return _report(console, deployment, begun, follower.state, timed_out=not in_time)


_NEW = State("SCHEDULED", "Scheduled", "")


@dataclass
class _Follower:
    """Shows a run's states and log lines. They are progress: in JSON they stay off standard output."""

    console: Console
    connection: Connection
    begun: FlowRun
    state: State = _NEW

    async def follow(self, wanted: _Wanted) -> bool:
        """Follow the run to its end. False when the time was over before."""
        try:
            with _heeding_sigterm():
                async with asyncio.timeout(wanted.timeout_s):
                    await self._show()
        except TimeoutError:
            ended = self.state.final  # only the last log lines were waited for
            if not ended:
                await self._leave(f"not ended after {wanted.timeout_s:g} s", wanted.cancel)
            return ended
        except asyncio.CancelledError:
            await self._leave("no longer following", wanted.cancel)
            raise
        return True

    async def _show(self) -> None:
        async with aclosing(self.connection.follow_run(self.begun)) as events:
            async for event in events:
                if isinstance(event, State):
                    self.state = event
                self._tell(event)

    def _tell(self, event: Event) -> None:
        if isinstance(event, State):
            self.console.progress(f"  -> {event.name}{': ' + event.message if event.message else ''}")
        elif isinstance(event, LogLine):
            level = "" if event.level == logging.INFO else f"{logging.getLevelName(event.level)} "
            self.console.progress(f"  {event.time.astimezone():%H:%M:%S} {level}{event.text}")
        else:
            self.console.warn(f"  note: {event.text}")

    async def _leave(self, why: str, cancel: bool) -> None:
        """Say what becomes of a run that is no longer waited for."""
        name, page = self.begun.name, self.begun.page
        if not cancel:
            self.console.warn(f"{why}; {name} goes on: {page}")
            return
        try:
            async with asyncio.timeout(_CANCEL_S):
                cancelled = await self.connection.cancel_run(self.begun)
        except (PlatformError, TimeoutError) as error:
            reason = getattr(error, "message", "Prefect did not answer in time")
            self.console.warn(f"{why}; {name} could not be cancelled and may go on: {reason}: {page}")
        else:
            self.console.warn(f"{why}; {name} {'is being cancelled' if cancelled else 'had ended already'}: {page}")


@contextmanager
def _heeding_sigterm() -> Iterator[None]:
    """A CI system ends a job by SIGTERM: the waiting ends as by Ctrl-C."""
    loop = asyncio.get_running_loop()
    if task := asyncio.current_task():
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def _report(
    console: Console, deployment: Manifest[Any], begun: FlowRun, state: State | None, timed_out: bool = False
) -> int:
    code = 0 if state is None or state.type == COMPLETED else NOT_COMPLETED
    if console.as_json:
        told = state and {"type": state.type, "name": state.name, "message": state.message}
        run = {"id": begun.id, "name": begun.name, "url": begun.page, "state": told}
        document = {"format": _FORMAT, "deployment": str(deployment.address), "timed_out": timed_out, "flow_run": run}
        console.document(document)
    elif state:
        console.say(f"{begun.name}: {state.name}{' (not ended)' if timed_out else ''}")
    else:
        console.say(begun.id)
    return code
