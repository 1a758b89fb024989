"""A service of Anyscale with applications of its own → a Service. Pure.

The applications stay as they are, but for secrets and for what is a path of the project.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pfa_gitops.convert.agent import SAME
from pfa_gitops.convert.service_values import Values
from pfa_gitops.convert.templates import literal
from pfa_gitops.convert.values import Made, Report, Sort, manifest_name
from pfa_gitops.convert.written import Written
from pfa_gitops.model.places import Address, Origin, Path

WORKER = ("prefect worker start", "prefect agent start")
OF_SERVE = ("http_options", "grpc_options", "logging_config", "proxy_location")
"""What the older form has in `ray_serve_config`, beside the applications."""
LIFTED: Mapping[str, str] = {"working_dir": "working_dir", "py_modules": "py_modules", "pip": "requirements"}
"""What an application cannot name where it is a path of the project, and what the service calls it."""
ROLLOUT = ("canary_percent", "max_surge_percent")
STORAGE = {"enable": "enabled", "redis_certificate_path": "certificate_path"}
"""What the older form calls otherwise in `ray_gcs_external_storage_config`."""
READ = frozenset({
    "name", "ray_serve_config", "applications", "env_vars", "requirements", "working_dir", "py_modules",
    "grpc_options", "config", "rollout_strategy", *ROLLOUT, *SAME,
})  # fmt: skip
NOT_HERE: Mapping[str, str] = {
    "project_id": "name the project: `project`",
    "cloud_id": "name the cloud: `cloud`",
    "build_id": "name the image: `image_uri`",
    "compute_config_id": "name the compute config: `compute_config`",
    "access": "whether the internet reaches a service, its cloud says",
    "version": "Anyscale names each version by itself",
    "version_name": "Anyscale names each version by itself",
}
"""What to do about fields that a Service does not have."""
NOTHING: tuple[Any, ...] = (None, "", [], {})


class ServiceConversion:
    """One Service in the making."""

    def __init__(self, root: Written, applications: list[Written], default_name: str, report: Report) -> None:
        self._root = root
        self._applications = applications
        self._report = report
        given = root.get("name").value
        self._named = isinstance(given, str) and bool(given)
        self._name = str(given) if self._named else default_name
        self._address = Address("Service", manifest_name(self._name))
        self._values = Values(report, self._address)
        self._spec: dict[str, Any] = {}
        self._origins: dict[Path, Origin] = {}

    def manifest(self) -> Made:
        """The Service."""
        at = self._root.get("name").at or self._root.at
        if at is not None:
            self._origins[()] = at
        if not self._named:
            message = f"the service has no name: it is called {self._name} here, like its file"
            self._note(Sort.OPEN, message, "correct metadata.name", self._root)
        if self._name != self._address.name:
            self._put("name", self._name, self._root.get("name"))
        self._put("applications", [self._application(one) for one in self._applications], self._applications[0])
        for index, one in enumerate(self._applications):
            self._origins |= {("applications", index, *path): place for path, place in one.origins()}
        self._put("env_vars", self._values.variables(self._root.get("env_vars")), self._root.get("env_vars"))
        for name in (*SAME, "requirements", "working_dir", "py_modules", "grpc_options"):
            written = self._of_serve(name) if name in OF_SERVE else self._root.get(name)
            self._put(name, self._renamed(name, self._values.value(written)), written)
        if isinstance(config := self._root.get("compute_config").value, str):
            self._report.refers.add(f"ComputeConfig/{config.partition(':')[0]}")
        self._rollout()
        self._token()
        self._tell_ignored()
        return Made(self._address, {"applications": None} | self._spec, self._origins)

    def _put(self, name: str, value: Any, written: Written) -> None:
        if value in NOTHING:
            return
        self._spec[name] = value
        self._origins |= {(name, *path): at for path, at in written.origins()}

    def _note(self, sort: Sort, message: str, mend: str, written: Written) -> None:
        self._report.note(sort, message, mend, written.at, self._address)

    def _of_serve(self, name: str) -> Written:
        own = self._root.get(name)
        return own if own.value else self._root.get("ray_serve_config", name)

    def _renamed(self, name: str, value: Any) -> Any:
        if name == "ray_gcs_external_storage_config" and isinstance(value, dict):
            return {STORAGE.get(key, key): item for key, item in value.items()}
        return value

    def _application(self, written: Written) -> Any:
        """An application as it is, but for what belongs to the service."""
        if not isinstance(written.value, dict):
            return literal(written.value)
        self._tell_worker(written)
        found = {key: item for key, item in written.items() if not self._is_elsewhere(written, key)}
        made = {
            key: self._runtime(item) if key == "runtime_env" else self._values.value(item)
            for key, item in found.items()
        }
        return {key: value for key, value in made.items() if value is not None and (key != "runtime_env" or value)}

    def _is_elsewhere(self, application: Written, key: str) -> bool:
        """Whether a field stands beside the one application, in the same mapping, and is not its own."""
        return application.path == ("ray_serve_config",) and key in {*OF_SERVE, "applications"}

    def _runtime(self, written: Written) -> Any:
        """A runtime environment without the paths of the project, which the service names for all applications."""
        value = self._values.value(written)
        if not isinstance(value, dict):
            return value
        if value.pop("upload_path", None) is not None:
            message = "`upload_path` is gone: files are uploaded to Anyscale's own storage"
            self._note(Sort.CHANGED, message, "nothing to do", written.get("upload_path"))
        for name, field in LIFTED.items():
            if _is_of_the_project(name, value.get(name)) and self._takes(field, value[name]):
                self._put(field, value.pop(name), written.get(name))
                if name == "working_dir" and "excludes" in value and self._takes("excludes", value["excludes"]):
                    self._put("excludes", value.pop("excludes"), written.get("excludes"))
        return {name: item for name, item in value.items() if item not in NOTHING}

    def _takes(self, field: str, value: Any) -> bool:
        """Whether the service can name it: it does not yet, and its applications agree."""
        own = next((name for name, given in LIFTED.items() if given == field), field)
        theirs = [literal(one.get("runtime_env", own).value) for one in self._applications]
        return self._root.get(field).value in NOTHING and all(one == value for one in theirs)

    def _rollout(self) -> None:
        found = {name: self._root.get(name).value for name in ROLLOUT if self._root.get(name).value is not None}
        strategy = self._root.get("rollout_strategy")
        if strategy.value == "IN_PLACE":
            found["in_place"] = True
        elif strategy.value not in (None, "", "ROLLOUT"):
            self._note(Sort.LOST, f"the rollout strategy {strategy.value} is unknown", "write `rollout`", strategy)
        place = next(
            (self._root.get(name) for name in (*ROLLOUT, "rollout_strategy") if self._root.has(name)), strategy
        )
        self._put("rollout", found, Written(None, place.path, place.places))

    def _token(self) -> None:
        """The older form says elsewhere that queries need no token."""
        config = self._root.get("config")
        if (token := config.get("access", "use_bearer_token")).value is False:
            self._put("query_auth_token_enabled", False, token)
        for name, item in config.items():
            if name != "access" and item.value is not None:
                self._note(Sort.LOST, f"a Service has no `{name}`", "see the reference of Service", item)

    def _tell_worker(self, application: Written) -> None:
        if any(command in text for text in _texts(application.value) for command in WORKER):
            message = "this application starts a Prefect worker"
            mend = "an Agent keeps one alive by itself: see the guide on agents"
            self._note(Sort.OPEN, message, mend, application.get("import_path"))

    def _tell_ignored(self) -> None:
        for name, item in self._root.items():
            if name not in READ and item.value not in NOTHING and (name, item.value) != ("access", "public"):
                mend = NOT_HERE.get(name, "see the reference of Service")
                self._note(Sort.LOST, f"a Service has no `{name}`", mend, item)


def _is_of_the_project(name: str, value: Any) -> bool:
    """Whether a runtime environment names a path on this machine. Packages are a file's name, or a list."""
    places = value if isinstance(value, list) and name != "pip" else [value]
    return any(isinstance(place, str) and "://" not in place for place in places)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)
