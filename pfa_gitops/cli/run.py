"""`pfa-gitops run`: run a deployment of this project, and follow it to its end."""

import asyncio
import json
import logging
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import click

from pfa_gitops import wiring
from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.closest import did_you_mean
from pfa_gitops.model.errors import ReaderError
from pfa_gitops.model.flow_runs import COMPLETED, FlowRun, LogLine, State
from pfa_gitops.model.values import Manifest
from pfa_gitops.wiring import Connection

NOT_COMPLETED = 5
_FORMAT = "pfa-gitops/run/v1"
_KIND = "Deployment"


@click.command()
@click.argument("address", metavar="Deployment/NAME")
@click.option(
    "--param", "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="JSON, or else text. Repeatable."
)
@click.option("--wait/--no-wait", default=False, help="Follow the run and exit with its result.")
@options.shared()
def run(
    *,
    address: str,
    parameters: tuple[str, ...],
    wait: bool,
    directory: Path,
    environment: str | None,
    output: str,
    quiet: bool,
) -> int:
    """Create a flow run of a deployment. With --wait: 0 when it completed, 5 when it ended in any other way."""
    given = dict(_parameter(text) for text in parameters)
    found = wiring.workspace(directory, environment)
    return asyncio.run(_run(Console(output, quiet), found, _find(found.manifests, address), given, wait))


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ReaderError(f"--param {text!r} has no value", "write --param name=value")
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
    raise ReaderError(f"no manifest declares {_KIND}/{wanted}", did_you_mean(wanted, deployments))


async def _run(
    console: Console, found: Workspace, deployment: Manifest[Any], parameters: dict[str, Any], wait: bool
) -> int:
    async with wiring.connect(found, {"prefect"}) as connection:
        begun = await connection.start_run(deployment, parameters)
        console.progress(f"{deployment.address} runs as {begun.name}: {begun.page}")
        ended = await _follow(console, connection, begun) if wait else None
    return _report(console, deployment, begun, ended)


async def _follow(console: Console, connection: Connection, begun: FlowRun) -> State:
    """Show states and log lines until the run ends. They are progress: in JSON they stay off standard output."""
    state = State("PENDING", "Pending", "")
    try:
        async with aclosing(connection.follow_run(begun)) as events:
            async for event in events:
                state = event if isinstance(event, State) else state
                console.progress(_shown(event))
    except asyncio.CancelledError:
        console.warn(f"no longer following; {begun.name} goes on: {begun.page}")
        raise
    return state


def _shown(event: State | LogLine) -> str:
    if isinstance(event, State):
        return f"  -> {event.name}{': ' + event.message if event.message else ''}"
    level = "" if event.level == logging.INFO else f"{logging.getLevelName(event.level)} "
    return f"  {event.time.astimezone():%H:%M:%S} {level}{event.text}"


def _report(console: Console, deployment: Manifest[Any], begun: FlowRun, ended: State | None) -> int:
    code = 0 if ended is None or ended.type == COMPLETED else NOT_COMPLETED
    if console.as_json:
        state = ended and {"type": ended.type, "name": ended.name, "message": ended.message}
        run = {"id": begun.id, "name": begun.name, "url": begun.page, "state": state}
        console.document({"format": _FORMAT, "deployment": str(deployment.address), "flow_run": run})
    elif ended:
        console.say(f"{begun.name}: {ended.name}")
    else:
        console.say(begun.id)
    return code
