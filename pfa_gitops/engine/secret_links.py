"""Whether the secrets that flow runs need can be fetched. A value that was fetched is let go of at once.

A secret of an object whose platform stores the value was fetched by apply: only references that are resolved where
they are used are of interest here.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pfa_gitops.engine.readings import Kinds
from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.model.errors import PlatformError, SecretMissing
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import Fetch, FoundSecret, SecretRef, find_stored_refs
from pfa_gitops.model.values import Manifest


class Word(NamedTuple):
    """What is known of one secret."""

    verdict: Verdict
    reason: str


Words = Mapping[SecretRef, Word]


def secret_refs(manifests: Iterable[Manifest[Any]], kinds: Kinds) -> Mapping[Address, list[FoundSecret]]:
    """The references that are resolved where they are used, by the manifest that holds them."""
    stored = (manifest for manifest in manifests if not kinds[manifest.address.kind].rules.resolves_secrets)
    found = ((manifest.address, list(find_stored_refs(manifest.spec))) for manifest in stored)
    return {address: refs for address, refs in found if refs}


async def words(refs: Iterable[SecretRef], fetch: Fetch | None) -> Words:
    """Ask for each of `refs` once; with no `fetch`, say that nobody did."""
    distinct = list(dict.fromkeys(refs))
    told = await asyncio.gather(*(_word(ref, fetch) for ref in distinct))
    return dict(zip(distinct, told, strict=True))


async def _word(ref: SecretRef, fetch: Fetch | None) -> Word:
    if ref.from_env is not None or ref.from_file is not None:
        return Word(Verdict.UNKNOWN, f"{ref} is read where it is used")
    if fetch is None:
        return Word(Verdict.UNKNOWN, f"{ref} was not fetched: `pfa-gitops status --check` does that")
    try:
        await fetch(ref)
    except SecretMissing as error:
        return Word(Verdict.UNKNOWN if error.refused else Verdict.NOT, error.message)
    except PlatformError as error:
        return Word(Verdict.UNKNOWN, f"{ref} cannot be read: {error.message}")
    return Word(Verdict.OK, f"{ref} can be read")


def secrets_link(address: Address, found: Words) -> Link:
    """One link for all secrets of a deployment's runs: the worst of them, and how many more there are of that sort."""
    for verdict in (Verdict.NOT, Verdict.UNKNOWN):
        if reasons := [word.reason for word in found.values() if word.verdict is verdict]:
            more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
            return Link(Part.SECRETS, verdict, f"{reasons[0]}{more}", address)
    what = "the secret" if len(found) == 1 else f"all {len(found)} secrets"
    return Link(Part.SECRETS, Verdict.OK, f"{what} can be read", address)
