"""The command by which a job fetches its secrets before it does its own. Pure."""

import shlex

EXECUTE = "python -m pfa_gitops.runner.execute"
"""A job's first process. Its image must have the package."""
_ARGUMENTS = 7  # python -m MODULE -- bash -c COMMAND


def fetching_secrets(command: str) -> str:
    """The command, run by a process that fetches the secrets of PFA_GITOPS_SECRET_ENV first."""
    return f"{EXECUTE} -- bash -c {shlex.quote(command)}"


def without_fetching(command: str) -> str:
    """The command that `fetching_secrets` was given, or `command` itself."""
    if not command.startswith(f"{EXECUTE} -- bash -c "):
        return command
    try:
        arguments = shlex.split(command)
    except ValueError:
        return command
    return arguments[-1] if len(arguments) == _ARGUMENTS else command
