"""Every field of both infra blocks at three levels: block, deployment, run. What arrives in the job is what counts.

The jobs are an emulator's and a real Ray's. Their command lists the working directory and the Python modules.
"""

import functools
import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.anyscale_emulator import eventually
from support.prefect_worker import Workplace
from support.ray_cluster import RayCluster, ray_cluster

from pfa_gitops.runner.infra import AnyscaleJobInfra, RayJobInfra

LEVELS = ("block", "deployment", "run")
COMMAND = "ls; ls ${PYTHONPATH//:/ }; sleep 1"
FLOW = "from prefect import flow\n\n@flow\ndef run():\n    pass\n"


class Job(NamedTuple):
    """One level's job: its stored document, and how to learn the rest."""

    document: Mapping[str, Any]
    log: Callable[[], str]
    """What its command printed."""
    tags: Mapping[str, str]
    build: Mapping[str, Any]
    place: Mapping[str, str]
    """The names of its cloud, project and compute config's instance type."""

    @property
    def runtime_env(self) -> dict[str, Any]:
        config = self.document.get("config", self.document)
        return dict(config["runtime_env"] or {})


class Case(NamedTuple):
    """A field's value per level, how it is read from the job, and what is read where that is not the value itself."""

    values: tuple[Any, Any, Any]
    read: Callable[[Job], Any]
    arrived: tuple[Any, Any, Any] | None = None


def config(name: str) -> Callable[[Job], Any]:
    return lambda job: job.document["config"].get(name)


def runtime(name: str) -> Callable[[Job], Any]:
    return lambda job: job.runtime_env.get(name)


def build(name: str) -> Callable[[Job], Any]:
    return lambda job: job.build[name]


def own(names: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """Of all variables or tags those that the table has set."""
    return lambda values: {name: values[name] for name in names if name in values}


def left(job: Job) -> list[str]:
    """Which of the files that may be excluded have come along."""
    return [name for name in ("a.txt", "b.txt", "c.txt") if name in job.log()]


def listed(*names: str) -> Callable[[Job], str]:
    return lambda job: ",".join(name for name in names if name in job.log())


MERGED = (
    ({"A": "1", "B": "1"}, {"B": "2"}, {"C": "3"}),
    ({"A": "1", "B": "1"}, {"A": "1", "B": "2"}, {"A": "1", "B": "2", "C": "3"}),
)
# The tags of a run replace its deployment's, as Prefect merges only `env` there; both merge with the block's.
TAGS = (MERGED[0], ({"A": "1", "B": "1"}, {"A": "1", "B": "2"}, {"A": "1", "B": "1", "C": "3"}))
FOLDERS = ("folder-1", "folder-2", "folder-3")
MODULES = ("module_1", "module_2", "module_3")

SHARED: dict[str, Case] = {
    "working_dir": Case(FOLDERS, listed("mark-1", "mark-2", "mark-3"), ("mark-1", "mark-2", "mark-3")),
    "excludes": Case(
        (["a.txt"], ["b.txt"], ["c.txt"]),
        left,
        (["b.txt", "c.txt"], ["a.txt", "c.txt"], ["a.txt", "b.txt"]),
    ),
    "py_modules": Case(tuple([name] for name in MODULES), listed(*MODULES), MODULES),
}
ANYSCALE: dict[str, Case] = {
    **SHARED,
    "env": Case(MERGED[0], lambda job: own("ABC")(job.runtime_env["env_vars"]), MERGED[1]),
    "tags": Case(TAGS[0], lambda job: own("ABC")(job.tags), TAGS[1]),
    "requirements": Case((["one"], ["two"], ["three"]), runtime("pip")),
    "py_executable": Case(("python -u", "python -O", "python -B"), runtime("py_executable")),
    "image_uri": Case(("registry.example.com/one:1", "registry.example.com/two:1", "registry.example.com/three:1"),
                      build("docker_image_name")),
    "registry_login_secret": Case(("login-1", "login-2", "login-3"), build("registry_login_secret")),
    "ray_version": Case(("2.44.0", "2.44.1", "2.45.0"), build("ray_version")),
    "compute_config": Case(
        tuple({"head_node": {"instance_type": f"m5.{size}"}} for size in ("large", "xlarge", "2xlarge")),
        lambda job: job.place["instance_type"],
        ("m5.large", "m5.xlarge", "m5.2xlarge"),
    ),
    "cloud": Case(("overrides-1", "overrides-2", "overrides-3"), lambda job: job.place["cloud"]),
    "project": Case(("project-1", "project-2", "project-3"), lambda job: job.place["project"]),
    "max_retries": Case((1, 0, 2), config("max_retries")),
    "timeout_s": Case((101, 102, 103), config("timeout_s")),
    "priority": Case((1, 2, 3), config("priority")),
    "job_queue_config": Case(
        tuple({"priority": number, "target_job_queue_name": f"queue-{number}"} for number in (1, 2, 3)),
        lambda job: job.document["job_queue_config"]["target_job_queue_name"],
        ("queue-1", "queue-2", "queue-3"),
    ),
}  # fmt: skip
# Each of these says which image it is, so that a block has one of them only.
CLUSTER_ENV = {"cluster_env": Case(("their-env:1", "their-env:2", "their-env:3"), build("revision"), (1, 2, 3))}
CONTAINERFILE = {
    "containerfile": Case(("file-1", "file-2", "file-3"), build("containerfile"), ("FROM a:1", "FROM a:2", "FROM a:3"))
}
NOT_OF_RUNS = {"name", "entrypoint"}  # they are of jobs that a flow triggers: test_job_block.py
NOT_IN_THE_JOB = {"job_start_timeout_s"}  # it is the worker's: test_tending.py
NOT_ON_THE_EMULATOR = {"connections"}  # it has none to look up: tests/unit/runner/test_every_field.py
RAY: dict[str, Case] = {
    **SHARED,
    "env": Case(MERGED[0], lambda job: own("ABC")(job.runtime_env["env_vars"]), MERGED[1]),
    "tags": Case(TAGS[0], lambda job: own("ABC")(job.tags), TAGS[1]),
    "entrypoint_num_cpus": Case((0.25, 0.5, 0.75), lambda job: job.place["CPU"]),
    "entrypoint_num_gpus": Case((0.25, 0.5, 0.75), lambda job: job.place["GPU"]),
    "entrypoint_memory": Case((1000, 2000, 3000), lambda job: job.place["memory"]),
    "entrypoint_resources": Case(({"small": 0.25}, {"small": 0.5}, {"small": 0.75}), lambda job: job.place["small"],
                                 (0.25, 0.5, 0.75)),
}  # fmt: skip
# No job runs with these on this machine; what Ray was asked for can be seen.
RAY_ENVIRONMENT = {
    "requirements": Case(
        (["./one.whl"], ["./two.whl"], ["./three.whl"]),
        lambda job: job.runtime_env["pip"]["packages"],
    ),
    "py_executable": Case(("no-python-1", "no-python-2", "no-python-3"), runtime("py_executable")),
}
ADDRESS = {"address"}  # where a job arrives: every Ray job of this file was found at the block's


def test_the_tables_have_every_field():
    anyscale = {*ANYSCALE, *CLUSTER_ENV, *CONTAINERFILE, *NOT_OF_RUNS, *NOT_IN_THE_JOB, *NOT_ON_THE_EMULATOR}
    assert anyscale == set(AnyscaleJobInfra.model_fields) - {"type"}
    assert {*RAY, *RAY_ENVIRONMENT, *ADDRESS} == set(RayJobInfra.model_fields) - {"type"}


class Runs:
    """The three runs of a table: by the block alone, by its deployment, and with the run's own values on top."""

    def __init__(self, place: Workplace, slug: str, name: str, table: Mapping[str, Case], **block: Any) -> None:
        values = [
            {field: placed(place.folder, case.values[level]) for field, case in table.items()} for level in range(3)
        ]
        place.block(slug, name, {**block, **values[0]})
        infra = {"infra": f"{{{{ prefect.blocks.{slug}.{name} }}}}", "command": COMMAND}
        self._place, self._last = place, values[2]
        self._plain = place.deployment(f"{name}-plain", FLOW, infra)
        self._changed = place.deployment(f"{name}-changed", FLOW, {**infra, **values[1]})
        self._ids: dict[str, str] = {}

    def start(self) -> None:
        """Start the runs."""
        run, changed = self._place.run, self._changed
        started = run(self._plain), run(changed), run(changed, job_variables=self._last)
        self._ids = dict(zip(LEVELS, started, strict=True))

    def __getitem__(self, level: str) -> str:
        return self._ids[level]


def placed(folder: Path, value: Any) -> Any:
    """A value of a table with the paths of the files that it names."""
    if isinstance(value, list):
        return [placed(folder, item) for item in value]
    named = isinstance(value, str) and (value in {*FOLDERS, *MODULES} or value.startswith("file-"))
    return str(folder / value) if named else value


@pytest.fixture(scope="module")
def files(workplace: Workplace) -> None:
    """What the tables name: working directories, Python modules, containerfiles."""
    for number in (1, 2, 3):
        folder = workplace.folder / f"folder-{number}"
        folder.mkdir()
        for name in (f"mark-{number}", "a.txt", "b.txt", "c.txt"):
            (folder / name).touch()
        module = workplace.folder / f"module_{number}"
        module.mkdir()
        # A job finds the module's folder or what is in it. Ray takes equal modules for one.
        (module / f"module_{number}_part.py").write_text(f"NUMBER = {number}\n")
        (workplace.folder / f"file-{number}").write_text(f"FROM a:{number}")


@pytest.fixture(scope="module")
def anyscale_jobs(workplace: Workplace, files: None) -> Iterator[Callable[[Mapping[str, Case], str], Job]]:
    """A table's job per level."""
    call = workplace.emulator.call
    for number in (1, 2, 3):
        cloud = call("POST", "/_emulator/clouds", {"name": f"overrides-{number}"})
        call("POST", "/api/v2/projects/", {"name": f"project-{number}", "parent_cloud_id": cloud["id"]})
        image = {"image_uri": f"registry.example.com/env:{number}", "cluster_env_name": "their-env"}
        call("POST", "/api/v2/builds/get_or_create_build_from_image_uri", image)
    named = {"all-fields": ANYSCALE, "cluster-env": CLUSTER_ENV, "containerfile": CONTAINERFILE}
    runs = {id(table): Runs(workplace, "anyscale-job", name, table) for name, table in named.items()}
    for three in runs.values():
        three.start()

    @functools.cache
    def look(key: int, level: str) -> Job:
        run_id = runs[key][level]
        job_of(workplace, run_id)
        document = workplace.job(run_id)
        shape = call("GET", f"/api/v2/compute_templates/{document['config']['compute_config_id']}")["result"]["config"]
        place = {
            "instance_type": shape["head_node_type"]["instance_type"],
            "cloud": call("GET", f"/ext/v0/clouds/{document['cloud_id']}")["result"]["name"],
            "project": call("GET", f"/api/v2/projects/{document['project_id']}")["result"]["name"],
        }
        built = call("GET", f"/ext/v0/cluster_environment_builds/{document['config']['build_id']}")["result"]
        return Job(
            document, functools.partial(anyscale_log, workplace, run_id), workplace.job_tags(run_id), built, place
        )

    yield lambda table, level: look(id(table), level)
    look.cache_clear()


def job_of(workplace: Workplace, run_id: str) -> str:
    """The id of a run's job, once it is submitted."""

    def found() -> str | None:
        run = workplace.flow_run(run_id)
        assert run["infrastructure_pid"] or run["state_type"] != "CRASHED", run["state"]["message"]
        return run["infrastructure_pid"]

    return str(eventually(found, timeout_s=300))


def anyscale_log(workplace: Workplace, run_id: str) -> str:
    job = eventually(lambda: (now := workplace.job(run_id))["current_state"] == "SUCCESS" and now)
    return (workplace.emulator.data_dir / "runs" / job["last_job_run_id"] / "output.log").read_text()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("table", "field"),
    [(table, field) for table in (ANYSCALE, CLUSTER_ENV, CONTAINERFILE) for field in table],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_of_an_anyscale_job(anyscale_jobs, table: Mapping[str, Case], field: str, level: str):
    check(table[field], anyscale_jobs(table, level), LEVELS.index(level))


def check(case: Case, job: Job, level: int) -> None:
    assert case.read(job) == (case.arrived or case.values)[level]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with ray_cluster("--num-gpus=3", "--resources", '{"small": 3}') as found:
        yield found


@pytest.fixture(scope="module")
def ray_jobs(workplace: Workplace, files: None, cluster: RayCluster) -> Callable[[Mapping[str, Case], str], Job]:
    """A table's job per level."""
    runs = {
        id(RAY): Runs(workplace, "ray-job", "all-ray-fields", RAY, address=cluster.dashboard),
        id(RAY_ENVIRONMENT): Runs(workplace, "ray-job", "ray-python", RAY_ENVIRONMENT, address=cluster.dashboard),
    }
    for three in runs.values():
        three.start()

    @functools.cache
    def look(key: int, level: str) -> Job:
        try:
            job_id = job_of(workplace, runs[key][level])
        except AssertionError as failure:
            failure.add_note(cluster.end_of_logs())
            raise
        document = asked(cluster, f"/api/jobs/{job_id}")
        place = eventually(lambda: reserved(cluster, job_id)) if key == id(RAY) else {}
        return Job(document, functools.partial(ray_log, cluster, job_id), document["metadata"], {}, place)

    return lambda table, level: look(id(table), level)


def asked(cluster: RayCluster, path: str) -> Any:
    with urllib.request.urlopen(cluster.dashboard + path, timeout=60) as answer:
        return json.load(answer)


def reserved(cluster: RayCluster, job_id: str) -> Mapping[str, Any]:
    """What is reserved for a job's own process, which Ray calls the job's supervisor."""
    found = asked(cluster, "/api/v0/actors?detail=1&limit=100")["data"]["result"]["result"]
    [actor] = [actor for actor in found if actor["name"] == f"_ray_internal_job_actor_{job_id}"] or [{}]
    return dict(actor.get("required_resources") or {})


def ray_log(cluster: RayCluster, job_id: str) -> str:
    eventually(lambda: asked(cluster, f"/api/jobs/{job_id}")["status"] == "SUCCEEDED")
    return str(asked(cluster, f"/api/jobs/{job_id}/logs")["logs"])


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("table", "field"),
    [(table, field) for table in (RAY, RAY_ENVIRONMENT) for field in table],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_of_a_ray_job(ray_jobs, table: Mapping[str, Case], field: str, level: str):
    check(table[field], ray_jobs(table, level), LEVELS.index(level))
