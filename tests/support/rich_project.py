"""One project with an object of nearly every kind, in three versions, for what is too slow to be tried on many.

Between the first two everything changes: fields, references, names, types; things go and things come.
"""

from support.generated_projects import FOREIGN_POOL, PREFIX
from support.live_project import Version

P = PREFIX

PREFECT_FIRST = {
    f"WorkPool/{P}-pool": {"type": "process", "description": "a", "queues": [{"name": "q1", "concurrency_limit": 2}]},
    f"WorkPool/{P}-old": {"type": "process"},
    f"WorkQueue/{P}-queue": {"work_pool": FOREIGN_POOL, "concurrency_limit": 2},
    f"Block/{P}-files": {"type": "local-file-system", "data": {"basepath": "/a"}},
    f"Block/{P}-secret": {"type": "secret", "data": {"value": {"from_file": "secret-one"}}},
    f"Variable/{P}-one": {"value": {"a": [1]}, "tags": ["t"]},
    f"Variable/{P}-two": {"value": "text"},
    f"ConcurrencyLimit/{P}-limit": {"limit": 3, "active": False},
    f"InfraBlock/{P}-infra": {"type": "anyscale-job", "env": {"A": "1"}, "max_retries": 2},
    f"Deployment/{P}-nightly": {
        "flow_name": f"{P} flow",
        "entrypoint": "a.py:a",
        "storage": {"block": f"local-file-system/{P}-files"},
        "work_pool": f"{P}-pool",
        "work_queue": "q1",
        "global_concurrency_limit": f"{P}-limit",
        "parameters": {"a": 1},
        "schedules": [{"slug": "nightly", "cron": "0 3 * * *"}, {"slug": "monthly", "rrule": "FREQ=MONTHLY"}],
    },
    f"Deployment/{P}-gone": {"flow_name": f"{P} flow", "path": "/srv", "work_pool": f"{P}-old"},
    f"Automation/{P}-rule": {
        "trigger": {
            "type": "event",
            "expect": ["a"],
            "match_related": {"prefect.resource.id": {"deployment": f"{P}-gone"}},
        },
        "actions": [{"type": "run-deployment", "deployment": f"{P}-nightly"}],
    },
}
PREFECT_SECOND = {
    f"WorkPool/{P}-pool": {"type": "docker", "queues": [{"name": "q2", "concurrency_limit": 1}]},
    f"Block/{P}-files": {"type": "local-file-system", "data": {"basepath": "/b"}},
    f"Block/{P}-secret": {"type": "secret", "data": {"value": {"from_file": "secret-two"}}},
    f"Variable/{P}-one": {"value": {"a": [2]}},
    f"Variable/{P}-renamed": {"value": "text"},
    f"Variable/{P}-new": {"value": None},
    f"ConcurrencyLimit/{P}-limit-renamed": {"limit": 3},
    f"InfraBlock/{P}-infra": {"type": "ray-job", "env": {"A": "1"}},
    f"Deployment/{P}-nightly": {
        "flow_name": f"{P} flow",
        "path": "/srv",
        "work_pool": f"{P}-pool",
        "work_queue": "q2",
        "global_concurrency_limit": f"{P}-limit-renamed",
        "schedules": [{"slug": "nightly", "cron": "0 4 * * *", "active": False}],
    },
    f"Deployment/{P}-new": {"flow_name": f"{P} other flow", "path": "/srv", "work_pool": f"{P}-pool"},
    f"Automation/{P}-rule": {
        "enabled": False,
        "trigger": {"type": "event", "expect": ["a"]},
        "actions": [{"type": "run-deployment", "deployment": f"{P}-new"}],
    },
}
MOVED = {
    f"Variable/{P}-two": f"Variable/{P}-renamed",
    f"ConcurrencyLimit/{P}-limit": f"ConcurrencyLimit/{P}-limit-renamed",
}
APPLICATION = {"name": "api", "import_path": "app:one", "route_prefix": "/"}
ANYSCALE_FIRST = {
    f"ComputeConfig/{P}-compute": {"head_node": {"instance_type": "m5.large"}},
    f"ComputeConfig/{P}-gone": {"head_node": {"instance_type": "m5.large"}},
    f"JobSchedule/{P}-job": {
        "cron_expression": "@daily",
        "job_config": {"entrypoint": "python a.py", "compute_config": f"{P}-compute", "max_retries": 1},
    },
    f"Service/{P}-service": {
        "applications": [APPLICATION],
        "image_uri": "registry.example.com/team/service:1",
        "compute_config": f"{P}-compute",
        "tags": {"team": "ml"},
    },
}
ANYSCALE_SECOND = {
    f"ComputeConfig/{P}-compute": {"head_node": {"instance_type": "m5.2xlarge"}},
    f"JobSchedule/{P}-job": {
        "cron_expression": "0 3 * * *",
        "job_config": {"entrypoint": "python b.py", "compute_config": f"{P}-compute"},
    },
    f"Service/{P}-service": {
        "applications": [{**APPLICATION, "import_path": "app:two"}],
        "image_uri": "registry.example.com/team/service:1",
        "compute_config": f"{P}-compute",
    },
    f"JobSchedule/{P}-new": {"cron_expression": "@daily", "job_config": {"entrypoint": "python c.py"}},
}

PREFECT = (Version(PREFECT_FIRST), Version(PREFECT_SECOND, MOVED))
BOTH = (Version({**PREFECT_FIRST, **ANYSCALE_FIRST}), Version({**PREFECT_SECOND, **ANYSCALE_SECOND}, MOVED))
