"""A service of Anyscale that is a prefect-anyscale agent → an Agent, and the WorkPool that it works for. Pure."""

from collections.abc import Mapping
from typing import Any

from pfa_gitops.convert.secrets import looks_secret
from pfa_gitops.convert.templates import literal
from pfa_gitops.convert.values import UNKNOWN, Made, Report, Sort, manifest_name
from pfa_gitops.convert.written import Written
from pfa_gitops.model.places import Address, Origin, Path

OLD_PACKAGE = "prefect-anyscale"
URL, KEY, QUEUE = "PREFECT_API_URL", "PREFECT_API_KEY", "ANYSCALE_PREFECT_QUEUE"
SECRET_ID, REGION = "ANYSCALE_PREFECT_AWS_SECRET_ID", "ANYSCALE_PREFECT_AWS_REGION"
SPECIAL = frozenset({URL, KEY, QUEUE, SECRET_ID, REGION})
SAME = (
    "compute_config", "image_uri", "cluster_env", "containerfile", "ray_version", "registry_login_secret", "excludes",
    "py_executable", "query_auth_token_enabled", "http_options", "logging_config", "proxy_location",
    "ray_gcs_external_storage_config", "tracing_config", "cloud", "project", "tags",
)  # fmt: skip
"""Fields that an Anyscale service has, and an Agent and a Service too."""
READ = frozenset({"name", "ray_serve_config", "applications", "env_vars", "requirements", "working_dir", "py_modules"})


class AgentConversion:
    """One agent in the making."""

    def __init__(self, root: Written, application: Written, work_pool: str, report: Report) -> None:
        self._root = root
        self._pool = work_pool
        self._report = report
        self._runtime = application.get("runtime_env")
        name = root.get("name").value
        self._address = Address("Agent", manifest_name(name if isinstance(name, str) else "prefect-agent"))
        self._env = {key: item for place in self._env_places() for key, item in place.items()}
        self._spec: dict[str, Any] = {}
        self._origins: dict[Path, Origin] = {}

    def _env_places(self) -> tuple[Written, Written]:
        return self._root.get("env_vars"), self._runtime.get("env_vars")

    def manifests(self) -> list[Made]:
        """The pool, then the agent."""
        queue = self._env.get(QUEUE)
        queues = [queue.value] if queue is not None and isinstance(queue.value, str) and queue.value else []
        self._put("work_pool", self._pool, None)
        self._put("work_queues", queues, queue)
        self._put("prefect", self._prefect(), self._env.get(URL))
        for name in SAME:
            self._put(name, self._root.get(name).value, self._root.get(name))
        if isinstance(config := self._root.get("compute_config").value, str):
            self._report.refers.add(f"ComputeConfig/{config.partition(':')[0]}")
        self._put("env", self._variables(), self._env_places()[1])
        self._files()
        self._report_rest()
        self._note_pool(queues)
        if (at := self._root.get("name").at) is not None:
            self._origins[()] = at
        pool = {"type": "anyscale", **({"queues": [{"name": name} for name in queues]} if queues else {})}
        return [
            Made(Address("WorkPool", self._pool), pool, {(): at} if at else {}),
            Made(self._address, self._spec, self._origins),
        ]

    def _put(self, name: str, value: Any, written: Written | None) -> None:
        if value in (None, [], {}, ""):
            return
        self._spec[name] = literal(value)
        if written is not None and written.at is not None:
            self._origins[(name,)] = written.at

    def _note(self, sort: Sort, message: str, mend: str, written: Written | None) -> None:
        at = written.at if written is not None else self._root.get("name").at
        self._report.note(sort, message, mend, at, self._address)

    def _prefect(self) -> Mapping[str, Any]:
        url = self._env.get(URL)
        found: dict[str, Any] = {"api_url": url.value if url is not None and url.value else UNKNOWN}
        if url is None:
            self._note(Sort.OPEN, f"the service does not say {URL}", "fill in prefect.api_url", None)
        if (key := self._key()) is not None:
            found["api_key"] = key
        return found

    def _key(self) -> Mapping[str, Any] | None:
        secret, region, clear = self._env.get(SECRET_ID), self._env.get(REGION), self._env.get(KEY)
        if secret is not None:
            if region is None:
                self._note(Sort.OPEN, f"the secret's region {REGION} is not given", "fill in its region", secret)
            return {"from_aws_secret": {"id": secret.value, "region": region.value if region else UNKNOWN}}
        if clear is None:
            return None
        message = f"{KEY} stands in the service's definition in clear; its text is not copied"
        mend = "store it in AWS Secrets Manager, and fill in its id and region"
        self._note(Sort.OPEN, message, mend, clear)
        return {"from_aws_secret": {"id": "prefect-api-key", "region": UNKNOWN}}

    def _variables(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, item in self._env.items():
            if name in SPECIAL:
                continue
            if looks_secret(name, item.value):
                message = f"{name} looks like a secret; its text is not copied: the service reads its own {name}"
                mend = "say where it is kept, e.g. {from_aws_secret: {id: …, region: …}}"
                self._note(Sort.OPEN, message, mend, item)
                found[name] = {"from_env": name}
            else:
                found[name] = item.value if isinstance(item.value, str) else str(item.value)
        return found

    def _files(self) -> None:
        """What is installed and uploaded, without the old package: an agent brings its own."""
        for name in ("requirements", "pip"):
            written = self._root.get(name) if name == "requirements" else self._runtime.get(name)
            packages = written.get("packages") if isinstance(written.value, dict) else written
            self._put("requirements", self._requirements(packages), packages)
        for name in ("working_dir", "py_modules"):
            written = self._runtime.get(name) if self._runtime.get(name).value else self._root.get(name)
            if isinstance(written.value, str) and OLD_PACKAGE in written.value:
                message = f"{name} is the code of {OLD_PACKAGE}, which an Agent does not need"
                self._note(Sort.CHANGED, message, "nothing to do", written)
            else:
                self._put(name, written.value, written)

    def _requirements(self, written: Written) -> Any:
        if not isinstance(written.value, list):
            return written.value
        kept = [item for item in written.value if not str(item).replace("_", "-").startswith(OLD_PACKAGE)]
        if len(kept) < len(written.value):
            self._note(Sort.CHANGED, f"{OLD_PACKAGE} is replaced by pfa-gitops itself", "nothing to do", written)
        return kept

    def _report_rest(self) -> None:
        places = [(self._root, READ | set(SAME)), (self._runtime, {"env_vars", "pip", "working_dir", "py_modules"})]
        for written, known in places:
            for name, item in written.items():
                if name not in known and item.value not in (None, {}, []):
                    self._note(Sort.LOST, f"an Agent has no `{name}`", "see the reference of Agent", item)

    def _note_pool(self, queues: list[str]) -> None:
        polled = f"the agent polled the queue `{queues[0]}`" if queues else "the agent named no queue"
        message = f"{polled}; Prefect 3 has no agents, and its queues belong to a pool: WorkPool/{self._pool} is made"
        self._note(Sort.CHANGED, message, "name another with --work-pool; deployments must name it too", None)
