"""Problems without the secrets that stand in them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pfa_gitops.model.errors import Problem
from pfa_gitops.model.known_secrets import KnownSecrets, is_telling
from pfa_gitops.model.secrets import REDACTED, Sealed


def redacted(problems: Iterable[Problem], values: Mapping[str, Sealed]) -> list[Problem]:
    """The same problems, with `(secret)` where one of these values stands. The place in the file stays."""
    known = KnownSecrets(values)
    if not known:
        return list(problems)
    plain = sorted((value for value in map(Sealed.reveal, values.values()) if is_telling(value)), key=len, reverse=True)

    def hidden(text: str) -> str:
        if known.name_in(text) is None:
            return text
        for value in plain:
            text = text.replace(value, REDACTED)
        if (name := known.name_in(text)) is not None:  # as URLs, JSON or base64 write it
            return f"something is wrong that cannot be told without the secret {name}"
        return text

    return [_with(problem, hidden(problem.message), hidden(problem.mend), known) for problem in problems]


def _with(problem: Problem, message: str, mend: str, known: KnownSecrets) -> Problem:
    named = problem.address is not None and known.name_in(problem.address.name) is not None
    return replace(problem, message=message, mend=mend, address=None if named else problem.address)
