"""What is read from Anyscale: clouds, projects, compute configs, images, services, jobs. Writes are `sdk`'s.

The SDK takes 5 s to import and asks for every object apart; a plan must do neither. A contract test reads the same
state through both and demands the same answer.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import ValidationError

from pfa_gitops.model.errors import NotFound, Unreachable
from pfa_gitops.model.history import Source
from pfa_gitops.model.values import Owner
from pfa_gitops.platforms.anyscale._answers import (
    Answer,
    Build,
    Cloud,
    ComputeTemplate,
    Image,
    Job,
    Project,
    Schedule,
    Service,
    UserInfo,
)
from pfa_gitops.platforms.anyscale._http import Http
from pfa_gitops.platforms.anyscale._own_tags import without_own
from pfa_gitops.platforms.anyscale._sdk import Sdk
from pfa_gitops.platforms.anyscale._target import AnyscaleTarget

if TYPE_CHECKING:
    import httpx

AnswerT = TypeVar("AnswerT", bound=Answer)
ValueT = TypeVar("ValueT")

SERVICES_A_PAGE = 50
SCHEDULES_A_PAGE = 50
BUILDS_A_PAGE = 50
IMAGES_A_PAGE = 1000
COMPUTE_CONFIGS_A_PAGE = 1000
JOBS_A_PAGE = 1000
BUILD_SECONDS = 3700.0
"""How long the SDK may take for a build: it gives up by itself after 3600 s."""
LATEST = -1
"""The version that stands for the latest one in a search."""


class AnyscaleClient:
    """An open connection to one Anyscale. Use it as `async with`."""

    def __init__(self, target: AnyscaleTarget, transport: "httpx.AsyncBaseTransport | None" = None) -> None:
        self.target = target
        self._http = Http(target.host, target.token, transport)
        self._known: dict[tuple[str, ...], asyncio.Task[Any]] = {}
        self.owner: Owner | None = None
        """Whose the services are that are deployed."""
        self.source: Source | None = None
        """Of what and in which CI run they are."""

    async def __aenter__(self) -> Self:
        self._http.open()
        return self

    async def __aexit__(self, *failure: object) -> None:
        for task in self._known.values():
            task.cancel()
        await self._http.close()

    @cached_property
    def sdk(self) -> Sdk:
        """The SDK, for writes. It is imported by the first call."""
        return Sdk(self.target)

    async def cloud(self, name: str | None = None) -> Cloud:
        """A cloud by name, else the environment's, else the default one. Read once."""
        wanted = name or self.target.cloud
        return await self._once(("cloud", wanted or ""), lambda: self._read_cloud(wanted))

    async def project(self, cloud: Cloud, name: str | None = None) -> Project:
        """A project of `cloud` by name, else the environment's, else the cloud's default one. Read once."""
        wanted = name or self.target.project
        return await self._once(("project", cloud.id, wanted or ""), lambda: self._read_project(cloud, wanted))

    async def compute_configs(
        self, cloud: Cloud, name: str | None = None, *, archived: bool = False
    ) -> list[ComputeTemplate]:
        """The latest version of every named compute config of a cloud, or of the one with that name."""
        query: dict[str, Any] = {
            "orgwide": True,
            "include_anonymous": False,
            "archive_status": "ARCHIVED" if archived else "NOT_ARCHIVED",
            "version": LATEST,
            "cloud_id": cloud.id,
        }
        if name is not None:
            query["name"] = {"equals": name}
        path = "/api/v2/compute_templates/search"
        return await self._pages(ComputeTemplate, path, {"count": COMPUTE_CONFIGS_A_PAGE}, query)

    async def compute_config_by_id(self, config_id: str) -> ComputeTemplate:
        """One version of a compute config, an anonymous or archived one too."""
        return await self._one(ComputeTemplate, f"/api/v2/compute_templates/{config_id}")

    async def default_compute_config(self, cloud: Cloud, resource: str | None = None) -> ComputeTemplate:
        """What a cluster of `cloud` looks like when nothing is said; on the cloud resource of that name, if given.

        Read once.
        """
        what = ("default compute config", cloud.id, resource or "")
        return await self._once(what, lambda: self._read_default_compute_config(cloud, resource))

    async def _read_default_compute_config(self, cloud: Cloud, resource: str | None) -> ComputeTemplate:
        params = {"cloud_id": cloud.id}
        if resource is not None:
            path = f"/api/v2/clouds/{cloud.id}/find_cloud_resource_by_name"
            with suppress(NotFound):  # then it is the write that is refused
                there = (await self._http.read(path, {"cloud_resource_name": resource}, {})).get("result") or {}
                params |= {"cloud_resource_id": there["cloud_resource_id"]} if there else {}
        found = await self._http.read("/ext/v0/cluster_computes/default", params)
        return await self.compute_config_by_id(found["result"]["id"])

    async def images(self, name_contains: str = "", *, archived: bool = False) -> list[Image]:
        """The images whose name contains a text. `archived` adds those that are archived."""
        params: dict[str, Any] = {"count": IMAGES_A_PAGE, "include_archived": archived, "defaults_first": False}
        if name_contains:
            params["name_contains"] = name_contains
        return await self._pages(Image, "/api/v2/application_templates/", params)

    async def image_named(self, name: str) -> Image | None:
        """The image of that very name, if there is one that is not archived."""
        return next((image for image in await self.images(name) if image.name == name and not image.archived_at), None)

    async def image_by_id(self, image_id: str) -> Image:
        """One image."""
        return await self._one(Image, f"/ext/v0/cluster_environments/{image_id}")

    async def builds(self, image_id: str) -> list[Build]:
        """All builds of an image, the newest first."""
        params = {"cluster_environment_id": image_id, "desc": True, "count": BUILDS_A_PAGE}
        return await self._pages(Build, "/ext/v0/cluster_environment_builds/", params)

    async def build_by_id(self, build_id: str) -> Build:
        """One build."""
        return await self._one(Build, f"/ext/v0/cluster_environment_builds/{build_id}")

    async def services(self, cloud: Cloud, project: Project, name: str | None = None) -> list[Service]:
        """The services of a project that are not archived; with a `name`, those whose name contains it."""
        params: dict[str, Any] = {
            "cloud_id": cloud.id,
            "project_id": project.id,
            "archive_status": "NOT_ARCHIVED",
            "count": SERVICES_A_PAGE,
        }
        if name is not None:
            params["name"] = name
        return await self._pages(Service, "/api/v2/services-v2/", params)

    async def service_by_id(self, service_id: str) -> Service:
        """One service."""
        return await self._one(Service, f"/api/v2/services-v2/{service_id}")

    async def service_tags(self, service_id: str) -> dict[str, str]:
        """The tags of a service, which no listing tells, but for our own."""
        params = {"resource_type": "service", "resource_id": service_id}
        answer = await self._http.read("/api/v2/tags/resource", params)
        return without_own({tag["key"]: tag["value"] for tag in (answer.get("result") or {}).get("tags") or ()})

    async def schedules(self, project: Project, name: str | None = None) -> list[Schedule]:
        """Everybody's schedules of a project; with a `name`, those whose name contains it."""
        params: dict[str, Any] = {"project_id": project.id, "count": SCHEDULES_A_PAGE}
        if name is not None:
            params["name"] = name
        return await self._pages(Schedule, "/api/v2/experimental_cron_jobs/", params)

    async def jobs(self, tag: tuple[str, str], states: Sequence[str] = ()) -> list[Job]:
        """Everybody's jobs with a tag, in all clouds and projects; those in one of some states, if any are named."""
        params: dict[str, Any] = {"type_filter": "BATCH_JOB", "count": JOBS_A_PAGE, "tag_filter": ":".join(tag)}
        params |= {"state_filter": list(states)} if states else {"archive_status": "ALL"}
        return await self._pages(Job, "/api/v2/decorated_ha_jobs/", params)

    async def job_by_id(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        return await self._one(Job, f"/ext/v0/production_jobs/{job_id}")

    async def organization(self) -> str:
        """The id of the organisation that the token is for. Read once."""
        return await self._once(("organization",), self._read_organization)

    async def check_login(self) -> None:
        """Raises Unauthorized where the token is refused."""
        await self._one(UserInfo, "/api/v2/userinfo/")

    async def _read_organization(self) -> str:
        found = await self._one(UserInfo, "/api/v2/userinfo/")
        return next(iter(found.organization_ids), "")

    async def _read_cloud(self, name: str | None) -> Cloud:
        if name is None:
            return await self._one(Cloud, "/ext/v0/clouds/default")
        try:
            return await self._one(Cloud, "/api/v2/clouds/find_by_name", body={"name": name})
        except NotFound:
            raise NotFound(f"there is no Anyscale cloud {name}", "correct the name of the cloud") from None

    async def _read_project(self, cloud: Cloud, name: str | None) -> Project:
        if name is None:
            return await self._one(Project, "/ext/v0/projects/default_project", {"parent_cloud_id": cloud.id})
        query = {"name": {"equals": name}, "parent_cloud_id": {"equals": cloud.id}}
        if found := await self._pages(Project, "/ext/v0/projects/search", body=query):
            return found[0]
        # Projects from before clouds had their own are found by name only, as the SDK does.
        for project in await self._pages(Project, "/api/v2/projects/find_by_name", {"name": name}):
            if project.parent_cloud_id == cloud.id:
                return project
        raise NotFound(f"the cloud {cloud.name} has no project {name}", "create the project, or correct its name")

    async def _once(self, what: tuple[str, ...], read: Callable[[], Coroutine[Any, Any, ValueT]]) -> ValueT:
        """Read what does not change while a command runs once, also when several ask at the same time."""
        task = self._known.get(what)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._known[what] = asyncio.create_task(read())
        value: ValueT = await asyncio.shield(task)
        return value

    async def _one(
        self,
        kind: type[AnswerT],
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> AnswerT:
        answer = await self._http.read(path, params, body)
        return self._parse(kind, path, answer.get("result"))

    async def _pages(
        self,
        kind: type[AnswerT],
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> list[AnswerT]:
        """All pages of a list. One after another: each names the next."""
        found: list[AnswerT] = []
        token, seen = None, set()
        while True:
            paged = {**(params or {}), **({"paging_token": token} if token else {})}
            answer = await self._http.read(path, paged, body)
            found += [self._parse(kind, path, item) for item in answer.get("results") or ()]
            token = (answer.get("metadata") or {}).get("next_paging_token")
            if not token:
                return found
            if token in seen:
                raise Unreachable(f"Anyscale goes round in circles on {path}", "check ANYSCALE_HOST")
            seen.add(token)

    def _parse(self, kind: type[AnswerT], path: str, document: Any) -> AnswerT:
        try:
            return kind.model_validate(document)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            message = f"Anyscale answered {path} without a usable {place or 'result'}"
            raise Unreachable(message, "check ANYSCALE_HOST, or update pfa-gitops") from None


async def each(read: Callable[[str], Coroutine[Any, Any, ValueT]], ids: Iterable[str]) -> dict[str, ValueT]:
    """Read every one of `ids` once, at the same time. Raises the first error."""
    distinct = sorted(set(ids))
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {one: group.create_task(read(one)) for one in distinct}
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return {one: task.result() for one, task in tasks.items()}
