"""Fetches the values that secret references name. The only place where a secret is read from its store.

A store is one function from its place to the value; `SecretStores.fetch` knows which one a reference means.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pfa_gitops.model.errors import SecretMissing
from pfa_gitops.model.secrets import AwsSecret, Sealed, SecretRef
from pfa_gitops.model.utf8 import is_utf8
from pfa_gitops.platforms.bounded_files import read_bounded

APART = "PFA_APART"
"""The variable of a process that plans what a stranger wrote: it fetches no secret, whatever a manifest names."""
MAX_BYTES = 1_000_000
"""Of a secret's file."""
BlockReader = Callable[[str, str], Awaitable[Mapping[str, Any]]]
"""Reads a Prefect block document's data with its secrets, by block type slug and name."""


@dataclass(frozen=True)
class SecretStores:
    """The stores as one process sees them: its environment, its files, and how it asks Prefect."""

    environment: Mapping[str, str]
    directory: Path = Path()
    """Where relative `from_file` paths start."""
    read_block: BlockReader | None = None
    fetched: dict[SecretRef, Sealed] = field(default_factory=dict)
    """Every value that `fetch` returned so far."""
    closed: bool = False
    """Fetch nothing: whoever wrote the manifests would have it sent wherever they name, and may not have it."""

    async def fetch(self, ref: SecretRef) -> Sealed:
        """Return the value behind `ref`, and remember it. Raises SecretMissing, whose text names the reference only."""
        value = self.fetched[ref] = await self.look_up(ref)
        return value

    async def look_up(self, ref: SecretRef) -> Sealed:
        """The same, without a memory: for whoever only asks whether it can be had."""
        if self.closed:
            mend = "have somebody of the project push the branch to the repository itself"
            raise SecretMissing(f"the secret {ref} is not fetched for a pull request from outside", mend, refused=True)
        if ref.from_env is not None:
            return self._from_env(ref.from_env)
        if ref.from_file is not None:
            return self._from_file(ref.from_file)
        if ref.from_aws_secret is not None:
            return await asyncio.to_thread(from_aws_secret, ref.from_aws_secret)
        return await self._from_block(ref.from_prefect_block or "")

    def _from_env(self, name: str) -> Sealed:
        value = self.environment.get(name)
        if not value:
            raise SecretMissing(f"the secret from_env {name} is not set", f"export {name}, or correct the name")
        if not is_utf8(value):
            mend = f"export {name} as text; bytes can be written in base64"
            raise SecretMissing(f"the secret from_env {name} is not UTF-8", mend)
        return Sealed(value)

    def _from_file(self, name: str) -> Sealed:
        try:
            content = read_bounded(self.directory / name, MAX_BYTES)
            return Sealed(content.decode().removesuffix("\n"))
        except (OSError, ValueError) as error:  # bytes that are no text, or a path with a null character
            reason = getattr(error, "strerror", None) or "not a text file"
            raise SecretMissing(
                f"the secret from_file {name} cannot be read: {reason}",
                "create the file, or correct the path",
            ) from None

    async def _from_block(self, place: str) -> Sealed:
        slug, _, name = place.partition("/")
        if self.read_block is None or not name:
            raise SecretMissing(
                f"the secret from_prefect_block {place} cannot be read here",
                "write it as `block-type-slug/name`",
            )
        value = (await self.read_block(slug, name)).get("value")
        if not isinstance(value, str):
            raise SecretMissing(f"the Prefect block {place} holds no text under `value`", "name a block of type secret")
        return Sealed(value)


def from_aws_secret(place: AwsSecret) -> Sealed:
    """Fetch a plaintext secret from AWS Secrets Manager, with boto3's usual credentials."""
    import boto3  # noqa: PLC0415 - costs 0.3 s, and most runs need no AWS
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the same

    mend = f"check the id, the region {place.region} and the role's secretsmanager:GetSecretValue permission"
    try:
        client = boto3.client("secretsmanager", region_name=place.region)
        answer = client.get_secret_value(SecretId=place.id)
    except (BotoCoreError, ClientError) as error:
        reason = type(error).__name__
        if isinstance(error, ClientError):
            reason = error.response.get("Error", {}).get("Code", reason)
        refused = reason != "ResourceNotFoundException"
        raise SecretMissing(f"the AWS secret {place.id} cannot be read: {reason}", mend, refused=refused) from None
    if not (value := answer.get("SecretString")):
        raise SecretMissing(f"the AWS secret {place.id} holds no text", "store it as a plaintext secret")
    return Sealed(value)
