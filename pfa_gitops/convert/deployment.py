"""One deployment of a prefect.yaml → a Deployment. Pure, but for the flow's source, which `sources` reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pfa_gitops.convert import prefect_2
from pfa_gitops.convert.flow_name import FlowNames
from pfa_gitops.convert.pull import pull_steps
from pfa_gitops.convert.schedules import convert_schedules
from pfa_gitops.convert.steps import Outputs
from pfa_gitops.convert.templates import GONE, Translator, Where
from pfa_gitops.convert.triggers import Triggered, convert_triggers
from pfa_gitops.convert.values import Made, Report, Sort, manifest_name
from pfa_gitops.convert.written import Written
from pfa_gitops.model.places import Address, Origin, Path

KNOWN = frozenset({
    "name", "version", "tags", "description", "schedule", "schedules", "paused", "concurrency_limit", "flow_name",
    "entrypoint", "parameters", "enforce_parameter_schema", "build", "push", "pull", "work_pool", "triggers",
})  # fmt: skip
PREFECT_2 = {"infra_overrides": "job_variables", "is_paused": "paused", "is_schedule_active": "paused"}
"""Keys of Prefect 2 that still mean something: `prefect deploy` of Prefect 3 passes over them."""
IGNORED: Mapping[str, str] = {
    "job_variables": "move it into work_pool",
    "work_queue_name": "move it into work_pool",
    "job_configuration": "write the job's values into work_pool.job_variables",
    "storage": "write a pull step, or `storage: {block: …}` in the manifest",
    "version_type": "write the version itself",
    "sla": "set it in Prefect Cloud",
}


@dataclass(frozen=True)
class Project:
    """What holds for all deployments of one prefect.yaml."""

    root: Written
    names: FlowNames
    report: Report
    alone: bool = False
    """Whether the file is one deployment, as Prefect 2 wrote it."""
    taken: set[str] = field(default_factory=set)
    """The names of the manifests so far."""
    automations: set[str] = field(default_factory=set)
    """Those of the automations."""


@dataclass
class Fields:
    """The spec in the making: its fields in order, and where they were written."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)

    def put(self, name: str, value: Any, at: Origin | None) -> None:
        """Set a field, unless there is nothing to say."""
        if value is GONE or value is None or value in ("", {}, []):
            return
        self.keep(name, value, at)

    def keep(self, name: str, value: Any, at: Origin | None) -> None:
        """Set a field, also to nothing."""
        self.values[name] = value
        if at is not None:
            self.origins[(name,)] = at


def convert_deployment(written: Written, outputs: Outputs, project: Project) -> list[Made]:
    """The manifests of one deployment: none, with a remark, where it is none that Prefect would deploy."""
    name = _named(written, project.report)
    if name is None:
        return []
    translator = Translator(outputs, project.report)
    text = translator.value(written.get("name"), Where.DEPLOYMENT)
    entrypoint = translator.value(written.get("entrypoint"), Where.DEPLOYMENT)
    if text is GONE or entrypoint is GONE:
        message = "nothing fills in the deployment's name or entrypoint"
        project.report.note(Sort.REFUSED, message, "write it out", written.get("name").at)
        return []
    flow_name = project.names.default(_flow_name(written), entrypoint)
    address = Address("Deployment", _free(manifest_name(name), flow_name, project.taken))
    translator = Translator(outputs, project.report, address)
    fields = Fields()
    if text != address.name:
        fields.put("name", text, written.get("name").at)
    fields.put("entrypoint", entrypoint, written.get("entrypoint").at)
    _fill(fields, written, translator, project)
    _report_unknown(written, translator, KNOWN | prefect_2.KEYS if project.alone else KNOWN)
    if (at := written.get("name").at) is not None:
        fields.origins[()] = at
    target = Triggered(address, str(text), flow_name)
    triggers = convert_triggers(written, target, translator, project.automations)
    return [Made(address, fields.values, fields.origins), *triggers]


def _named(written: Written, report: Report) -> str | None:
    """The deployment's name, where it has one, and names a flow."""
    name, entrypoint = written.get("name"), written.get("entrypoint")
    if not isinstance(written.value, dict):
        report.note(Sort.REFUSED, "a deployment is a mapping", "write name and entrypoint", written.at)
    elif name.value is None or name.value == "":
        message = "a deployment without a name: `prefect deploy` passes over it"
        report.note(Sort.REFUSED, message, "give it a name", written.at)
    elif not isinstance(name.value, str):
        report.note(Sort.REFUSED, "a deployment's name is text", "put it in quotes", name.at)
    elif not isinstance(entrypoint.value, str) or not entrypoint.value:
        message = f"the deployment {name.value} names no entrypoint, so that nobody knows its flow"
        report.note(Sort.REFUSED, message, "write entrypoint: path/to/file.py:function", written.get("name").at)
    else:
        return name.value
    return None


def _flow_name(written: Written) -> str | None:
    """What the file calls the flow, which `prefect deploy` does not heed: the source counts."""
    name = written.get("flow_name").value
    return name if isinstance(name, str) and name and "{{" not in name else None


def _free(name: str, flow_name: str, taken: set[str]) -> str:
    """A name of its own: many flows may have a deployment called `prod`."""
    chosen, number = name, 1
    while chosen in taken:
        base = manifest_name(f"{flow_name}-{name}")
        chosen, number = base if number == 1 else f"{base}-{number}", number + 1
    taken.add(chosen)
    return chosen


def _fill(fields: Fields, written: Written, translator: Translator, project: Project) -> None:
    """All fields behind the entrypoint, in the order of the manifest's reference."""
    entrypoint, at = str(fields.values["entrypoint"]), written.get("entrypoint").at
    source = project.names.source(entrypoint)

    def tell(message: str, mend: str) -> None:
        translator.note(Sort.OPEN, message, mend, at)

    named = project.names.to_write(entrypoint, _flow_name(written), source, tell)
    fields.put("flow_name", named, written.get("flow_name").at)
    sees = project.names.sees(source)
    _work_pool(fields, written, translator, alone=project.alone)
    if project.alone:
        _prefect_2(fields, written, translator, sees=sees)
    elif steps := pull_steps(written, project.root, translator, has_source=sees):
        fields.keep("pull_steps", steps.value, steps.at)
    parameters = written.get("parameters")
    fields.put("parameters", translator.value(parameters, Where.DEPLOYMENT), parameters.at)
    if written.get("enforce_parameter_schema").value is False:
        fields.keep("enforce_parameter_schema", False, written.get("enforce_parameter_schema").at)
    _schedules(fields, written, translator)
    fields.put("tags", _tags(written.get("tags"), translator), written.get("tags").at)
    described = translator.value(written.get("description"), Where.DEPLOYMENT)
    fields.put("description", described or project.names.description(source), written.get("description").at)
    _scalars(fields, written, translator)


def _scalars(fields: Fields, written: Written, translator: Translator) -> None:
    version = translator.value(written.get("version"), Where.DEPLOYMENT)
    fields.put("version", version if version is None or version is GONE else str(version), written.get("version").at)
    fields.put("paused", _paused(written, translator), written.get("paused").at)
    limit = translator.value(written.get("concurrency_limit"), Where.DEPLOYMENT)
    if isinstance(limit, dict):
        limit = {name: value for name, value in limit.items() if value is not None}
        limit = limit["limit"] if list(limit) == ["limit"] else limit
    fields.put("concurrency_limit", limit, written.get("concurrency_limit").at)


def _paused(written: Written, translator: Translator) -> Any:
    paused = translator.value(written.get("paused"), Where.DEPLOYMENT)
    if paused is None or paused is GONE:
        rests = written.get("is_paused").value is True or written.get("is_schedule_active").value is False
        return True if rests else None
    return paused


def _prefect_2(fields: Fields, written: Written, translator: Translator, *, sees: bool) -> None:
    fields.put("infra_block", prefect_2.infra_block_of(written, translator), written.get("infrastructure").at)
    if "infra_block" in fields.values and "job_variables" in fields.values:
        fields.put("infra_overrides", fields.values.pop("job_variables"), written.get("infra_overrides").at)
    fields.put("storage", prefect_2.storage_of(written, translator), written.get("storage").at)
    fields.put("path", written.get("path").value, written.get("path").at)
    schema = written.get("parameter_openapi_schema")
    fields.put("parameter_openapi_schema", prefect_2.schema_of(written, has_source=sees), schema.at)


def _work_pool(fields: Fields, written: Written, translator: Translator, *, alone: bool) -> None:
    pool = written.get("work_pool")
    place = written.get("work_pool_name") if alone else pool.get("name")
    queue = (written if alone else pool).get("work_queue_name")
    name = translator.value(place, Where.DEPLOYMENT)
    if isinstance(name, str) and name:
        fields.put("work_pool", name, place.at)
        translator.report.refers.add(f"WorkPool/{name}")
        fields.put("work_queue", translator.value(queue, Where.DEPLOYMENT), queue.at)
    else:
        message = "no work pool is named: `prefect deploy` asks for one, and runs without one are picked up by nobody"
        translator.note(Sort.OPEN, message, "write work_pool: NAME into the manifest", pool.at or written.at)
    for key, item in pool.items():
        if key not in {"name", "work_queue_name", "job_variables"} and item.value is not None:
            message = f"`{key}` of a work pool means nothing to `prefect deploy`, and is not carried over"
            translator.note(Sort.LOST, message, "a WorkPool manifest describes the pool itself", item.at)
    fields.put("job_variables", _job_variables(written, translator), pool.get("job_variables").at or pool.at)


def _job_variables(written: Written, translator: Translator) -> Any:
    """Those of the pool, and over them Prefect 2's overrides."""
    variables: dict[str, Any] = {}
    for place in (written.get("work_pool", "job_variables"), written.get("infra_overrides")):
        found = translator.value(place, Where.JOB)
        if isinstance(found, dict):
            for name, value in found.items():
                _set(variables, name, value)
        elif found is not None:
            translator.note(Sort.LOST, f"`{place.path[-1]}` must be a mapping", "write name: value", place.at)
    return variables


def _set(variables: dict[str, Any], name: str, value: Any) -> None:
    """Prefect 2 wrote `env.NAME: value` too."""
    outer, dot, inner = name.partition(".")
    env = variables.get("env", {})
    if dot and outer == "env" and isinstance(env, dict):
        variables["env"] = {**env, inner: value}
    else:
        variables[name] = value


def _schedules(fields: Fields, written: Written, translator: Translator) -> None:
    found = convert_schedules(written, translator)
    if not found:
        if written.get("schedules").value == []:  # to say so takes away what somebody set by hand
            fields.keep("schedules", [], written.get("schedules").at)
        return
    fields.put("schedules", [schedule for schedule, _ in found], written.get("schedules").at)
    for index, (schedule, item) in enumerate(found):
        if item.at is not None:
            fields.origins[("schedules", index)] = item.at
        for name in schedule:
            if item.has(name) and (at := item.get(name).at) is not None:
                fields.origins[("schedules", index, name)] = at


def _tags(tags: Written, translator: Translator) -> Any:
    value = translator.value(tags, Where.DEPLOYMENT)
    if isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, list):
        return value
    return [tag if isinstance(tag, str | dict | list) else str(tag) for tag in value if tag not in (None, "")]


def _report_unknown(written: Written, translator: Translator, known: frozenset[str]) -> None:
    for name, item in written.items():
        if name in known or item.value in (None, {}, []):
            continue
        if name in PREFECT_2:
            message = f"`{name}` is a key of Prefect 2, which `prefect deploy` of Prefect 3 ignores"
            mend = f"it is carried over as {PREFECT_2[name]}; take that out if it is not meant any more"
            if item.value not in (False,) or name == "is_schedule_active":
                translator.note(Sort.CHANGED, message, mend, item.at)
            continue
        message = f"`{name}` is ignored here by `prefect deploy`, and is not carried over"
        translator.note(Sort.LOST, message, IGNORED.get(name, "take it out"), item.at)
