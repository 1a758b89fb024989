"""The kind Image: a container image that Anyscale builds of a containerfile, or that is registered from a registry.

A revision never changes: each write makes a new one. What counts is the latest revision that was built well, since a
bare `anyscale/image/NAME` stands for it.
"""

import re
from collections.abc import Awaitable, Iterable, Sequence
from pathlib import Path

from pydantic import Field, model_validator

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.model.errors import Conflict, Problem
from pfa_gitops.model.values import Action, Change, Ids, Live, Manifest, NamedSpec
from pfa_gitops.platforms.anyscale import _answers
from pfa_gitops.platforms.anyscale._builds import build
from pfa_gitops.platforms.anyscale._client import BUILD_SECONDS, AnyscaleClient, each
from pfa_gitops.platforms.anyscale._image_names import RAY_VERSION
from pfa_gitops.platforms.anyscale._lost_replies import carries, send, written
from pfa_gitops.platforms.anyscale._source_files import Unreadable, read_text
from pfa_gitops.platforms.anyscale._touches import made
from pfa_gitops.platforms.base import Completed, FieldRules, Flaw, Found, Kind, Observation, Prospect, Worded
from pfa_gitops.platforms.overlaid import overlaid

AGAIN = re.compile(r"\n# pfa-gitops: built again as revision \d+\n?\Z")
"""What is put at the end of a containerfile that was built before: the SDK would bring back the old revision."""


class ImageSpec(NamedSpec):
    """What the SDK's `image.build` and `image.register` take. Exactly one of `containerfile` and `image_uri`."""

    containerfile: str | None = Field(default=None, min_length=1)
    """The path of a containerfile, relative to the project's directory; or its text, which has a line break."""
    image_uri: str | None = Field(default=None, min_length=1)
    """The URI of an image in a registry, which is registered under the name."""
    registry_login_secret: str | None = Field(default=None, min_length=1)
    """The name of the secret that holds the registry's login. Only with `image_uri`."""
    ray_version: str | None = Field(default=None, pattern=RAY_VERSION)
    """The image's Ray version, X.Y.Z. Default: that of the base image, if it is Anyscale's."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "ImageSpec":
        if (self.containerfile is None) == (self.image_uri is None):
            raise ValueError("give exactly one of containerfile and image_uri")
        if self.registry_login_secret and self.image_uri is None:
            raise ValueError("registry_login_secret goes with image_uri only")
        return self


Wanted = Manifest[ImageSpec]


class Image(Kind[ImageSpec, AnyscaleClient]):
    """Reads images and their latest builds; builds and registers new revisions."""

    name = "Image"
    platform = "anyscale"
    summary = "Anyscale image: built of a containerfile, or registered. Each change makes a new revision."
    part = Part.IMAGE
    rules = FieldRules(whole=frozenset({"containerfile"}))

    @property
    def spec(self) -> type[ImageSpec]:
        """The Spec class."""
        return ImageSpec

    def complete(self, spec: ImageSpec, root: Path) -> Completed[ImageSpec]:
        """Read the containerfile."""
        if spec.containerfile is None or "\n" in spec.containerfile:
            return Completed(spec)
        try:
            text = read_text(root, spec.containerfile)
        except Unreadable as error:
            return Completed(spec, [Flaw(("containerfile",), str(error), "correct the path")])
        return Completed(spec.model_copy(update={"containerfile": text}))

    def check(self, manifest: Wanted) -> Iterable[Problem]:
        """A revision is no part of a name: it comes from the platform."""
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", manifest.platform_name):
            message = f"the name {manifest.platform_name} is no image name"
            yield manifest.problem(("name",), message, "use letters, digits, dots, dashes and underscores")

    async def observe(self, client: AnyscaleClient, wanted: Sequence[Wanted]) -> Observation:
        """One listing of images, then the builds of those that are wanted, which no listing tells in full."""
        listed = await client.images(wanted[0].platform_name if len(wanted) == 1 else "")
        by_name = {image.name: image for image in listed if not image.archived_at}
        there = [(manifest, image) for manifest in wanted if (image := by_name.get(manifest.platform_name))]
        builds = await each(client.builds, [image.id for _, image in there])
        return Observation([_live(manifest, image, builds[image.id]) for manifest, image in there])

    async def discover(self, client: AnyscaleClient) -> Sequence[Found[ImageSpec]]:
        """One listing, but for Anyscale's own images and those without a name."""
        images = [image for image in await client.images() if not (image.archived_at or image.anonymous)]
        return [self._found(client, image) for image in images if not image.id.startswith(_answers.DEFAULT_IMAGE)]

    def _found(self, client: AnyscaleClient, image: _answers.Image) -> Found[ImageSpec]:
        manifest = self.bare(image.name, ImageSpec.model_construct(name=image.name))
        return Found(manifest, image.id, _page(client, image.id), made(image))

    def page(self, client: AnyscaleClient, live: Live[ImageSpec]) -> str:
        """By its id."""
        return _page(client, live.id)

    async def worded(self, client: AnyscaleClient, lives: Sequence[Live[ImageSpec]]) -> Sequence[Worded[ImageSpec]]:
        """As it is; a containerfile of one line could be taken for a path."""
        return [Worded(live.spec, tuple(_flaws(live.spec))) for live in lives]

    async def links(self, client: AnyscaleClient, prospects: Sequence[Prospect[ImageSpec]]) -> Sequence[Link]:
        """Whether it was built, in each revision that is needed. What was observed tells that."""
        return [_link(prospect, item) for prospect in prospects for item in sorted(prospect.items)]

    async def create(self, client: AnyscaleClient, change: Change, ids: Ids) -> str:
        """Build or register the first revision."""
        manifest: Wanted = change.manifest
        name = manifest.platform_name
        if any(image.name == name for image in await client.images(name, archived=True) if image.archived_at):
            raise Conflict(f"the image name {name} is archived, and cannot be used again", "choose another name")
        await _write(client, name, manifest.spec)
        return written(await client.images(name), name).id

    async def update(self, client: AnyscaleClient, change: Change, ids: Ids) -> None:
        """Build or register a new revision: the live one with what the manifest names."""
        manifest: Wanted = change.manifest
        live: Live[ImageSpec] = change.existing
        spec = _one_source(overlaid(manifest.spec, live.spec, self.rules), manifest.spec)
        if spec.containerfile is not None and spec.containerfile in live.details["built"]:
            again = f"\n# pfa-gitops: built again as revision {live.details['revision'] + 1}\n"
            spec = spec.model_copy(update={"containerfile": spec.containerfile + again})
        await send(lambda: _write(client, manifest.platform_name, spec), lambda: carries(self, client, manifest))
        await self._check_latest(client, manifest)

    async def _check_latest(self, client: AnyscaleClient, manifest: Wanted) -> None:
        """Anyscale may bring back an old revision of a URI that it knows, which then is not the latest."""
        for live in (await self.observe(client, [manifest])).lives:
            if manifest.spec.image_uri not in {None, live.spec.image_uri}:
                raise Conflict(
                    f"Anyscale keeps {live.spec.image_uri} as the latest revision of {manifest.platform_name}",
                    f"{manifest.spec.image_uri} was registered under this name before: use another tag or name",
                )

    async def delete(self, client: AnyscaleClient, live: Live[ImageSpec]) -> None:
        """Archive it, with all revisions. Its name cannot be used again."""
        name = live.key.name
        if not any(image.id == live.id for image in await client.images(name)):
            return
        await client.sdk.call(lambda anyscale: anyscale.image.archive(name), write=True)


def _flaws(spec: ImageSpec) -> Iterable[Flaw]:
    if spec.containerfile is not None and "\n" not in spec.containerfile:
        mend = "write that line to a file of the project, and name the file"
        yield Flaw(("containerfile",), "its containerfile is a single line, which a manifest takes for a path", mend)
    if spec.containerfile is None and spec.image_uri is None:
        yield Flaw((), "none of its builds succeeded", "build it")


def _page(client: AnyscaleClient, image_id: str) -> str:
    return f"{client.target.host}/v2/container-images/{image_id}"


def _link(prospect: Prospect[ImageSpec], item: str) -> Link:
    there = prospect.there(Part.IMAGE)
    if there.verdict is not Verdict.OK:
        return there
    verdict, reason = _of_revision(prospect, int(item)) if item else _of_latest(prospect)
    return prospect.link(Part.IMAGE, verdict, reason, item)


def _of_latest(prospect: Prospect[ImageSpec]) -> tuple[Verdict, str]:
    name, live = prospect.manifest.key.name, prospect.live
    if live is None or (prospect.planned and prospect.action is not Action.NONE):
        return Verdict.OK, f"apply builds the image {name}"
    if live.details["revision"]:
        return Verdict.OK, f"the image {name} is built"
    if live.details["under_way"]:
        return Verdict.UNKNOWN, f"the first build of the image {name} is under way"
    return Verdict.NOT, f"no build of the image {name} succeeded"


def _of_revision(prospect: Prospect[ImageSpec], revision: int) -> tuple[Verdict, str]:
    what = f"revision {revision} of the image {prospect.manifest.key.name}"
    states = prospect.live.details["states"] if prospect.live and not prospect.appears else {}
    made = prospect.planned and prospect.action is not Action.NONE
    if made and revision == max(states, default=0) + 1:
        return Verdict.OK, f"apply builds {what}"
    if revision not in states:
        return Verdict.NOT, f"there is no {what}"
    if states[revision] in _answers.UNDER_WAY:
        return Verdict.UNKNOWN, f"the build of {what} is under way"
    built = states[revision] == _answers.SUCCEEDED
    return (Verdict.OK, f"{what} is built") if built else (Verdict.NOT, f"the build of {what} failed")


def _one_source(spec: ImageSpec, wanted: ImageSpec) -> ImageSpec:
    """Drop what the live image was made of, and its Ray version with it, where it is now made of something else."""
    other = ["containerfile"] if wanted.image_uri else ["image_uri", "registry_login_secret"]
    if getattr(spec, other[0]) is not None and "ray_version" not in wanted.model_fields_set:
        other.append("ray_version")
    return spec.model_copy(update=dict.fromkeys(other))


def _live(manifest: Wanted, image: _answers.Image, builds: Sequence[_answers.Build]) -> Live[ImageSpec]:
    good = [build for build in builds if build.status == _answers.SUCCEEDED]
    build = good[0] if good else None
    details = {
        "built": frozenset(build.containerfile for build in good if build.containerfile),
        "under_way": any(build.status in _answers.UNDER_WAY for build in builds),
        "revision": max((build.revision for build in good), default=0),
        "states": {build.revision: build.status for build in builds},
    }
    return Live(manifest.key, _live_spec(image.name, build), image.id, details)


def _live_spec(name: str, build: _answers.Build | None) -> ImageSpec:
    """What the revision is made of. An image whose builds all failed is made of nothing."""
    containerfile = build.containerfile if build else None
    return ImageSpec.model_construct(
        name=name,
        containerfile=AGAIN.sub("", containerfile) if containerfile else None,
        image_uri=build.docker_image_name if build and not containerfile else None,
        registry_login_secret=build.registry_login_secret if build else None,
        ray_version=build.ray_version if build else None,
    )


async def _write(client: AnyscaleClient, name: str, spec: ImageSpec) -> None:
    containerfile, uri = spec.containerfile, spec.image_uri
    if containerfile is not None:

        def call() -> Awaitable[object]:
            return client.sdk.call(
                lambda anyscale: anyscale.image.build(containerfile, name=name, ray_version=spec.ray_version),
                write=True,
                timeout_s=BUILD_SECONDS,
            )

        await build(client, name, containerfile, call)
    elif uri is not None:
        await client.sdk.call(
            lambda anyscale: anyscale.image.register(
                uri, name=name, ray_version=spec.ray_version, registry_login_secret=spec.registry_login_secret
            ),
            write=True,
        )


KIND = Image()
