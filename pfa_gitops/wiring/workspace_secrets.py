"""The secrets of a workspace that are known without asking any store, and where they stand in clear."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath

from pfa_gitops.engine.taint import in_manifests
from pfa_gitops.manifests.named_variables import named_variables
from pfa_gitops.manifests.pipeline import Workspace
from pfa_gitops.model.credentials import CREDENTIALS
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.known_secrets import KnownSecrets
from pfa_gitops.model.places import Origin
from pfa_gitops.model.secret_names import names_secret
from pfa_gitops.model.secrets import Sealed, find_stored_refs


def suspected_secrets(root: FilePath, files: Iterable[FilePath]) -> Mapping[str, Sealed]:
    """What a project that cannot be read, of these files, may hold as a secret: rather too much than too little."""
    names = {*CREDENTIALS, *named_variables(root, files), *filter(names_secret, os.environ)}
    return {f"from_env {name}": Sealed(os.environ[name]) for name in sorted(names) if os.environ.get(name)}


def in_clear(found: Workspace) -> Iterator[Problem]:
    """Secrets of the environment that stand in what commands show, before any of them shows it."""
    if not (known := KnownSecrets(named_secrets(found))):
        return
    yield from in_manifests(found.manifests, known)
    policies = found.project.spec.policies
    for text in (*found.notices, *(text for policy in policies for text in (policy.message, policy.when))):
        if (name := known.name_in(text)) is not None:
            message = f"a note or a policy holds the secret {name} in clear"
            yield Problem(message, "take it out", Origin(found.project.file, 1, 1))


def named_secrets(found: Workspace) -> Mapping[str, Sealed]:
    """The secrets that are known without asking any store."""
    plain = found.project.spec.not_secret
    return {called: value for called, value in named_values(found).items() if called not in plain}


def named_values(found: Workspace) -> Mapping[str, Sealed]:
    """Variables that references name, and our own credentials.

    It has those that are not secret, too: what was applied last may be one of them.
    """
    specs = (found.environment.spec, *(manifest.spec for manifest in found.manifests))
    referred = {one.ref.from_env for spec in specs for one in find_stored_refs(spec) if one.ref.from_env}
    harmless = [called.split(" ", 1) for called in found.project.spec.not_secret]
    names = {*CREDENTIALS, *referred, *(name for source, name in harmless if source == "from_env")}
    return {f"from_env {name}": Sealed(os.environ[name]) for name in names if os.environ.get(name)}
