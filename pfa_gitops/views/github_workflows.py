"""The workflows that a project calls the action by: plan and apply, and drift each night. Pure."""

import json
import re
from collections.abc import Mapping, Sequence

SOURCE = "your-organisation/pfa-gitops"
COMMIT = "0" * 40
DEFAULT_BRANCH = "main"
FILES = (".github/workflows/gitops.yml", ".github/workflows/drift.yml")
CREDENTIALS = ("PREFECT_API_KEY", "ANYSCALE_CLI_TOKEN")

_GITOPS = """\
# A plan as a comment on each pull request; after the merge, apply of exactly that plan and a report back.
# Require the check `gitops / result` for the branch.
name: gitops
on:
  pull_request:
  merge_group:
  push: {branches: [BRANCH]}
  workflow_dispatch:  # applies a fresh plan, which nobody reviewed

permissions: {}

jobs:
  gitops:
    permissions: {contents: read, actions: read, pull-requests: write}
    uses: SOURCE/.github/workflows/gitops.yml@COMMIT # VERSION
    with:
      PROJECTSenvironments: ENVIRONMENTS
      prefect-api-url: ${{ vars.PREFECT_API_URL }}
PUBLIC      unreviewed: ${{ github.event_name == 'workflow_dispatch' && 'apply' || 'refuse' }}
    secrets:
"""
_DRIFT = """\
# One issue that is open as long as something was changed behind the manifests' back.
name: drift
on:
  schedule: [{cron: "23 5 * * *"}]
  workflow_dispatch:

permissions: {}

jobs:
  drift:
    permissions: {contents: read, issues: write}
    uses: SOURCE/.github/workflows/drift.yml@COMMIT # VERSION
    with:
      PROJECTSenvironments: ENVIRONMENTS
      prefect-api-url: ${{ vars.PREFECT_API_URL }}
PUBLIC    secrets:
"""


def github_workflows(
    environments: Sequence[str],
    version: str,
    variables: Sequence[str] = (),
    secrets: Sequence[str] = (),
    *,
    branch: str = DEFAULT_BRANCH,
    folder: str = "",
) -> Mapping[str, str]:
    """The text of each file, by its path in the repository.

    `variables` and `secrets` are what the manifests read beside the usual credentials; in the repository's settings
    they have the same names. `branch` is the default one, `folder` where the project is, if not at the root. The commit
    of the release that `version` names has to be filled in.
    """
    lines = [f"{name}: ${{{{ secrets.{name} }}}}" for name in CREDENTIALS]
    lines += _listed("PFA_VARIABLES", "secrets", secrets)
    handed = "".join(f"      {line}\n" for line in lines)
    words = {
        "SOURCE": SOURCE,
        "COMMIT": COMMIT,
        "VERSION": f"v{version}",
        "BRANCH": _scalar(branch),
        "PROJECTS": f"projects: {_scalar(folder)}\n      " if folder else "",
        "ENVIRONMENTS": " ".join(environments),
        "PUBLIC": "".join(f"      {line}\n" for line in _listed("variables", "vars", variables)),
    }
    return {path: _filled(text, words) + handed for path, text in zip(FILES, (_GITOPS, _DRIFT), strict=True)}


def _listed(name: str, source: str, names: Sequence[str]) -> list[str]:
    """One entry with many variables, a line each; none where there are none."""
    lines = [f"  {one}=${{{{ {source}.{one} }}}}" for one in names]
    return [f"{name}: |", *lines] if lines else []


def _scalar(text: str) -> str:
    """As YAML writes it: most names need no quotes."""
    return text if re.fullmatch(r"[A-Za-z][\w./-]*", text) else json.dumps(text)


def _filled(text: str, words: Mapping[str, str]) -> str:
    """In one go: no value is looked into for the names of others."""
    return re.sub("|".join(words), lambda found: words[found[0]], text)
