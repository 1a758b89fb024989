"""Each command's help has examples that the command takes, and a shell completes what is known."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pfa_gitops.cli import examples
from pfa_gitops.cli.app import COMMANDS, app

PROGRAM = Path(sys.executable).parent / "pfa-gitops"
LINES = [line for found in examples.EXAMPLES.values() for line, _ in found]
PROJECT = """
apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: p}
spec:
  environments:
    dev: {default: true}
    prod: {vars: {a: "${{ env.NOT_SET }}"}}
"""
VARIABLE = "apiVersion: pfa-gitops/v1\nkind: Variable\nmetadata: {name: %s}\nspec: {value: 1}\n---\n"


def context():
    """As the program itself makes it: click keeps at each command what its context says of the option `--help`."""
    return click.Context(app, **app.context_settings)


def test_each_command_has_examples():
    assert COMMANDS.keys() <= examples.EXAMPLES.keys()
    local = app.get_command(context(), "local")
    assert {f"local {name}" for name in local.commands} <= examples.EXAMPLES.keys()


@pytest.mark.parametrize("line", LINES)
def test_an_example_is_what_the_command_takes(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)
    for word in words:
        if Path(word).suffix:
            Path(word).write_text("a file that the command reads")
    command = app.get_command(context(), words.pop(0))
    if isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    made = command.make_context("command", words, context())
    assert not made.args


def test_help_shows_them():
    shown = subprocess.run(
        [sys.executable, "-m", "pfa_gitops.cli.app", "plan", "--help"], capture_output=True, text=True, check=True
    )
    assert "Examples:\n    pfa-gitops plan -e prod " in shown.stdout


def complete(folder, *words, current=""):
    """What bash is told for a line of these words, of which the last is being typed."""
    asked = {"COMP_WORDS": shlex.join(["pfa-gitops", *words, current]), "COMP_CWORD": str(len(words) + 1)}
    done = subprocess.run(
        [PROGRAM],
        cwd=folder,
        env={**os.environ, **asked, "_PFA_GITOPS_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [word for line in done.stdout.splitlines() if (word := line.partition(",")[2])]


def test_a_shell_completes_commands_options_environments_and_objects(tmp_path):
    (tmp_path / "pfa-gitops.yaml").write_text(PROJECT)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "a.yaml").write_text(VARIABLE % "one" + VARIABLE % "two")
    assert complete(tmp_path, current="pl") == ["plan"]
    assert "--auto-approve" in complete(tmp_path, "apply", current="--auto")
    assert complete(tmp_path, "plan", "-e") == ["dev", "prod"]
    assert complete(tmp_path, "import", current="Variable/t") == ["Variable/two"]
    assert complete(tmp_path.parent, "plan", "-e") == []


def test_the_script_for_a_shell_is_printed():
    done = subprocess.run([PROGRAM, "completion", "bash"], capture_output=True, text=True, check=True)
    assert "_PFA_GITOPS_COMPLETE=bash_complete" in done.stdout
