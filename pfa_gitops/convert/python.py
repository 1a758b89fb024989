"""A Prefect 2 script → Deployments, InfraBlocks, Blocks. Read from the syntax tree; none of it is run."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pfa_gitops.convert.constants import Script
from pfa_gitops.convert.flow_name import FlowNames
from pfa_gitops.convert.python_blocks import BLOCKS, INFRA, block_manifests, infra_manifest
from pfa_gitops.convert.python_calls import Arguments, Context, Found
from pfa_gitops.convert.python_schedules import schedules_of
from pfa_gitops.convert.sources import Sources
from pfa_gitops.convert.templates import GONE
from pfa_gitops.convert.values import Made, Report, Sort, block_name, manifest_name
from pfa_gitops.model.errors import Problem, ProblemsFound
from pfa_gitops.model.places import Address, Origin, Path
from pfa_gitops.platforms.prefect._static import parse

BUILDERS = (".Deployment.build_from_flow", ".Deployment")
UNSAID = frozenset({"apply", "ignore_file", "output", "load_existing", "skip_upload", "manifest_path", "timestamp"})
"""Arguments that say what the script does, and nothing of the deployment."""


def python_reader(work_pool: str) -> Callable[[str, FilePath, FilePath, Report], tuple[str, list[Made]]]:
    """What reads a script whose deployments go to this pool, where they name none."""

    def read(text: str, file: FilePath, output: FilePath, report: Report) -> tuple[str, list[Made]]:
        try:
            context = Context(Script(_tree(text, file)), str(file), report)
            made = list(_Conversion(context, file, FlowNames(Sources(file.parent), output), work_pool).manifests())
        except RecursionError:
            deep = Problem("the script is nested too deep to be read", "split it", Origin(str(file), 1, 1))
            raise ProblemsFound([deep]) from None
        if not made and not report.remarks:
            message = "the script neither builds a deployment nor saves a block"
            mend = "name one that calls Deployment.build_from_flow, or saves an AnyscaleJob"
            raise ProblemsFound([Problem(message, mend, Origin(str(file), 1, 1))])
        return file.resolve().parent.name, made

    return read


def _tree(text: str, file: FilePath) -> ast.Module:
    try:
        return parse(text)
    except SyntaxError as error:
        place = Origin(str(file), error.lineno or 1, error.offset or 1)
        raise ProblemsFound([Problem(f"it is not valid Python: {error.msg}", "correct it", place)]) from None
    except (ValueError, RecursionError, MemoryError):
        raise ProblemsFound([Problem("it cannot be read as Python", "name another", Origin(str(file), 1, 1))]) from None


@dataclass
class _Conversion:
    """One script in the making."""

    context: Context
    file: FilePath
    names: FlowNames
    pool: str
    queues: list[str] = field(default_factory=list)
    pooled: bool = False
    """Whether a deployment went to the pool because it named none."""

    @property
    def saved(self) -> set[str | None]:
        """The names under which the script saves blocks."""
        saves = (call for call in self.context.script.calls if _is_save(call))
        return {Arguments(call, self.context, ("name",), None).text("name") for call in saves}

    def manifests(self) -> Iterator[Made]:
        """All that the script makes, the pool last."""
        for call in self.context.script.calls:
            if _is_save(call):
                yield from self._saved(call)
            elif self._of_prefect(call.func) and f".{self.context.script.class_of(call.func)}".endswith(BUILDERS):
                yield from self._deployment(call)
        if self.pooled:
            queues = {"queues": [{"name": name} for name in dict.fromkeys(self.queues)]} if self.queues else {}
            yield Made(Address("WorkPool", self.pool), {"type": "anyscale", **queues})

    def _of_prefect(self, function: ast.expr) -> bool:
        return (self.context.script.class_of(function) or "").startswith(("prefect", "pfa_gitops"))

    def _saved(self, call: ast.Call) -> Iterator[Made]:
        """`Something(…).save("name")`."""
        made = self.context.script.behind(call.func.value) if isinstance(call.func, ast.Attribute) else None
        if not isinstance(made, ast.Call) or not self._of_prefect(made.func):
            return
        saved = Arguments(call, self.context, ("name", "overwrite"), None)
        name = saved.text("name")
        if name is None:
            self.context.note(Sort.REFUSED, "the block's name is not a constant", "write the name itself", call)
        else:
            yield from self._block(made, name)

    def _block(self, made: ast.Call, name: str) -> Iterator[Made]:
        kind = (self.context.script.class_of(made.func) or "").rpartition(".")[2]
        if kind in INFRA:
            yield infra_manifest(made, INFRA[kind], name, self.context)
        else:
            yield from block_manifests(made, kind, name, self.context)

    def _deployment(self, call: ast.Call) -> Iterator[Made]:
        given = Arguments(call, self.context, ("flow", "name"), None)
        name, found = given.text("name"), self._flow(given)
        if name is None or found is None:
            missing = "name" if name is None else "flow"
            message = f"the deployment's {missing} is not known without running the script"
            self.context.note(Sort.REFUSED, message, "write the manifest by hand", call)
            return
        address = Address("Deployment", manifest_name(name))
        given = Arguments(call, self.context, ("flow", "name"), address)
        inner: list[Made] = []
        spec = dict(self._fields(given, name, found, inner))
        kept = {key: value for key, value in spec.items() if value not in (None, GONE, [], {}, "")}
        given.report_rest(UNSAID | {"name", "flow", "entrypoint", "flow_name"})
        origins: dict[Path, Origin] = {(): self.context.origin(call)}
        origins |= {(key,): at for key in kept if (at := given.origin(key)) is not None}
        yield from inner
        yield Made(address, kept, origins)

    def _flow(self, given: Arguments) -> str | None:
        """The flow's entrypoint: as it is given, else where the flow comes from."""
        if (entrypoint := given.text("entrypoint")) is not None:
            return entrypoint
        flow = given.expression("flow")
        if not isinstance(flow, ast.Name | ast.Attribute):
            return None
        if isinstance(flow, ast.Name) and flow.id in self.context.script.module.defined:
            return f"{self.file.name}:{flow.id}"
        module, _, name = (self.context.script.class_of(flow) or "").rpartition(".")
        return f"{module.replace('.', '/')}.py:{name}" if module and module != "builtins" else None

    def _fields(self, given: Arguments, name: str, entrypoint: str, inner: list[Made]) -> Iterator[tuple[str, Any]]:
        """The spec, in the order of the reference."""
        if manifest_name(name) != name:
            yield "name", name
        yield "entrypoint", entrypoint
        source = self.names.source(entrypoint)
        yield "flow_name", self.names.to_write(entrypoint, given.text("flow_name"), source, given.tell("flow"))
        block = self._infrastructure(given, inner)
        yield "work_pool", self._work_pool(given)
        yield "work_queue", given.value("work_queue_name")
        yield "infra_block", block
        overrides = _nested(given.value("infra_overrides") or given.value("job_variables"))
        if isinstance(overrides, dict) and isinstance(config := overrides.get("compute_config"), str) and block:
            self.context.report.refers.add(f"ComputeConfig/{config.partition(':')[0]}")
        yield ("infra_overrides" if block else "job_variables"), overrides
        yield "storage", self._storage(given, inner)
        yield "path", given.value("path")
        yield "parameters", given.value("parameters")
        if given.value("enforce_parameter_schema") is False:
            yield "enforce_parameter_schema", False
        yield "schedules", schedules_of(given)
        yield "tags", given.value("tags")
        yield "description", given.value("description") or self.names.description(source)
        yield "version", given.value("version")
        yield "paused", given.value("paused") or given.value("is_schedule_active") is False or None

    def _work_pool(self, given: Arguments) -> str:
        pool = given.text("work_pool_name")
        if pool is not None:
            self.context.report.refers.add(f"WorkPool/{pool}")
            return pool
        queue = given.value("work_queue_name")
        self.queues += [queue] if isinstance(queue, str) else []
        self.pooled = True
        message = f"the deployment names no pool, and Prefect 3 has no agents: it goes to WorkPool/{self.pool}"
        given.note(Sort.CHANGED, message, "name another with --work-pool", "work_queue_name")
        return self.pool

    def _infrastructure(self, given: Arguments, inner: list[Made]) -> str | None:
        """The name of the infra block: of one that is loaded, or of one that is written out."""
        found = self._block_of(given, "infrastructure")
        if found is None:
            return None
        if found.kind not in INFRA:
            message = f"the infrastructure {found.kind} is Prefect 2's; in Prefect 3 the work pool's type says it"
            given.note(Sort.LOST, message, "make a pool of that type, and write job_variables", "infrastructure")
            return None
        if found.call is not None:
            name = block_name(f"{given.text('name')}-infra")
            inner.append(infra_manifest(found.call, INFRA[found.kind], name, self.context))
            return name
        self.context.report.refers.add(f"InfraBlock/{found.name}")
        return found.name

    def _storage(self, given: Arguments, inner: list[Made]) -> dict[str, str] | None:
        found = self._block_of(given, "storage")
        if found is None:
            return None
        name = found.name or block_name(f"{given.text('name')}-storage")
        if found.kind not in BLOCKS:
            message = f"a block of class {found.kind} is no storage that is known here"
            given.note(Sort.LOST, message, "write storage: {block: type/name}", "storage")
            return None
        slug = BLOCKS[found.kind]
        if found.call is not None:
            inner += block_manifests(found.call, found.kind, name, self.context)
        elif slug != BLOCKS_AS_THEY_WERE.get(found.kind) and name not in self.saved:
            message = f"Prefect 3 has no block {found.kind}; its place has {slug}, which is to be made"
            given.note(Sort.OPEN, message, f"make a block {slug}/{name}, or a Block manifest of it", "storage")
        if given.value("skip_upload") is not True:
            message = "build_from_flow uploads the code to the storage; apply does not"
            given.note(Sort.OPEN, message, "let CI do it before apply, e.g. `aws s3 sync`", "storage")
        self.context.report.refers.add(f"Block/{slug}/{name}")
        return {"block": f"{slug}/{name}"}

    def _block_of(self, given: Arguments, argument: str) -> Found | None:
        """The block that an argument is: `Class.load("name")`, or `Class(…)`."""
        expression = given.expression(argument)
        if expression is None or (isinstance(expression, ast.Constant) and expression.value is None):
            return None
        found = self.context.block(expression)
        if found is None:
            message = f"{argument} is not known without running the script"
            given.note(Sort.LOST, message, "write it into the manifest by hand", argument)
        return found


BLOCKS_AS_THEY_WERE = {"LocalFileSystem": "local-file-system", "RemoteFileSystem": "remote-file-system", "SMB": "smb"}
"""Storage that Prefect 3 still has under the same name."""


def _is_save(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "save"


def _nested(overrides: Any) -> Any:
    """Prefect 2 wrote `env.NAME: value`."""
    if not isinstance(overrides, dict):
        return overrides
    result: dict[str, Any] = {}
    for name, value in overrides.items():
        outer, dot, inner = name.partition(".")
        result[outer] = {**result.get(outer, {}), inner: value} if dot else value
    return result
