"""A service's Serve applications: what a manifest may say of them, and how they are told back. Pure.

The SDK puts the service's own files, packages and variables into the runtime environment of each application, and
Anyscale tells them there only. Here they are put back: what an application names in the manifest stays with it, and all
else is the service's.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any

from pfa_gitops.model.places import Path
from pfa_gitops.platforms.anyscale._service_live import AGENT_IMPORT_PATH
from pfa_gitops.platforms.anyscale._source_files import is_remote
from pfa_gitops.platforms.anyscale._workload_variables import variable_flaws
from pfa_gitops.platforms.base import Flaw

Application = dict[str, Any]

SHARED: Mapping[str, tuple[str, ...]] = {
    "requirements": ("pip",),
    "working_dir": ("working_dir", "user_provided_working_dir"),
    "py_modules": ("py_modules", "user_provided_py_modules"),
    "excludes": ("excludes",),
    "py_executable": ("py_executable",),
}
"""Fields of the service, and what becomes of them in a runtime environment."""
VARIABLES = "env_vars"
SHAPES: Mapping[str, tuple[type | UnionType, str]] = {
    VARIABLES: (Mapping, "a mapping"),
    "working_dir": (str, "text"),
    "py_modules": (list, "a list"),
    "excludes": (list, "a list"),
    "pip": (list | str | Mapping, "a list of packages"),
    "py_executable": (str, "text"),
}
"""What the parts of a runtime environment are that are read here."""
CLEAR_MEND = "a service's variables stand in clear: have the application fetch it, e.g. from AWS Secrets Manager"


def canonical(applications: Sequence[Application]) -> list[Application]:
    """An empty runtime environment is none."""
    return [{name: value for name, value in one.items() if name != "runtime_env" or value} for one in applications]


def runtime_of(application: Mapping[str, Any]) -> Mapping[str, Any]:
    """An application's runtime environment."""
    found = application.get("runtime_env")
    return found if isinstance(found, Mapping) else {}


def application_flaws(applications: Sequence[Application], service: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong with the applications of a service that has these fields."""
    for index, application in enumerate(applications):
        path: Path = ("applications", index)
        import_path = application.get("import_path")
        if not isinstance(import_path, str) or ":" not in import_path:
            yield Flaw(path, "the application has no import_path", "write `import_path: module:application`")
        if import_path == AGENT_IMPORT_PATH:
            yield Flaw(path, "this application is an agent's", "write it as an Agent")
        runtime_path = (*path, "runtime_env")
        misshapen = list(_shape_flaws(application.get("runtime_env"), runtime_path))
        yield from misshapen or _runtime_flaws(runtime_of(application), service, runtime_path)


def _shape_flaws(runtime: Any, path: Path) -> Iterator[Flaw]:
    """Parts of a runtime environment that are not of the type that Ray takes."""
    if not isinstance(runtime, Mapping | None):
        yield Flaw(path, "it must be a mapping", "write e.g. {env_vars: {A: b}}")
        return
    for name, (kind, words) in SHAPES.items():
        value: Any = (runtime or {}).get(name)
        if not isinstance(value, kind | None):
            yield Flaw((*path, name), f"it must be {words}", f"write {words}")
    variables = (runtime or {}).get(VARIABLES)
    if isinstance(variables, Mapping) and not all(isinstance(text, str) for text in variables.values()):
        yield Flaw((*path, VARIABLES), "a variable's value must be text", "put numbers in quotes")


def _runtime_flaws(runtime: Mapping[str, Any], service: Mapping[str, Any], path: Path) -> Iterator[Flaw]:
    """In an environment of the right shape."""
    for field, (name, *_) in SHARED.items():
        if name in runtime and service.get(field):
            message = f"the service sets {field} for each application"
            yield Flaw((*path, name), message, f"keep one of the two: {name} here, or {field} of the service")
    places = [runtime.get("working_dir"), *(runtime.get("py_modules") or [])]
    if any(isinstance(place, str) and not is_remote(place) for place in places):
        message = "a directory of the project is uploaded for the whole service only"
        yield Flaw(path, message, "name it as the service's working_dir or py_modules, or give a URI")
    if isinstance(runtime.get("pip"), str):
        message = "a requirements file is read for the whole service only"
        yield Flaw((*path, "pip"), message, "write the packages as a list")
    variables = runtime.get(VARIABLES) or {}
    for name in sorted({*variables} & {*(service.get(VARIABLES) or {})}):
        yield Flaw((*path, VARIABLES, name), f"the service sets {name} too", "keep one of the two")
    yield from variable_flaws(variables, (*path, VARIABLES), CLEAR_MEND)


def told_apart(
    live: Sequence[Application], wanted: Sequence[Application]
) -> tuple[list[Application], Mapping[str, Any]]:
    """The live applications as the manifest has them, and the runtime environment that is the service's."""
    own = [runtime_of(application) for application in wanted]
    shared = {name for names in SHARED.values() for name in names if not any(names[0] in one for one in own)}
    service: dict[str, Any] = {}
    applications = []
    for index, application in enumerate(live):
        runtime = dict(runtime_of(application))
        variables = dict(runtime.pop(VARIABLES, None) or {})
        named = (own[index].get(VARIABLES) or {}) if index < len(own) else {}
        service |= {name: runtime.pop(name) for name in sorted(shared & runtime.keys())}
        service.setdefault(VARIABLES, {}).update({name: text for name, text in variables.items() if name not in named})
        kept = {name: text for name, text in variables.items() if name in named}
        applications.append({**application, "runtime_env": runtime | ({VARIABLES: kept} if kept else {})})
    return canonical(applications), service


def with_their_own(live: Sequence[Application]) -> list[Application]:
    """The applications, each with only that of its runtime environment which is not the same in all of them."""
    runtimes = [runtime_of(application) for application in live]
    variables = [dict(runtime.get(VARIABLES) or {}) for runtime in runtimes]
    applications = []
    for application, runtime, own in zip(live, runtimes, variables, strict=True):
        kept = {name: value for name, value in runtime.items() if name != VARIABLES and not _is_common(name, runtimes)}
        named = {name: text for name, text in own.items() if not _is_common(name, variables)}
        applications.append({**application, "runtime_env": kept | ({VARIABLES: named} if named else {})})
    return canonical(applications)


def _is_common(name: str, mappings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all of them have the same there."""
    return all(name in one and one[name] == mappings[0][name] for one in mappings)
