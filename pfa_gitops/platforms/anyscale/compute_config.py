"""The kind ComputeConfig: a named shape of clusters. A version never changes: each write makes a new one."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.model.errors import NotFound, Problem
from pfa_gitops.model.values import Action, Change, Ids, Live, Manifest, NamedSpec
from pfa_gitops.platforms.anyscale._answers import Cloud, ComputeTemplate
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._default_heads import worded_shape
from pfa_gitops.platforms.anyscale._live_shapes import Unspeakable, live_shape
from pfa_gitops.platforms.anyscale._lost_replies import carries, send, written
from pfa_gitops.platforms.anyscale._touches import made
from pfa_gitops.platforms.anyscale._workload_words import open_shape, shape_words
from pfa_gitops.platforms.base import FieldRules, Found, Keyed, Kind, Observation, Prospect, Worded
from pfa_gitops.platforms.compute_shapes import ComputeShape, sdk_document
from pfa_gitops.platforms.overlaid import overlaid

if TYPE_CHECKING:
    import anyscale


class ComputeConfigSpec(NamedSpec, ComputeShape):
    """The SDK's `ComputeConfig`, or its `MultiResourceComputeConfig` where `configs` is given."""


Wanted = Manifest[ComputeConfigSpec]


class ComputeConfig(Kind[ComputeConfigSpec, AnyscaleClient]):
    """Reads the latest version that is not archived; writes new versions."""

    name = "ComputeConfig"
    platform = "anyscale"
    summary = "Anyscale compute config: the instance types and sizes of a cluster. Each change makes a new version."
    part = Part.COMPUTE_CONFIG
    rules = FieldRules(
        keyed={"worker_nodes": Keyed("name"), "configs.worker_nodes": Keyed("name")},
        unordered=frozenset({"zones", "configs.zones"}),
        whole=frozenset({"advanced_instance_config"}),
        place=frozenset({"cloud"}),
    )

    @property
    def spec(self) -> type[ComputeConfigSpec]:
        """The Spec class."""
        return ComputeConfigSpec

    def check(self, manifest: Wanted) -> Iterable[Problem]:
        """A version is no part of a name: it comes from the platform."""
        if ":" in manifest.platform_name:
            yield manifest.problem(
                ("name",), f"the name {manifest.platform_name} holds a colon", "leave the version out of the name"
            )

    async def observe(self, client: AnyscaleClient, wanted: Sequence[Wanted]) -> Observation:
        """One search per cloud, whatever the number of compute configs."""
        lives: list[Live[ComputeConfigSpec]] = []
        problems: list[Problem] = []
        ordered = sorted(wanted, key=lambda manifest: manifest.spec.cloud or "")
        for cloud_name, group in groupby(ordered, key=lambda manifest: manifest.spec.cloud):
            manifests = list(group)
            cloud = await client.cloud(cloud_name)
            found = await client.compute_configs(cloud, manifests[0].platform_name if len(manifests) == 1 else None)
            by_name = {template.name: template for template in found}
            for manifest in manifests:
                if (template := by_name.get(manifest.platform_name)) is None:
                    continue
                try:
                    lives.append(await _live(client, cloud, manifest, template))
                except Unspeakable as error:
                    problems.append(manifest.problem((), error.message, error.mend))
        return Observation(lives, problems)

    async def discover(self, client: AnyscaleClient) -> Sequence[Found[ComputeConfigSpec]]:
        """One search in the environment's cloud, for the latest versions."""
        cloud = await client.cloud()
        return [self._found(client, cloud, template) for template in await client.compute_configs(cloud)]

    def _found(self, client: AnyscaleClient, cloud: Cloud, template: ComputeTemplate) -> Found[ComputeConfigSpec]:
        fields: dict[str, Any] = {"name": template.name}
        with suppress(Unspeakable):  # it is told by `observe`
            fields |= open_shape(live_shape(template, cloud.name))
        page = f"{client.target.host}/v2/{cloud.id}/compute-configs/{template.id}"
        return Found(
            self.bare(template.name, ComputeConfigSpec.model_construct(**fields)), template.id, page, made(template)
        )

    async def worded(
        self, client: AnyscaleClient, lives: Sequence[Live[ComputeConfigSpec]]
    ) -> Sequence[Worded[ComputeConfigSpec]]:
        """Without the names that worker groups have anyway."""
        return [Worded(shape_words(live.spec)) for live in lives]

    async def links(self, client: AnyscaleClient, prospects: Sequence[Prospect[ComputeConfigSpec]]) -> Sequence[Link]:
        """Whether it is there, in each version that is needed. What was observed tells that."""
        return [_link(prospect, item) for prospect in prospects for item in sorted(prospect.items)]

    async def create(self, client: AnyscaleClient, change: Change, ids: Ids) -> str:
        """Make the first version. A name that was archived is brought back: it cannot be given again."""
        manifest: Wanted = change.manifest
        cloud = await client.cloud(manifest.spec.cloud)
        if archived := await client.compute_configs(cloud, manifest.platform_name, archived=True):
            config_id = archived[0].id
            await client.sdk.call(lambda anyscale: anyscale.compute_config.unarchive("", _id=config_id), write=True)
        return await _write(client, cloud, manifest.platform_name, manifest.spec)

    async def update(self, client: AnyscaleClient, change: Change, ids: Ids) -> None:
        """Make a new version: the live one with what the manifest names."""
        manifest: Wanted = change.manifest
        shape = overlaid(manifest.spec, change.existing.spec, self.rules)
        if "configs" not in manifest.spec.model_fields_set:
            shape = shape.model_copy(update={"configs": None})  # what the manifest names stands beside them
        cloud = await client.cloud(manifest.spec.cloud)
        await send(
            lambda: _write(client, cloud, manifest.platform_name, shape), lambda: carries(self, client, manifest)
        )

    async def delete(self, client: AnyscaleClient, live: Live[ComputeConfigSpec]) -> None:
        """Archive it: Anyscale keeps compute configs that something may still run on."""
        try:
            await client.sdk.call(lambda anyscale: anyscale.compute_config.archive("", _id=live.id), write=True)
        except NotFound:
            return


def _link(prospect: Prospect[ComputeConfigSpec], item: str) -> Link:
    there = prospect.there(Part.COMPUTE_CONFIG)
    if there.verdict is not Verdict.OK or not item:
        return there
    what = f"version {item} of the compute config {prospect.manifest.key.name}"
    latest = prospect.live.details["version"] if prospect.live and not prospect.appears else 0
    makes = prospect.planned and prospect.action is not Action.NONE
    if int(item) <= latest:
        verdict, reason = Verdict.OK, f"{what} is there"
    elif makes and int(item) == latest + 1:
        verdict, reason = Verdict.OK, f"apply makes {what}"
    elif prospect.appears:
        verdict, reason = Verdict.UNKNOWN, f"{what} is there only if it was archived before"
    else:
        verdict, reason = Verdict.NOT, f"there is no {what}"
    return prospect.link(Part.COMPUTE_CONFIG, verdict, reason, item)


async def _live(
    client: AnyscaleClient, cloud: Cloud, manifest: Wanted, template: ComputeTemplate
) -> Live[ComputeConfigSpec]:
    shape = await worded_shape(client, cloud, template, manifest.spec)
    fields = {name: getattr(shape, name) for name in type(shape).model_fields}
    spec = ComputeConfigSpec.model_construct(name=template.name, **fields)
    return Live(manifest.key, spec, template.id, {"version": template.version}, touched=made(template))


async def _write(client: AnyscaleClient, cloud: Cloud, name: str, shape: ComputeShape) -> str:
    """Make a version and return its id."""
    document = {**sdk_document(shape), "cloud": cloud.name}

    def create(anyscale: "anyscale.Anyscale") -> None:
        from anyscale.compute_config.models import compute_config_type_from_dict  # noqa: PLC0415 - 5 s to import

        anyscale.compute_config.create(compute_config_type_from_dict(document), name=name)

    await client.sdk.call(create, write=True)
    return written(await client.compute_configs(cloud, name), name).id


KIND = ComputeConfig()
