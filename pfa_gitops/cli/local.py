"""`pfa-gitops local`: a real Prefect server and the Anyscale emulator on this machine."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pfa_gitops.cli import options
from pfa_gitops.cli.console import Console
from pfa_gitops.local_stack import stack
from pfa_gitops.local_stack.health import is_up
from pfa_gitops.local_stack.state import Home, usable

NOT_UP = 1
_FLAG = "--data-dir"
_FORMAT = "pfa-gitops/local/v1"
_PORT = click.IntRange(0, 65535)


@click.group()
def local() -> None:
    """A Prefect server and an Anyscale emulator on this machine."""


def _data_dir(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        _FLAG,
        type=click.Path(path_type=Path, file_okay=False),
        default=stack.DEFAULT_FOLDER,
        show_default=True,
        help="The stack's folder. Each folder has a stack of its own.",
    )(command)


@local.command()
@click.option("--prefect-port", type=_PORT, default=stack.PREFECT_PORT, show_default=True, help="0 finds a free one.")
@click.option("--anyscale-port", type=_PORT, default=stack.EMULATOR_PORT, show_default=True, help="0 finds a free one.")
@click.option("--timeout", default=stack.START_TIMEOUT_S, show_default=True, help="Seconds until both must answer.")
@_data_dir
@options.quiet
@options.output_format("text", "json")
def up(*, prefect_port: int, anyscale_port: int, timeout: float, data_dir: Path, quiet: bool, output: str) -> None:
    """Start both, wait until they answer, print what to export. They go on running until `local down`."""
    console, home = Console(output, quiet), stack.home_at(data_dir)
    with usable(home.root, _FLAG):
        started = stack.up(home, stack.Ports(prefect_port, anyscale_port), console.progress, timeout)
    if console.as_json:
        console.document(_variables(home))
        return
    console.say(_exports(home))
    console.progress(f"\nPrefect's pages: {stack.page(started)}")
    console.progress(f'To use them in this shell: eval "$(pfa-gitops local env{_flag(data_dir)})"')


@local.command()
@click.option("--delete-data", is_flag=True, help="Remove the folder, too.")
@_data_dir
@options.quiet
def down(*, delete_data: bool, data_dir: Path, quiet: bool) -> None:
    """Stop both, and the jobs and services of the emulator. The data stays for the next `up`."""
    console, home = Console(quiet=quiet), stack.home_at(data_dir)
    with usable(home.root, _FLAG):
        ran = stack.down(home, console.progress, delete_data)
    if not ran:
        console.progress("nothing was running")


@local.command()
@_data_dir
@options.output_format("text", "json")
def status(*, data_dir: Path, output: str) -> int:
    """Tell what runs. Exits with 0 when all of it answers, else with 1."""
    console, home = Console(output), stack.home_at(data_dir)
    with usable(home.root, _FLAG):
        health = stack.status(home)
    all_up = is_up(health)
    if console.as_json:
        console.document({"format": _FORMAT, "up": all_up, "servers": [server._asdict() for server in health]})
    for server in () if console.as_json else health:
        console.say(f"{server.title:<18} {server.state:<7} {server.url}  {f'pid {server.pid}' if server.pid else ''}")
    if not health and not console.as_json:
        console.say("no stack was started here")
    return 0 if all_up else NOT_UP


@local.command()
@_data_dir
@options.output_format("text", "json")
def env(*, data_dir: Path, output: str) -> None:
    """Print what to export, for `eval "$(pfa-gitops local env)"`."""
    console, home = Console(output), stack.home_at(data_dir)
    if console.as_json:
        console.document(_variables(home))
    else:
        console.say(_exports(home))


def _variables(home: Home) -> dict[str, Any]:
    return {"format": _FORMAT, "variables": _found(home)}


def _exports(home: Home) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in _found(home).items())


def _found(home: Home) -> dict[str, str]:
    with usable(home.root, _FLAG):
        return dict(stack.variables(home))


def _flag(data_dir: Path) -> str:
    return "" if data_dir == stack.DEFAULT_FOLDER else f" --data-dir {shlex.quote(str(data_dir))}"
