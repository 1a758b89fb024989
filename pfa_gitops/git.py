"""What is known of a checkout: what `${{ git.… }}` may say, its root, its default branch. Runs `git`, reads only."""

import subprocess
from pathlib import Path

SAFELY = ("--no-optional-locks", "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false")
"""A folder of the checkout may look like a repository of its own, whose settings name programs to run: git takes no
settings from such a one, and starts no file system monitor. Nor does it write its index anew, as `status` would."""
ASK = {
    "commit": ("rev-parse", "HEAD"),
    "short_commit": ("rev-parse", "--short", "HEAD"),
    "branch": ("rev-parse", "--abbrev-ref", "HEAD"),
    "tag": ("describe", "--tags", "--exact-match"),
    "dirty": ("status", "--porcelain", "-z", "--untracked-files=all"),
}
REPORTS = (".json", ".md", ".html", ".xml")
"""The endings of what commands write into a checkout: saved plans and reports."""


def describe(directory: Path) -> dict[str, str]:
    """Return commit, short_commit, branch, tag and dirty (`true` or `false`); what git does not know is left out.

    What is changed is dirty, and what is new, but for `REPORTS`: a saved plan lies in the checkout that applies it.
    """
    answers = {name: _run(directory, question) for name, question in ASK.items()}
    if not answers["commit"]:
        return {}
    changed = answers.pop("dirty")
    dirty = {} if changed is None else {"dirty": str(_is_dirty(changed)).lower()}
    return {name: answer for name, answer in answers.items() if answer} | dirty


def _is_dirty(status: str) -> bool:
    """Of git's own list. A line of a file that it does not know begins with `??`."""
    return any(not (line.startswith("?? ") and line.endswith(REPORTS)) for line in status.split("\0") if line)


def root(directory: Path) -> Path | None:
    """The folder in which the repository that `directory` is in begins; None where it is in none."""
    found = _run(directory, ("rev-parse", "--show-toplevel"))
    return Path(found) if found else None


def default_branch(directory: Path) -> str | None:
    """The branch that others merge into, as far as it is known here; None where nothing tells."""
    if origins := _run(directory, ("symbolic-ref", "--short", "refs/remotes/origin/HEAD")):
        return origins.removeprefix("origin/")
    branches = (_run(directory, ("for-each-ref", "--format=%(refname:short)", "refs/heads")) or "").splitlines()
    if len(branches) > 1:
        return next((name for name in ("main", "master") if name in branches), None)
    return _run(directory, ("symbolic-ref", "--short", "HEAD"))


def _run(directory: Path, question: tuple[str, ...]) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", *SAFELY, *question],  # noqa: S607 - the user's own git
            cwd=directory,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # a branch may be called by bytes of any encoding
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
