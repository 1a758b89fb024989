"""An override wins for every field of both infra blocks, and null overrides nothing."""

import pytest

from pfa_gitops.runner.infra import AnyscaleJobInfra, RayJobInfra, merged

# Per field what the block has, what the deployment or run sets, and what comes out where the two are put together.
TABLE = {
    "env": ({"A": "1", "B": "1"}, {"B": "2"}, {"A": "1", "B": "2"}),
    "tags": ({"A": "1", "B": "1"}, {"B": "2"}, {"A": "1", "B": "2"}),
    "working_dir": ("/one", "s3://code/two.zip", None),
    "excludes": (["one"], ["two"], None),
    "requirements": (["one"], "two.txt", None),
    "py_modules": (["/one"], ["/two"], None),
    "py_executable": ("python -u", "python -O", None),
    "image_uri": ("anyscale/image/one:1", "registry.example.com/two:2", None),
    "cluster_env": ("one", "two:2", None),
    "containerfile": ("/one", "/two", None),
    "ray_version": ("2.44.0", "2.44.1", None),
    "registry_login_secret": ("one", "two", None),
    "compute_config": ("one", {"head_node": {"instance_type": "m5.large"}}, None),
    "cloud": ("one", "two", None),
    "project": ("one", "two", None),
    "max_retries": (1, 0, None),
    "timeout_s": (1, 2, None),
    "job_start_timeout_s": (1, 0, None),
    "priority": (1, 0, None),
    "job_queue_config": ({"priority": 1}, {"target_job_queue_name": "two"}, None),
    "connections": ([{"type": "snowflake", "name": "one"}], [{"type": "snowflake", "name": "two"}], None),
    "address": ("http://one:8265", "http://two:8265", None),
    "entrypoint_num_cpus": (1.0, 0.0, None),
    "entrypoint_num_gpus": (1.0, 0.5, None),
    "entrypoint_memory": (1, 2, None),
    "entrypoint_resources": ({"small": 1.0}, {"large": 0.5}, None),
}
FIELDS = [
    pytest.param(model, field, id=f"{model.model_fields['type'].default}-{field}")
    for model in (AnyscaleJobInfra, RayJobInfra)
    for field in model.model_fields
    if field not in {"type", "name", "entrypoint"}  # of a job that a flow triggers; no run overrides them
]


@pytest.mark.parametrize(("model", "field"), FIELDS)
def test_an_override_wins_and_null_overrides_nothing(model, field):
    block, override, together = TABLE[field]
    saved = {"type": model.model_fields["type"].default, field: block}
    infra = merged(saved, {field: override})
    assert type(infra) is model
    assert getattr(infra, field) == (override if together is None else together)
    assert getattr(merged(saved, {field: None}), field) == block
    assert getattr(merged(saved, {}), field) == block
