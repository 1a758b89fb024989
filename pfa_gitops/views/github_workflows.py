"""The workflows that a project calls the action by: plan and apply, and drift each night. Pure."""

from collections.abc import Mapping, Sequence

SOURCE = "your-organisation/pfa-gitops"
COMMIT = "0" * 40
FILES = (".github/workflows/gitops.yml", ".github/workflows/drift.yml")
CREDENTIALS = ("PREFECT_API_KEY", "ANYSCALE_CLI_TOKEN")

_GITOPS = """\
# A plan as a comment on each pull request; after the merge, apply of exactly that plan and a report back.
# Require the check `gitops / result` for the branch.
name: gitops
on:
  pull_request:
  push: {branches: [main]}
  workflow_dispatch:  # applies a fresh plan, which nobody reviewed

permissions: {}

jobs:
  gitops:
    permissions: {contents: read, actions: read, pull-requests: write}
    uses: SOURCE/.github/workflows/gitops.yml@COMMIT # VERSION
    with:
      environments: ENVIRONMENTS
      prefect-api-url: ${{ vars.PREFECT_API_URL }}
      unreviewed: ${{ github.event_name == 'workflow_dispatch' && 'apply' || 'refuse' }}
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
      environments: ENVIRONMENTS
      prefect-api-url: ${{ vars.PREFECT_API_URL }}
    secrets:
"""


def github_workflows(
    environments: Sequence[str], version: str, variables: Sequence[str] = (), secrets: Sequence[str] = ()
) -> Mapping[str, str]:
    """The text of each file, by its path in the repository.

    `variables` and `secrets` are what the manifests read beside the usual credentials; in the repository's settings
    they have the same names. The commit of the release that `version` names has to be filled in.
    """
    lines = [f"{name}: ${{{{ secrets.{name} }}}}" for name in CREDENTIALS]
    more = [f"{name}=${{{{ vars.{name} }}}}" for name in variables]
    more += [f"{name}=${{{{ secrets.{name} }}}}" for name in secrets]
    lines += ["PFA_VARIABLES: |", *(f"  {line}" for line in more)] if more else []
    handed = "".join(f"      {line}\n" for line in lines)
    words = {"SOURCE": SOURCE, "COMMIT": COMMIT, "VERSION": f"v{version}", "ENVIRONMENTS": " ".join(environments)}
    return {path: _filled(text, words) + handed for path, text in zip(FILES, (_GITOPS, _DRIFT), strict=True)}


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, value in words.items():
        text = text.replace(name, value)
    return text
