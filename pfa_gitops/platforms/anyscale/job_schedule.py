"""The kind JobSchedule: an Anyscale job that a cron expression starts.

The SDK's `apply` takes a schedule as a whole, by its name in a project. Pausing goes apart from it, so that a new
schedule that rests is awake for a moment.
"""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pfa_gitops.model.errors import NotFound, Problem
from pfa_gitops.model.status import Health, Status, absent
from pfa_gitops.model.values import Change, Ids, Live, Manifest
from pfa_gitops.platforms import lost_replies
from pfa_gitops.platforms.anyscale._answers import Cloud, Schedule
from pfa_gitops.platforms.anyscale._client import AnyscaleClient
from pfa_gitops.platforms.anyscale._job_config import job_document, live_job_fields, live_queue_config
from pfa_gitops.platforms.anyscale._job_spec import JobFields, JobScheduleSpec
from pfa_gitops.platforms.anyscale._live_shapes import Unspeakable
from pfa_gitops.platforms.anyscale._lost_replies import carries, send
from pfa_gitops.platforms.anyscale._service_document import Place
from pfa_gitops.platforms.anyscale._touches import made
from pfa_gitops.platforms.anyscale._workload_files import completed
from pfa_gitops.platforms.anyscale._workload_image import live_image
from pfa_gitops.platforms.anyscale._workload_live import compute_config_name, live_compute_config, settled
from pfa_gitops.platforms.anyscale._workload_variables import cloud_flaws, variable_flaws
from pfa_gitops.platforms.anyscale._workload_words import NAMED_AS_NONE, compute_words, upload_flaws, worded
from pfa_gitops.platforms.anyscale._workload_writes import containerfile_of, image_document, sent_with_image
from pfa_gitops.platforms.base import Completed, FieldRules, Flaw, Found, Keyed, Kind, Observation, Worded
from pfa_gitops.platforms.overlaid import overlaid

if TYPE_CHECKING:
    import anyscale

APPLY_SECONDS = 600.0
"""It uploads the working directory."""
_JOB = "job_config"
_SHAPE = f"{_JOB}.compute_config"

Wanted = Manifest[JobScheduleSpec]
Listed = list[tuple[Wanted, Schedule | None]]


class JobSchedule(Kind[JobScheduleSpec, AnyscaleClient]):
    """Schedules are listed by project."""

    name = "JobSchedule"
    platform = "anyscale"
    summary = "an Anyscale schedule: a job that a cron expression starts"
    rules = FieldRules(
        keyed={f"{_SHAPE}.worker_nodes": Keyed("name"), f"{_SHAPE}.configs.worker_nodes": Keyed("name")},
        unordered=frozenset({f"{_SHAPE}.zones", f"{_SHAPE}.configs.zones"}),
        place=frozenset({"job_config.cloud", "job_config.project"}),
    )

    @property
    def spec(self) -> type[JobScheduleSpec]:
        """The Spec class."""
        return JobScheduleSpec

    def complete(self, spec: JobScheduleSpec, root: Path) -> Completed[JobScheduleSpec]:
        """Read the containerfile and the requirements; digest the local directories."""
        job = completed(spec.job_config, root)
        flaws = [Flaw((_JOB, *flaw.path), flaw.message, flaw.mend) for flaw in job.flaws]
        return Completed(spec.model_copy(update={_JOB: job.spec}), flaws)

    def check(self, manifest: Wanted) -> Iterable[Problem]:
        """Credentials in clear, and a second cloud."""
        job = manifest.spec.job_config
        mend = "give a reference, e.g. {from_aws_secret: {id: NAME}}: the job fetches it when it starts"
        for flaw in (*variable_flaws(job.env_vars, (_JOB, "env_vars"), mend), *cloud_flaws(job, (_JOB,), "the job")):
            yield manifest.problem(*flaw)

    async def observe(self, client: AnyscaleClient, wanted: Sequence[Wanted]) -> Observation:
        """One listing for each project; then the builds and compute configs of those wanted."""
        lives: list[Live[JobScheduleSpec]] = []
        problems: list[Problem] = []
        for cloud, there in await _listed(client, wanted):
            found = [(manifest, schedule) for manifest, schedule in there if schedule is not None]
            seen = await asyncio.gather(*(_observe(client, cloud, *pair) for pair in found))
            lives += [live for live in seen if isinstance(live, Live)]
            problems += [problem for problem in seen if isinstance(problem, Problem)]
        return Observation(lives, problems)

    async def discover(self, client: AnyscaleClient) -> Sequence[Found[JobScheduleSpec]]:
        """One listing of the schedules in the environment's project."""
        schedules = await client.schedules(await client.project(await client.cloud()))
        return [self._found(client, schedule) for schedule in schedules]

    def _found(self, client: AnyscaleClient, schedule: Schedule) -> Found[JobScheduleSpec]:
        job: Any = JobFields.model_construct(entrypoint="", **NAMED_AS_NONE)
        spec = JobScheduleSpec.model_construct(name=schedule.name, cron_expression="", job_config=job)
        return Found(self.bare(schedule.name, spec), schedule.id, _page(client, schedule.id), made(schedule))

    async def worded(
        self, client: AnyscaleClient, lives: Sequence[Live[JobScheduleSpec]]
    ) -> Sequence[Worded[JobScheduleSpec]]:
        """Without what is filled in; the code that was uploaded is told."""
        return [_worded(live.spec) for live in lives]

    async def create(self, client: AnyscaleClient, change: Change, ids: Ids) -> str:
        """Apply, and pause where it shall rest."""
        spec: JobScheduleSpec = change.manifest.spec
        name, job = change.key.name, spec.job_config

        async def made() -> str | None:
            found = await _find(client, job, name)
            return found.id if found else None

        schedule_id = await lost_replies.send(lambda: _apply(client, name, spec), made)
        if not spec.enabled:
            await _set_state(client, schedule_id, job, name, enabled=False)
        return schedule_id

    async def update(self, client: AnyscaleClient, change: Change, ids: Ids) -> None:
        """Apply the live one with what the manifest names. Pausing alone leaves the rest as it is."""
        desired: JobScheduleSpec = change.manifest.spec
        live: Live[JobScheduleSpec] = change.existing
        if change.changed - {"enabled"}:
            whole = overlaid(desired, live.spec, self.rules)
            job = settled(whole.job_config, desired.job_config)
            whole = whole.model_copy(update={_JOB: job})
            await send(
                lambda: _apply(client, change.key.name, whole),
                lambda: carries(self, client, change.manifest, apart_from={"enabled"}),
            )
        if "enabled" in change.changed:
            await _set_state(client, live.id, desired.job_config, change.key.name, enabled=desired.enabled)

    async def delete(self, client: AnyscaleClient, live: Live[JobScheduleSpec]) -> None:
        """Delete it. Anyscale refuses that while one of its jobs runs."""
        spec = live.spec.job_config
        if await _find(client, spec, live.key.name) is None:
            return

        async def gone() -> bool:
            return await _find(client, spec, live.key.name) is None

        try:
            await send(lambda: client.sdk.call(lambda anyscale: anyscale.schedule.delete(id=live.id), write=True), gone)
        except NotFound:
            return

    async def status(self, client: AnyscaleClient, wanted: Sequence[Wanted]) -> Sequence[Status]:
        """Whether it is awake, and when it is due."""
        return [_status(manifest, one) for _, there in await _listed(client, wanted) for manifest, one in there]

    def page(self, client: AnyscaleClient, live: Live[JobScheduleSpec]) -> str:
        """By its id."""
        return _page(client, live.id)


def _page(client: AnyscaleClient, schedule_id: str) -> str:
    return f"{client.target.host}/scheduled-jobs/{schedule_id}"


async def _listed(client: AnyscaleClient, wanted: Sequence[Wanted]) -> list[tuple[Cloud, Listed]]:
    """The wanted schedules, None where there is none: one listing for each project."""

    def place(manifest: Wanted) -> tuple[str, str]:
        return manifest.spec.job_config.cloud or "", manifest.spec.job_config.project or ""

    found: list[tuple[Cloud, Listed]] = []
    for (cloud_name, project_name), group in groupby(sorted(wanted, key=place), key=place):
        manifests = list(group)
        cloud = await client.cloud(cloud_name or None)
        project = await client.project(cloud, project_name or None)
        only = manifests[0].platform_name if len(manifests) == 1 else None
        there = {schedule.name: schedule for schedule in await client.schedules(project, only)}
        found.append((cloud, [(manifest, there.get(manifest.platform_name)) for manifest in manifests]))
    return found


async def _find(client: AnyscaleClient, job: JobFields, name: str) -> Schedule | None:
    project = await client.project(await client.cloud(job.cloud), job.project)
    return next((one for one in await client.schedules(project, name) if one.name == name), None)


async def _observe(
    client: AnyscaleClient, cloud: Cloud, manifest: Wanted, schedule: Schedule
) -> Live[JobScheduleSpec] | Problem:
    wanted, config = manifest.spec.job_config, schedule.config
    queue = (schedule.job_queue_config or {}).get("job_queue_spec") or {}
    asked = wanted.job_queue_config.job_queue_spec if wanted.job_queue_config else None
    try:
        build, compute_config, queues_compute_config = await asyncio.gather(
            client.build_by_id(config["build_id"]),
            live_compute_config(client, cloud, config["compute_config_id"], wanted),
            compute_config_name(client, cloud, queue.get("compute_config_id"), asked.compute_config if asked else None),
        )
    except Unspeakable as error:
        return manifest.problem((_JOB, "compute_config"), error.message, error.mend)
    fields = live_job_fields(schedule, wanted) | await live_image(client, build, wanted)
    fields["job_queue_config"] = live_queue_config(schedule.job_queue_config, queues_compute_config)
    spec = JobScheduleSpec.model_construct(
        name=schedule.name,
        cron_expression=" ".join(str(schedule.schedule.get("cron_expression")).split()),
        timezone=schedule.schedule.get("timezone") or "UTC",
        enabled=schedule.next_trigger_at is not None,
        job_config=JobFields.model_construct(**fields, compute_config=compute_config),
    )
    return Live(manifest.key, spec, schedule.id)


def _worded(spec: JobScheduleSpec) -> Worded[JobScheduleSpec]:
    job = worded(spec.job_config)
    if job.job_queue_config is not None and (queue := job.job_queue_config.job_queue_spec) is not None:
        named = queue.model_copy(update={"compute_config": compute_words(queue.compute_config)})
        queue_config = job.job_queue_config.model_copy(update={"job_queue_spec": named})
        job = job.model_copy(update={"job_queue_config": queue_config})
    flaws = [Flaw((_JOB, *flaw.path), flaw.message, flaw.mend) for flaw in upload_flaws(spec.job_config)]
    return Worded(spec.model_copy(update={_JOB: job}), flaws)


async def _apply(client: AnyscaleClient, name: str, spec: JobScheduleSpec) -> str:
    job = spec.job_config
    cloud = await client.cloud(job.cloud)
    project = await client.project(cloud, job.project)
    document = job_document(name, job, Place(cloud.name, project.name)) | await image_document(client, job)

    def apply(anyscale: "anyscale.Anyscale") -> str:
        from anyscale.job.models import JobConfig  # noqa: PLC0415 - 5 s to import
        from anyscale.schedule.models import ScheduleConfig  # noqa: PLC0415 - the same

        with containerfile_of(job) as written:
            config = ScheduleConfig(
                job_config=JobConfig.from_dict(document | written),
                cron_expression=spec.cron_expression,
                timezone=spec.timezone,
            )
            return str(anyscale.schedule.apply(config))

    return await sent_with_image(client, job, f"image-for-job-{name}", apply, APPLY_SECONDS)


async def _set_state(client: AnyscaleClient, schedule_id: str, job: JobFields, name: str, *, enabled: bool) -> None:
    state = "ENABLED" if enabled else "DISABLED"

    async def arrived() -> bool:
        found = await _find(client, job, name)
        return found is not None and (found.next_trigger_at is not None) == enabled

    await send(
        lambda: client.sdk.call(lambda anyscale: anyscale.schedule.set_state(id=schedule_id, state=state), write=True),
        arrived,
    )


def _status(manifest: Wanted, schedule: Schedule | None) -> Status:
    if schedule is None:
        return absent(manifest.address)
    due = schedule.next_trigger_at
    facts = {"enabled": due is not None, "next": due, "schedule_id": schedule.id}
    health = Health.GOOD if due else Health.ATTENTION
    return Status(manifest.address, health, f"next job at {due}" if due else "paused", facts=facts)


KIND = JobSchedule()
