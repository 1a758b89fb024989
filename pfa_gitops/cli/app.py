"""The command `pfa-gitops`: finds the command, maps errors to exit codes. Each command is a file of its own."""

import gc
import importlib
import sys
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import click

from pfa_gitops.model.defects import REPORT, defect
from pfa_gitops.model.errors import PfaError, ReaderError

COMMANDS = {
    "init": "Start a project in a folder.",
    "validate": "Check the manifests; asks no server.",
    "render": "Print the manifests as they stand after templates and overrides.",
    "graph": "Draw the objects of the manifests and what refers to what.",
    "plan": "Show what would change.",
    "apply": "Make it so.",
    "destroy": "Delete all that is this project's.",
    "import": "Make existing objects this project's.",
    "unlock": "Take the lock from a holder that is gone.",
    "drift": "Show what was changed behind the manifests' back.",
    "status": "Show how pools, agents and deployments do right now.",
    "run": "Run a deployment, and wait for it.",
    "export": "Make manifests of what is live.",
    "convert": "Make manifests of a prefect.yaml, of an agent's service or of a Prefect 2 script.",
    "schema": "Print or write the JSON Schemas.",
    "local": "A Prefect server and an Anyscale emulator on this machine.",
    "demo": "Do the whole story once, on this machine.",
}
INTERRUPTED = 130
OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""A command makes many objects that live to its end, and looking for dead ones among them costs a fifth of its time."""


class LazyGroup(click.Group):
    """Imports a command's file only when that command runs: every command starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the object of the command's name in the command's file."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(importlib.import_module(f"pfa_gitops.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="pfa-gitops")
def app() -> None:
    """Declarative GitOps for Prefect 3 on Anyscale."""


def main(arguments: list[str] | None = None) -> Any:
    """Run one command and exit: the codes are in docs/commands.md."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    code = run(arguments, _fail)
    gc.freeze()  # the system takes the memory back faster than the collector finds out that nothing is needed any more
    sys.exit(code)


def run(arguments: list[str] | None, fail: Callable[[PfaError], int]) -> int:
    """Run one command; its exit code. What stops it goes to `fail`, which tells it and gives the code."""
    try:
        code = app.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show(file=sys.stderr)
        code = ReaderError.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except PfaError as error:
        code = fail(error)
    except OSError as error:  # a disk that is full, a folder that may not be written
        code = fail(ReaderError(f"{error.filename or 'the output'}: {error.strerror or type(error).__name__}"))
    except Exception as error:  # nobody sees a traceback
        code = fail(PfaError(defect(error), REPORT))
    return code if isinstance(code, int) else 0


def _fail(error: PfaError) -> int:
    from pfa_gitops.cli.console import fail  # noqa: PLC0415 - `--help` and `--version` need none of it

    return fail(error)


if __name__ == "__main__":
    main()
