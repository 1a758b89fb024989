"""What `convert` makes, against what the other tools' own code makes of the same text. No server is asked."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from pfa_gitops.convert.convert import convert
from pfa_gitops.convert.prefect_yaml import convert_prefect_yaml
from pfa_gitops.convert.service import service_reader
from pfa_gitops.platforms.anyscale._service_document import Place
from pfa_gitops.platforms.anyscale.service import KIND as SERVICE
from pfa_gitops.platforms.prefect._automation_resources import Named
from pfa_gitops.platforms.prefect._automation_wire import to_wire
from pfa_gitops.platforms.prefect.automation import KIND as AUTOMATION
from pfa_gitops.platforms.registry import kinds

ID = "00000000-0000-4000-8000-000000000001"
TRIGGERS = """
- {expect: [b, a], match: {prefect.resource.id: ["x.*", "y.*"], kind: z}, parameters: {a: "{{ event.id }}"}}
- name: late
  description: too late
  enabled: false
  type: event
  posture: Proactive
  after: [a]
  for_each: [prefect.resource.id]
  match_related: [{a: b}, {c: d}]
  threshold: 2
  within: 600
  schedule_after: PT5M
  job_variables: {env: {A: b}}
- {posture: Proactive, expect: [a]}
- {expect: [a], within: "1 day, 0:10:00", schedule_after: 60.5}
- {posture: Metric, metric: {name: lateness, operator: ">=", threshold: 1, range: 600}, match: {a: b}}
- {type: metric, metric: {name: successes, operator: "<", threshold: 0.5, firing_for: "00:10:00"}}
- {require: all, within: 60, triggers: [{expect: [a]}, {type: sequence, triggers: [{expect: [b]}, {expect: [c]}]}]}
- {type: compound, require: 1, triggers: [{expect: [a]}, {posture: Proactive, expect: [b], within: 30}]}
- {within: PT1M, triggers: [{expect: [a], match_related: {a: b}}, {type: event}]}
"""
PREFECTS = """
import json, sys, uuid, yaml
from prefect.cli.deploy._triggers import _initialize_deployment_triggers
triggers = _initialize_deployment_triggers("d", yaml.safe_load(sys.stdin.read()))
for trigger in triggers:
    trigger.set_deployment_id(uuid.UUID(sys.argv[1]))
print(json.dumps([trigger.as_automation().model_dump(mode="json") for trigger in triggers]))
"""


def test_triggers_of_each_sort_are_what_prefect_deploy_sends(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PREFECTS, ID], input=TRIGGERS, capture_output=True, text=True, check=True
    )
    deployment = {"name": "d", "entrypoint": "f.py:f", "pull": [], "work_pool": {"name": "w"}}
    text = yaml.safe_dump({"deployments": [deployment | {"triggers": yaml.safe_load(TRIGGERS)}]}, sort_keys=False)
    made = converted(text, tmp_path, convert_prefect_yaml)["Automation"]
    theirs = {item["name"]: as_the_server_keeps_it(item) for item in json.loads(done.stdout)}
    assert len(theirs) == len(yaml.safe_load(TRIGGERS))
    assert {name: as_the_server_keeps_it(wire(name, spec)) for name, spec in made.items()} == theirs


def converted(text: str, folder: Path, reader: Any) -> dict[str, dict[str, Any]]:
    """The specs by kind and name."""
    done = convert(text, folder / "file.yaml", folder, kinds(), reader)
    assert [problem for sort, problem in done.remarks if sort in ("lost", "refused")] == []
    found: dict[str, dict[str, Any]] = {}
    for one in done.manifests:
        found.setdefault(one.address.kind, {})[one.address.name] = dict(one.spec)
    return found


def wire(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return to_wire(AUTOMATION.spec.model_validate(spec), name, {Named("deployment", "d"): ID})


def as_the_server_keeps_it(item: Any) -> Any:
    """Without nulls and ids; sets in an order; a list of one as the one; a Proactive trigger's least time."""
    if isinstance(item, list):
        return item[0] if len(item) == 1 else [as_the_server_keeps_it(one) for one in item]
    if not isinstance(item, dict):
        return float(item) if isinstance(item, int) and not isinstance(item, bool) else item
    found = {name: as_the_server_keeps_it(one) for name, one in item.items() if name not in ("id", "owner_resource")}
    if found.get("posture") == "Proactive":
        found["within"] = found["within"] or 10.0
    sets = {name: sorted(found[name]) for name in ("expect", "after", "for_each") if isinstance(found.get(name), list)}
    return {name: one for name, one in (found | sets).items() if one not in (None, [], {})}


NEWER = """
name: two
image_uri: anyscale/image/x:1
compute_config: {head_node: {instance_type: m5.large}, worker_nodes: [{instance_type: m5.large, max_nodes: 2}]}
requirements: [fastapi]
working_dir: .
excludes: [data]
env_vars: {A: b}
query_auth_token_enabled: false
http_options: {request_timeout_s: 60}
grpc_options: {service_names: [rpc]}
logging_config: {log_level: INFO}
proxy_location: HeadOnly
ray_gcs_external_storage_config: {address: "redis:6379", certificate_path: /etc/redis.crt}
tracing_config: {enabled: true, sampling_ratio: 0.5}
tags: {team: ml}
applications:
- {name: a, import_path: "a:app", route_prefix: /a, args: {model: m}, runtime_env: {env_vars: {B: c}}}
- {name: b, import_path: "b:app", route_prefix: /b, deployments: [{name: M, num_replicas: 2}]}
"""


def test_a_service_is_the_one_that_anyscales_cli_would_deploy(tmp_path):
    from anyscale.service.models import ServiceConfig  # noqa: PLC0415 - it takes seconds

    [(name, spec)] = converted(NEWER, tmp_path, service_reader("w"))["Service"].items()
    document = SERVICE.document(name, SERVICE.spec.model_validate(spec), Place("c", "p"))
    theirs = ServiceConfig.from_dict({**yaml.safe_load(NEWER), "cloud": "c", "project": "p"})
    ours = ServiceConfig.from_dict(document | {"image_uri": spec["image_uri"]})
    assert without_cloud(ours.to_dict()) == without_cloud(theirs.to_dict())


def without_cloud(config: dict[str, Any]) -> dict[str, Any]:
    """The compute config says the cloud again, where pfa-gitops writes it."""
    shape = {key: value for key, value in config["compute_config"].items() if key != "cloud"}
    return config | {"compute_config": shape}
