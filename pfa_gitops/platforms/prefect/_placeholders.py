"""The references inside Prefect's free-form values: `{{ prefect.blocks.s3-bucket.data }}` and the like. Pure.

Prefect resolves them in the worker when a run starts. Here they give the order of writes and the graph.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from pfa_gitops.model.credentials import ANYSCALE_TOKEN, PREFECT_CREDENTIALS
from pfa_gitops.model.places import Path
from pfa_gitops.model.references import Embeds
from pfa_gitops.platforms.base import Flaw

INFRA_TYPES = ("anyscale-job", "ray-job")
"""The block types of InfraBlock. A Block never has one of them."""

_INFRA = "|".join(INFRA_TYPES)
_OPEN, _CLOSE = r"\{\{\s*", r"(?:\.[^{}]*)?\s*\}\}"

ANY_BLOCK = r"\{\{\s*prefect\.blocks\.(?P<type>[a-z0-9-]+)\.(?P<name>[a-z0-9-]+)\s*\}\}"
"""A whole block of any type, without a field."""

EMBEDDED_BLOCK = Embeds(
    "Block",
    pattern=rf"{_OPEN}prefect\.blocks\.(?!(?:{_INFRA})\.)(?P<type>[a-z0-9-]+)\.(?P<name>[a-z0-9-]+){_CLOSE}",
    name=r"\g<type>/\g<name>",
    sign="{{",
)
EMBEDDED_INFRA = Embeds(
    "InfraBlock", pattern=rf"{_OPEN}prefect\.blocks\.(?:{_INFRA})\.(?P<name>[a-z0-9-]+){_CLOSE}", sign="{{"
)
EMBEDDED_VARIABLE = Embeds(
    "Variable", pattern=rf"{_OPEN}prefect\.variables\.(?P<name>[A-Za-z0-9_-]+){_CLOSE}", sign="{{"
)

_SECRET_BLOCK = re.compile(rf"{_OPEN}prefect\.blocks\.secret\.(?P<name>[a-z0-9-]+){_CLOSE}")

PLACEHOLDERS = (EMBEDDED_BLOCK, EMBEDDED_INFRA, EMBEDDED_VARIABLE)

WithPlaceholders = Annotated[Any, *PLACEHOLDERS]
"""Any JSON value in whose strings Prefect's placeholders may stand."""

Text = Annotated[str, *PLACEHOLDERS]
"""Text in which Prefect's placeholders may stand."""

Placeholder = Annotated[str, Field(pattern=r"^\{\{.+\}\}$"), *PLACEHOLDERS]
"""A placeholder in the place of a value that is no text, e.g. a number."""


def clear_secrets(env: Mapping[str, Any], path: Path) -> Iterator[Flaw]:
    """The variables of a job that hold a credential, or that a secret's placeholder would fill.

    Anyscale would show the clear text to everybody who may see the job, so that the worker refuses the run.
    """
    for name, value in env.items():
        if isinstance(value, str) and name in {*PREFECT_CREDENTIALS, ANYSCALE_TOKEN}:
            mend = f"give a reference, e.g. {{from_aws_secret: {{id: {name.lower().replace('_', '-')}}}}}"
            yield Flaw((*path, name), f"{name} stands in clear", mend)
        elif isinstance(value, str) and (found := _SECRET_BLOCK.search(value)):
            message = f"the worker would put the secret {found['name']} in clear into the job's environment"
            mend = f"write {{from_prefect_block: secret/{found['name']}}}: the job fetches it when it starts"
            yield Flaw((*path, name), message, mend)
