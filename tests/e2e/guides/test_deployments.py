"""docs/guides/deployments.md: code in a bucket or by pull steps, one work queue, and the five ways to start a run."""

from collections.abc import Iterator
from typing import NamedTuple

import boto3
import pytest
from moto.server import ThreadedMotoServer
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.example_project import ExampleProject
from support.prefect_server import PrefectServer

BUCKET, FOLDER = "prefect-flows", "s3-storage"
KEYS = {"S3_ACCESS_KEY_ID": "testing", "S3_SECRET_ACCESS_KEY": "testing"}


pytestmark = pytest.mark.slow  # five flow runs; the demo starts one


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 of our own with the bucket in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def project(
    endpoint: str, prefect_server: PrefectServer, emulator: AnyscaleEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExampleProject]:
    found = ExampleProject("s3-storage", tmp_path_factory.mktemp("deployments") / "project", prefect_server, emulator)
    upload(found, endpoint)
    found.apply(S3_ENDPOINT=endpoint, **KEYS)
    with found.worker("s3-flows", "--work-queue", "test"):
        yield found


def upload(project: ExampleProject, endpoint: str) -> None:
    """What `aws s3 sync flows s3://prefect-flows/s3-storage/flows` does."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=endpoint, **keys)
    client.create_bucket(Bucket=BUCKET)
    for path in (project.folder / "flows").glob("*.py"):
        client.upload_file(str(path), BUCKET, f"{FOLDER}/flows/{path.name}")
    client.close()


class Started(NamedTuple):
    """Runs by how they were started. They start together: most of their time goes into imports."""

    ui: str
    cli: str
    api: str
    other_queue: str


@pytest.fixture(scope="module")
def started(project: ExampleProject) -> Started:
    state = {"type": "SCHEDULED", "message": "Run from the Prefect UI with defaults"}
    from_storage = project.id_of("count-in-words/from-storage")
    ui = project.run(from_storage, state=state, name="from-the-ui", parameters={"highest_number": 2})
    command = ["-m", "prefect", "deployment", "run", "count-in-words/from-pull-steps"]
    project.python(*command, "--param", "highest_number=1", "--flow-run-name", "from-the-cli")
    [cli] = [run["id"] for run in project.runs_of("count-in-words/from-pull-steps") if run["name"] == "from-the-cli"]
    start = "run('count-in-words/from-storage', parameters={'highest_number': 0}, timeout=0)"
    api = project.python("-c", f"from prefect.deployments import run_deployment as run; print({start}.id)").strip()
    return Started(ui, cli, api, project.run(from_storage, work_queue_name="default"))


def said(project: ExampleProject, run_id: str, text: str) -> bool:
    return bool(eventually(lambda: text in project.logs(run_id)))


def test_a_run_starts_from_our_command_and_is_followed(project: ExampleProject, started: Started):
    done = project.commands.pfa("run", "Deployment/from-pull-steps", "--wait", **KEYS)
    assert done.returncode == 0, done.stderr
    assert "-> Completed" in done.stderr
    assert "counted to four" in done.stderr


def test_a_run_starts_from_the_ui_with_code_from_the_bucket(project: ExampleProject, started: Started):
    project.wait(started.ui, {"COMPLETED"})
    assert said(project, started.ui, "counted to two")
    assert said(project, started.ui, "Downloading flow code from storage")


def test_a_run_starts_from_prefects_command_with_code_by_pull_steps(project: ExampleProject, started: Started):
    project.wait(started.cli, {"COMPLETED"})
    assert said(project, started.cli, "counted to one")
    assert said(project, started.cli, "Running 1 deployment pull step")


def test_a_run_starts_from_python(project: ExampleProject, started: Started):
    project.wait(started.api, {"COMPLETED"})
    assert said(project, started.api, "counted to zero")


def test_a_run_starts_by_schedule(project: ExampleProject):
    deployment = "count-in-words/by-schedule"
    try:
        ended = eventually(
            lambda: [run for run in project.runs_of(deployment) if run["state_type"] == "COMPLETED"], timeout_s=300
        )
    finally:
        project.server.patch(f"/deployments/{project.id_of(deployment)}", {"paused": True})
    assert ended[0]["auto_scheduled"]
    assert said(project, ended[0]["id"], "counted to five")


def test_a_run_of_another_queue_is_left_alone(project: ExampleProject, started: Started):
    assert project.flow_run(started.other_queue)["work_queue_name"] == "default"
    assert project.state(started.other_queue) == "SCHEDULED"
    project.server.delete(f"/flow_runs/{started.other_queue}")
