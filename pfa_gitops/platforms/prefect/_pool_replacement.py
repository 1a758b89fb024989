"""What a work pool takes over from the one that it replaces.

Prefect cannot change a pool's type: the pool is deleted and made again. A delete takes along the queues, and leaves
every deployment of the pool without one, those too that no manifest names [api/workers.py, orm_models.py].
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pfa_gitops.model.errors import NotFound
from pfa_gitops.platforms.prefect._client import PrefectClient, any_of
from pfa_gitops.platforms.prefect._naming import in_path
from pfa_gitops.platforms.prefect._work_queues import WorkQueueSpec, live_queue


@dataclass(frozen=True)
class Heritage:
    """All queues of a pool, and the queue of each of its deployments by the deployment's id."""

    queues: Sequence[WorkQueueSpec]
    deployments: Mapping[str, str | None]


async def read_heritage(client: PrefectClient, pool: str) -> Heritage:
    """What a delete of the pool would take along."""
    queues, deployments = await asyncio.gather(
        client.read_all(f"/work_pools/{in_path(pool)}/queues/filter"),
        client.read_all("/deployments/filter", {"work_pools": {"name": any_of([pool])}}),
    )
    by_id: dict[str, Any] = {deployment["id"]: deployment["work_queue_name"] for deployment in deployments}
    return Heritage([live_queue(queue) for queue in queues], by_id)


async def hand_over(client: PrefectClient, pool: str, deployments: Mapping[str, str | None]) -> None:
    """Give the deployments the new pool. One that is gone meanwhile needs none."""
    for deployment, queue in deployments.items():
        named = {} if queue is None else {"work_queue_name": queue}
        with suppress(NotFound):
            await client.patch(f"/deployments/{deployment}", {"work_pool_name": pool, **named})
