"""Finds placeholders that Prefect would fill with a secret: the clear text would stand in the job, for all to see.

Reads block schemas from Prefect, never a block's values.
"""

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from prefect.exceptions import InfrastructureError, ObjectNotFound

from pfa_gitops.runner.infra import ANYSCALE_JOB, RAY_JOB

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

_BLOCK = re.compile(
    r"\{\{\s*prefect\.blocks\.(?P<slug>[a-z0-9-]+)\.(?P<name>[a-z0-9-]+)(?:\.(?P<field>[^{}\s]+))?\s*\}\}"
)
_WITHOUT_SECRETS = {ANYSCALE_JOB, RAY_JOB}
"""Their secrets are references."""


class Placeholder(NamedTuple):
    """`{{ prefect.blocks.slug.name.field }}`; without a field it means the whole block."""

    slug: str
    name: str
    field: str | None

    def __str__(self) -> str:
        return ".".join(("prefect.blocks", *filter(None, self)))


def block_placeholders(*values: Any) -> set[Placeholder]:
    """Those at any depth of JSON values, but for whole infra blocks."""
    found = (Placeholder(*match.group("slug", "name", "field")) for match in _BLOCK.finditer(json.dumps(values)))
    return {placeholder for placeholder in found if placeholder.slug not in _WITHOUT_SECRETS}


def tells_secret(placeholder: Placeholder, secret_fields: Iterable[str]) -> bool:
    """Whether it stands for a secret, or for something with one inside. `headers.*` is all that is below `headers`."""
    named = (placeholder.field or "").split(".") if placeholder.field else []
    for text in secret_fields:
        secret = [part for part in text.split(".") if part != "*"]
        common = min(len(named), len(secret))
        if named[:common] == secret[:common]:
            return True
    return False


async def refuse_secrets(client: "PrefectClient", *values: Any) -> None:
    """Raise InfrastructureError where a value names a secret. A block that is not there is Prefect's to tell."""
    for placeholder in sorted(block_placeholders(*values), key=str):
        try:
            document = await client.read_block_document_by_name(
                placeholder.name, placeholder.slug, include_secrets=False
            )
        except ObjectNotFound:
            continue
        fields = document.block_schema.fields if document.block_schema else {}
        if tells_secret(placeholder, fields.get("secret_fields") or ()):
            raise InfrastructureError(
                f"The secret of {placeholder} would stand in clear in the job. In `env` give a reference in its place, "
                f"e.g. {{from_prefect_block: {placeholder.slug}/{placeholder.name}}}: the job fetches it when it starts"
            )
