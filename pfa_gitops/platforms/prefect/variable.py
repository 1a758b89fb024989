"""A Prefect variable: `{{ prefect.variables.name }}` in flows, job variables and pull steps."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from pfa_gitops.model.chain import Part
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.values import Change, Ids, Key, Live, Manifest, NamedSpec
from pfa_gitops.platforms.base import FieldRules, Found, Kind, Observation
from pfa_gitops.platforms.prefect._client import Item, PrefectClient, any_of
from pfa_gitops.platforms.prefect._lock import LOCK_TAG
from pfa_gitops.platforms.prefect._touches import made, touch
from pfa_gitops.platforms.prefect._written_fields import written_fields

LONGEST_VALUE = 5000
"""Bytes of the value as compact JSON [types/__init__.py]."""
LONGEST_NAME = 255


class VariableSpec(NamedSpec):
    """A named value that flows and deployments can read at run time. Not for secrets: it is stored in clear."""

    value: Any
    """The value: any JSON, below 5000 characters."""
    tags: list[str] = Field(default_factory=list)
    """Tags, by which the UI and the API filter."""


class Variable(Kind[VariableSpec, PrefectClient]):
    """Variables are listed by name and written one by one."""

    name = "Variable"
    platform = "prefect"
    summary = "a Prefect variable"
    part = Part.CONFIGURATION
    rules = FieldRules(unordered=frozenset({"tags"}))
    renames = True

    @property
    def spec(self) -> type[VariableSpec]:
        """The Spec class."""
        return VariableSpec

    def check(self, manifest: Manifest[VariableSpec]) -> Iterable[Problem]:
        """The rules of the server that can be told before it is asked."""
        name = manifest.platform_name
        if not re.fullmatch(r"[a-z0-9_-]+", name) or len(name) > LONGEST_NAME:
            mend = f"use lowercase letters, digits, dashes and underscores, at most {LONGEST_NAME}"
            yield manifest.problem(("name",), f"Prefect does not take the variable name {name!r}", mend)
        try:
            text = json.dumps(manifest.spec.value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError):
            yield manifest.problem(("value",), "the value is no JSON", "use text, numbers, lists and mappings only")
            return
        if (size := len(text.encode())) > LONGEST_VALUE:
            message = f"the value is {size} characters long, Prefect takes {LONGEST_VALUE}"
            yield manifest.problem(("value",), message, "keep large values in a Block, e.g. of type json")

    async def observe(self, client: PrefectClient, wanted: Sequence[Manifest[VariableSpec]]) -> Observation:
        """One listing of the wanted names."""
        names = {manifest.key.name for manifest in wanted}
        found = await client.listing("/variables/filter", {"variables": {"name": any_of(names)}, "sort": "NAME_ASC"})
        return Observation([_live(item) for item in found if item["name"] in names])

    async def discover(self, client: PrefectClient) -> Sequence[Found[VariableSpec]]:
        """One listing of all, but for the locks of pfa-gitops."""
        items = await client.listing("/variables/filter", {"sort": "NAME_ASC"})
        page = _page(client)
        return [self._found(item, page) for item in items if LOCK_TAG not in item["tags"]]

    def _found(self, item: Item, page: str) -> Found[VariableSpec]:
        return Found(self.bare(item["name"], _live(item).spec), item["id"], page, made(item), touch(item))

    async def create(self, client: PrefectClient, change: Change, ids: Ids) -> str:
        """POST."""
        spec = change.manifest.spec
        body = {"name": change.key.name, **written_fields(spec, spec.model_fields_set)}
        return str((await client.post("/variables/", body))["id"])

    async def update(self, client: PrefectClient, change: Change, ids: Ids) -> None:
        """PATCH by id."""
        await client.patch(f"/variables/{change.existing.id}", written_fields(change.manifest.spec, change.changed))

    async def rename(self, client: PrefectClient, live: Live[VariableSpec], key: Key) -> None:
        """PATCH by id."""
        await client.patch(f"/variables/{live.id}", {"name": key.name})

    async def delete(self, client: PrefectClient, live: Live[VariableSpec]) -> None:
        """DELETE by id."""
        await client.remove(f"/variables/{live.id}")

    def page(self, client: PrefectClient, live: Live[VariableSpec]) -> str:
        """That of all variables: none has one of its own."""
        return _page(client)


def _page(client: PrefectClient) -> str:
    return f"{client.target.console}/variables"


def _live(item: Mapping[str, Any]) -> Live[VariableSpec]:
    spec = VariableSpec(name=item["name"], value=item["value"], tags=item["tags"])
    return Live(Key("Variable", item["name"]), spec, item["id"], touched=touch(item))


KIND = Variable()
