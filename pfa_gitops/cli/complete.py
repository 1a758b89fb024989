"""The words with which a shell completes a command line. Imports what reads a project only when a shell asks."""

from pathlib import Path

import click

from pfa_gitops.model.errors import PfaError


def environments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The environments of the project that the command line names."""
    from pfa_gitops.manifests.as_written import as_written  # noqa: PLC0415 - see above

    found = as_written(_directory(context))
    return [name for name in found.environments if name.startswith(incomplete)] if found else []


def objects(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The addresses of its manifests. A project that is wrong somewhere has none."""
    from pfa_gitops import wiring  # noqa: PLC0415 - see above

    try:
        found = wiring.workspace(_directory(context), context.params.get("environment"))
    except PfaError:
        return []
    addresses = (str(manifest.address) for manifest in found.manifests)
    return [address for address in addresses if address.startswith(incomplete)]


def deployments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Those of them that can be run."""
    return [address for address in objects(context, parameter, incomplete) if address.startswith("Deployment/")]


def _directory(context: click.Context) -> Path:
    return Path(context.params.get("directory") or ".")
