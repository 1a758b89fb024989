"""Projects under prefixes of their own on one pair of servers, beside objects that nobody manages."""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.anyscale_emulator import AnyscaleEmulator
from support.generated_projects import FILES, FOREIGN_POOL, PREFIX
from support.live_project import LiveProject, live_project
from support.prefect_server import PrefectServer
from support.snapshots import comparable, of_anyscale, of_prefect


@dataclass
class Ground:
    """The servers, and what stands on them."""

    folder: Path
    server: PrefectServer
    emulator: AnyscaleEmulator | None = None
    session: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def neighbour(self) -> str:
        """What everything is called that nobody manages."""
        return f"neighbour-{self.session}"

    def settle_neighbours(self) -> None:
        """Make an object of each sort that no project knows."""
        made_of = {"work_pool_name": self.neighbour, "schedules": [{"slug": "s", "schedule": {"cron": "0 3 * * *"}}]}
        flow = self.server.post("/flows/", {"name": self.neighbour})
        kind = self.server.get("/block_types/slug/local-file-system")["id"]
        [schema, *_] = self.server.post("/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind]}}})
        trigger = {"type": "event", "posture": "Reactive", "expect": ["x"], "threshold": 1, "within": 0}
        for path, body in {
            "/work_pools/": {"type": "process"},
            f"/work_pools/{self.neighbour}/queues": {"concurrency_limit": 3},
            "/variables/": {"value": {"a": 1}},
            "/v2/concurrency_limits/": {"limit": 3},
            "/deployments/": {"flow_id": flow["id"], **made_of},
            "/block_documents/": {"block_type_id": kind, "block_schema_id": schema["id"], "data": {"basepath": "/n"}},
            "/automations/": {"trigger": trigger, "actions": [{"type": "do-nothing"}]},
        }.items():
            self.server.post(path, {"name": self.neighbour, **body})

    def neighbours(self) -> Any:
        """The raw answers about them."""
        return self._raw(lambda name: self.neighbour in name)

    def state(self, prefix: str) -> dict[str, list[Any]]:
        """All that a project has, to be compared with another one's."""
        return comparable(self._raw(lambda name: name.startswith(prefix)), prefix)

    def left(self, prefix: str) -> dict[str, Any]:
        """What a project that was destroyed has left. A flow stays, and the pool that is managed elsewhere."""
        foreign = FOREIGN_POOL.replace(PREFIX, prefix)
        found = of_prefect(self.server, lambda name: name.startswith(prefix) and name != foreign)
        return {label: items for label, items in found.items() if items and label not in {"flow", "queue"}}

    def _raw(self, chosen: Any) -> Any:
        return of_prefect(self.server, chosen) | (of_anyscale(self.emulator, chosen) if self.emulator else {})

    @contextmanager
    def project(self) -> Iterator[tuple[LiveProject, str]]:
        """A project and its prefix. In the end it is destroyed, and nothing is left."""
        prefix = f"g{self.session}x{next(self._numbers)}x"
        foreign = FOREIGN_POOL.replace(PREFIX, prefix)
        self.server.post("/work_pools/", {"name": foreign, "type": "process"})
        folder, external = self.folder / prefix, [f"WorkPool/{foreign}"]
        with live_project(f"p-{prefix}", folder, self.server, self.emulator, external) as project:
            for name, text in FILES.items():
                (project.folder / name).write_text(text)
            yield project, prefix
            project.destroy()
        assert self.left(prefix) == {}
