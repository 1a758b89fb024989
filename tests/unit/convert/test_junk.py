"""Files in which one value is something else: they are converted or refused, and never a defect."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from pfa_gitops.convert.prefect_yaml import convert_prefect_yaml
from pfa_gitops.convert.service import service_reader
from pfa_gitops.model.errors import ProblemsFound

JUNK = (
    None,
    5,
    True,
    "x",
    "",
    [],
    {},
    [1],
    [None],
    {"a": 1},
    {"a": None},
    "{{ a.b }}",
    "{{ $A }}",
    "${{ x",
    "\x1b[1m",
    1e400,
)
STEP = "prefect.deployments.steps.run_shell_script"
PREFECT_YAML = {
    "name": "p",
    "build": [{STEP: {"id": "a", "script": "x"}}, {"p.build_docker_image": {"id": "i", "image_name": "n", "tag": "t"}}],
    "push": {"p.push_docker_image": {"image_name": "{{ i.image_name }}"}},
    "pull": [{STEP: {"script": "x", "directory": "{{ c.directory }}"}}],
    "deployments": [
        {
            "name": "d",
            "version": "{{ i.tag }}",
            "tags": ["a"],
            "description": "x",
            "entrypoint": "f.py:f",
            "flow_name": "f",
            "parameters": {"a": 1},
            "paused": False,
            "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE", "grace_period_seconds": 60},
            "enforce_parameter_schema": True,
            "schedule": {"cron": "0 3 * * *", "timezone": "UTC", "day_or": True},
            "schedules": [
                {"interval": 60, "anchor_date": "2025-01-01T00:00:00", "timezone": "Europe/Berlin", "active": True},
                {"rrule": "FREQ=DAILY", "slug": "s", "parameters": {"a": 1}, "max_scheduled_runs": 1},
            ],
            "work_pool": {"name": "w", "work_queue_name": "q", "job_variables": {"env": {"A": "b"}, "image": "i"}},
            "triggers": [{"expect": ["a"]}],
            "infra_overrides": {"env.A": "b"},
            "pull": [{STEP: {"script": "x"}}],
            "build": None,
        }
    ],
}
ALONE = {
    "name": "d",
    "entrypoint": "f.py:f",
    "work_pool_name": "w",
    "work_queue_name": "q",
    "infra_overrides": {"image_uri": "i", "env.A": "b"},
    "storage": {"_block_type_slug": "s3", "_block_document_name": "n"},
    "infrastructure": {"_block_type_slug": "anyscale-job", "_block_document_name": "n"},
    "path": "x",
    "parameter_openapi_schema": {"type": "object"},
    "schedule": {"cron": "0 3 * * *"},
}
SERVICE = {
    "name": "a",
    "ray_serve_config": {
        "import_path": "start_anyscale_service:entrypoint",
        "runtime_env": {
            "env_vars": {
                "PREFECT_API_URL": "http://x",
                "PREFECT_API_KEY": "k",
                "ANYSCALE_PREFECT_QUEUE": "q",
                "A": "b",
            },
            "pip": ["prefect-anyscale", "x"],
            "working_dir": ".",
        },
    },
    "compute_config": "c",
    "image_uri": "i",
    "tags": {"a": "b"},
    "applications": [],
}
TRIGGERED = {
    "deployments": [
        {
            "name": "d",
            "entrypoint": "f.py:f",
            "pull": [],
            "work_pool": {"name": "w"},
            "triggers": [
                {
                    "name": "n",
                    "description": "x",
                    "enabled": True,
                    "type": "event",
                    "posture": "Proactive",
                    "expect": ["a"],
                    "after": ["b"],
                    "for_each": ["c"],
                    "match": {"prefect.resource.id": ["a", "b"]},
                    "match_related": [{"a": "b"}],
                    "threshold": 2,
                    "within": 60,
                    "parameters": {"a": "{{ event.id }}"},
                    "job_variables": {"env": {"A": "b"}},
                    "schedule_after": "00:10:00",
                },
                {"posture": "Metric", "metric": {"name": "lateness", "operator": "<", "threshold": 1, "range": 300}},
                {"require": 1, "within": 60, "triggers": [{"type": "event"}, {"triggers": [{"expect": ["a"]}]}]},
            ],
        }
    ]
}
PLAIN_SERVICE = {
    "name": "a",
    "ray_serve_config": {
        "http_options": {"request_timeout_s": 1},
        "applications": [
            {"import_path": "m:a", "name": "a", "runtime_env": {"working_dir": "s3://a", "env_vars": {"A": "b"}}},
            {"import_path": "m:b", "name": "b", "runtime_env": {"pip": ["x"], "upload_path": "s3://b"}},
        ],
    },
    "config": {"access": {"use_bearer_token": False}},
    "rollout_strategy": "IN_PLACE",
    "ray_gcs_external_storage_config": {"enable": True, "address": "a"},
    "env_vars": {"C": "d"},
    "compute_config": {"head_node": {"instance_type": "m"}},
}
READERS = [
    (PREFECT_YAML, convert_prefect_yaml),
    (TRIGGERED, convert_prefect_yaml),
    (ALONE, convert_prefect_yaml),
    (SERVICE, service_reader("w")),
    (PLAIN_SERVICE, service_reader("w")),
]


THOROUGH = pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
"""All junk in each place in the slow suite; else a fourth of it, another fourth from place to place."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield from places(item, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    result = copy.deepcopy(value)
    if not path:
        return junk
    holder = result
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = junk
    return result


@THOROUGH
@pytest.mark.parametrize(
    ("content", "reader"), READERS, ids=["prefect.yaml", "triggers", "deployment.yaml", "agent", "service"]
)
def test_one_value_that_is_something_else_is_no_defect(converted, content, reader, thorough):
    assert converted(yaml.safe_dump(content), reader).specs
    for number, path in enumerate(places(content)):
        for junk in JUNK if thorough else JUNK[number % 4 :: 4]:
            try:
                converted(yaml.safe_dump(replaced(content, path, junk), allow_unicode=True), reader)
            except ProblemsFound:
                continue
            except Exception as error:
                raise AssertionError(f"{path} = {junk!r}") from error


@pytest.mark.parametrize("junk", ["x", 5, {"a": 1}])
@pytest.mark.parametrize("field", ["triggers", "job_variables", "tags", "parameters", "work_pool", "concurrency_limit"])
def test_a_value_of_the_wrong_sort_is_never_dropped_in_silence(converted, field, junk):
    content = copy.deepcopy(PREFECT_YAML)
    [deployment] = content["deployments"]
    holder = deployment["work_pool"] if field == "job_variables" else deployment
    holder[field] = junk
    done = converted(yaml.safe_dump(content, sort_keys=False))
    told = [problem.message for sort, problem in done.conversion.remarks if sort in {"lost", "refused", "open"}]
    carried = str(junk) in repr(done.specs)
    assert carried or any(field in message or "pool" in message for message in told), told
