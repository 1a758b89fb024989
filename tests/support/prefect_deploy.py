"""`prefect deploy --all` on a prefect.yaml whose flows are not here: the peer that `convert` is held against.

The folder gets a stub of each flow, with the parameters that the file gives it, and is a git checkout. Docker and the
clouds are not there, so that the functions of these build and push steps are stand-ins that answer as the real ones do:
with what they were given. Shell commands run.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from support.prefect_server import PrefectServer

STAND_INS = {
    "prefect_docker": ("build_docker_image", "push_docker_image"),
    "prefect_aws": ("push_to_s3", "pull_from_s3"),
    "prefect_gcp": ("push_to_gcs", "pull_from_gcs"),
    "prefect_azure": ("push_to_azure_blob_storage", "pull_from_azure_blob_storage"),
}
STAND_IN = """
def {name}(**given):
    if "image_name" in given:
        given["image"] = f"{{given['image_name']}}:{{given.get('tag')}}"
    return given
"""
JUST_NOW_S = 900
"""An anchor of about now was given by nobody: Prefect made it up."""
ENVIRONMENT = re.compile(r"\{\{\s*\$(\w+)\s*\}\}")
VARIABLE = re.compile(r"\{\{\s*prefect\.variables\.([\w-]+)\s*\}\}")
WHOLE_SECRET = re.compile(r"\{\{\s*prefect\.blocks\.secret\.([\w-]+)\s*\}\}")
SECRET = re.compile(r"\{\{\s*prefect\.blocks\.secret\.([\w-]+)")


def environment_of(text: str) -> dict[str, str]:
    """A value for each environment variable that a prefect.yaml reads."""
    return {name: f"value-of-{name.lower()}" for name in ENVIRONMENT.findall(text)}


def variables_of(text: str) -> dict[str, str]:
    """A value for each of Prefect's variables that it names."""
    return {name: f"value-of-{name}" for name in VARIABLE.findall(text)}


@dataclass(frozen=True)
class Folder:
    """A project's folder in which a prefect.yaml can be deployed."""

    root: Path
    text: str
    server: PrefectServer

    @property
    def content(self) -> dict[str, Any]:
        return yaml.safe_load(self.text)

    @property
    def environment(self) -> dict[str, str]:
        return {**environment_of(self.text), **self.server.environment}

    def prepare(self) -> None:
        """Write the file and the flows; make a checkout of them; make what they name on the server."""
        without_requirements = re.sub(r"(?m)^\s*requires:.*\n", "", self.text)
        self.write("prefect.yaml", without_requirements)
        for path, functions in flows_of(self.content).items():
            self.write(path, "".join(["from typing import Any\n\nfrom prefect import flow\n", *functions]))
        for command in (
            ["git", "init", "-q", "-b", "main"],
            ["git", "add", "."],
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"],
        ):
            subprocess.run(command, cwd=self.root, check=True, capture_output=True)
        self._make_what_it_names()

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _make_what_it_names(self) -> None:
        named = {deployment.get("work_pool", {}).get("name") for deployment in self.content["deployments"]}
        variables = variables_of(self.text)
        filled = {VARIABLE.sub(lambda found: variables[found[1]], name) for name in named if name}
        there = {pool["name"] for pool in self.server.post("/work_pools/filter")}
        for name in filled - there:
            self.server.post("/work_pools/", {"name": name, "type": "process"})
        known = {variable["name"] for variable in self.server.post("/variables/filter")}
        for name, value in variables.items():
            if name not in known:
                self.server.post("/variables/", {"name": name, "value": value})
        self._make_secrets()

    def _make_secrets(self) -> None:
        secret = self.server.get("/block_types/slug/secret")
        [schema, *_] = self.server.post(
            "/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [secret["id"]]}}}
        )
        known = {document["name"] for document in self.server.post("/block_documents/filter")}
        for name in set(SECRET.findall(self.text)) - known:
            body = {"name": name, "data": {"value": f"secret-{name}"}, "block_type_id": secret["id"]}
            self.server.post("/block_documents/", {**body, "block_schema_id": schema["id"]})


PROGRAM = """
import contextlib, io, json, os, sys, traceback
from prefect.cli import app
answers = sys.stdout
for line in sys.stdin:
    folder, environment = json.loads(line)
    os.chdir(folder)
    os.environ.update(environment)
    sys.path.insert(0, folder)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            sys.argv = ["prefect", "--no-prompt", "deploy", "--all"]
            app()
        except SystemExit as end:
            print("exit", end.code)
        except BaseException:
            traceback.print_exc()
    sys.path.remove(folder)
    print(json.dumps(said.getvalue()), file=answers, flush=True)
"""
"""Prefect's own command, several times in one process, as its start takes long."""


@contextmanager
def prefect_deploy(server: PrefectServer, stand_ins: Path) -> Iterator[Callable[[Folder], str]]:
    """What runs `prefect deploy --all` in a folder, and returns what it said."""
    for package, names in STAND_INS.items():
        file = stand_ins / package / "deployments" / "steps.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(STAND_IN.format(name=name) for name in names))
    environment = {**_without_prefect(), **server.environment, "PYTHONPATH": str(stand_ins)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def deploy(folder: Folder) -> str:
            print(json.dumps([str(folder.root), environment_of(folder.text)]), file=process.stdin, flush=True)
            return str(json.loads(process.stdout.readline()))

        yield deploy
        process.stdin.close()


def _without_prefect() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}


def flows_of(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """The stubs by file: for each entrypoint one function, with all parameters that any deployment gives it."""
    parameters: dict[tuple[str, str], dict[str, None]] = {}
    for deployment in content["deployments"]:
        path, _, function = str(deployment.get("entrypoint") or "").rpartition(":")
        path = path if path.endswith(".py") else path.replace(".", "/") + ".py"  # `package.module:flow`
        if function:
            names = parameters.setdefault((path, function), {})
            names.update(dict.fromkeys(_parameters(deployment)))
    files: dict[str, list[str]] = {}
    for (path, function), names in parameters.items():
        arguments = ", ".join(f"{name}: Any = None" for name in names)
        files.setdefault(path, []).append(
            f'\n\n@flow\ndef {function}({arguments}):\n    """The stub of {function}."""\n'
        )
    return files


def _parameters(deployment: Mapping[str, Any]) -> Iterator[str]:
    yield from deployment.get("parameters") or {}
    for schedule in deployment.get("schedules") or []:
        yield from schedule.get("parameters") or {}


def read_all(server: PrefectServer) -> dict[str, dict[str, Any]]:
    """The deployments on the server, by flow and name."""
    flows = {flow["id"]: flow["name"] for flow in server.post("/flows/filter", {"limit": 200})}
    items = server.post("/deployments/filter", {"limit": 200})
    return {f"{flows[item['flow_id']]}/{item['name']}": item for item in items}


def read_automations(server: PrefectServer) -> dict[str, dict[str, Any]]:
    """The automations on the server by name, with the deployments' names in the place of their ids."""
    deployments = {item["id"]: name for name, item in read_all(server).items()}
    items = server.post("/automations/filter", {"limit": 200})
    return {item["name"]: comparable_automation(item, deployments) for item in items}


def comparable_automation(item: Mapping[str, Any], deployments: Mapping[str, str]) -> dict[str, Any]:
    """An automation without what means nothing: ids, an order that is none, a list of one, an empty mapping or null."""
    steps = [{name: value for name, value in step.items() if value != {}} for step in item["actions"]]
    named = [{**step, "deployment_id": deployments.get(step.get("deployment_id"))} for step in steps]
    fields = {key: item[key] for key in ("name", "description", "enabled", "tags")}
    without_nulls = [{name: value for name, value in step.items() if value is not None} for step in named]
    return {**fields, "trigger": _trigger(item["trigger"]), "actions": without_nulls}


def _trigger(item: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in item.items() if key != "id"}
    for key in {"expect", "after", "for_each"} & found.keys():
        found[key] = sorted(found[key])
    for key in {"match", "match_related"} & found.keys():
        found[key] = _labels(found[key])
    if "triggers" in found:
        found["triggers"] = [_trigger(one) for one in found["triggers"]]
    return found


def _labels(value: Any) -> Any:
    if isinstance(value, list):
        return _labels(value[0]) if len(value) == 1 else [_labels(one) for one in value]
    return {name: _labels(one) for name, one in value.items()} if isinstance(value, dict) else value


def remove_all(server: PrefectServer) -> None:
    """Take the automations, the deployments and the flows off the server."""
    for kind in ("automations", "deployments", "flows"):
        for item in server.post(f"/{kind}/filter", {"limit": 200}):
            server.delete(f"/{kind}/{item['id']}")


PREFECTS_OWN = {
    "id", "created", "updated", "flow_id", "last_polled", "status", "created_by", "updated_by", "labels",
    "work_queue_id", "schedules", "version", "global_concurrency_limit",
}  # fmt: skip
"""What Prefect gives to a deployment by itself, and what is compared in another form below."""


def comparable(item: Mapping[str, Any], versioned: bool) -> dict[str, Any]:
    """A deployment without what means nothing, and without what `prefect deploy` and `apply` do differently on purpose.

    - A schedule's slug: `apply` makes one, so that the schedule's id lives on.
    - An anchor is compared as a moment: `apply` writes it in UTC.
    - The version, where the file gives none: `prefect deploy` takes a hash of the flow's file.
    - A schedule's time zone: null is UTC for Prefect.
    """
    return {
        **{key: value for key, value in item.items() if key not in PREFECTS_OWN},
        "limit": (item["global_concurrency_limit"] or {}).get("limit"),
        "version": item["version"] if versioned else None,
        "schedules": sorted((_schedule(schedule) for schedule in item["schedules"]), key=shown),
    }


def _schedule(item: Mapping[str, Any]) -> dict[str, Any]:
    when = dict(item["schedule"])
    if "anchor_date" in when:
        moment = datetime.fromisoformat(when["anchor_date"]).astimezone(UTC)
        made_up = abs((datetime.now(UTC) - moment).total_seconds()) < JUST_NOW_S
        when["anchor_date"] = None if made_up else moment.isoformat()
    when["timezone"] = when["timezone"] or "UTC"
    kept = {key: value for key, value in item.items() if key in {"active", "parameters", "max_scheduled_runs"}}
    return {**kept, "schedule": when}


def filled(value: Any, text: str) -> Any:
    """A value with the placeholders of a prefect.yaml filled in as `prefect deploy` fills them in."""
    if isinstance(value, dict):
        return {key: filled(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, text) for item in value]
    if not isinstance(value, str):
        return value
    with_secrets = WHOLE_SECRET.sub(lambda found: f"secret-{found[1]}", value)
    return VARIABLE.sub(lambda found: variables_of(text)[found[1]], with_secrets)


def differences(peer: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Each field that differs, with both values."""
    return [
        f"{key}: {shown(peer.get(key))} is {shown(ours.get(key))}"
        for key in sorted({*peer, *ours})
        if peer.get(key) != ours.get(key)
    ]


def shown(value: Any) -> str:
    """A value as one line, for a difference."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
