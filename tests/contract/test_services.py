"""Services through the real SDK: they really run under Ray Serve, which takes half a minute to come up."""

import urllib.error
import urllib.request

import pytest
from support.anyscale_emulator import eventually

APP = """
import os
from ray import serve
from starlette.requests import Request

@serve.deployment
class Echo:
    def __init__(self, word):
        self.word = word

    async def __call__(self, request: Request) -> str:
        return f"{self.word} {os.environ.get('WHO')}"

    def check_health(self):
        if os.path.exists(os.environ.get("ILL", "/nonexistent")):
            raise RuntimeError("told to be ill")

def build(args):
    return Echo.bind(args["word"])
"""


@pytest.fixture
def service(sdk, tmp_path):
    """A service's config; the application says ``word`` and what WHO is."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "echo_app.py").write_text(APP)

    def make(name, word="hello", import_path="echo_app:build", **values):
        application = {"import_path": import_path, "args": {"word": word}}
        env = {"WHO": "world", "ILL": str(tmp_path / "ill")}
        return sdk.service.models.ServiceConfig(
            name=name, applications=[application], working_dir=str(tmp_path / "app"), env_vars=env, **values
        )

    return make


@pytest.fixture
def reaches(sdk):
    """Wait until a service is in a state."""

    def wait(name, state, timeout_s=240):
        eventually(lambda: sdk.service.status(name).state == state, timeout_s, pause_s=0.3)

    return wait


@pytest.fixture
def gone(sdk):
    """Terminate a service and wait until it is."""

    def terminate(name):
        sdk.service.terminate(name=name)
        eventually(lambda: sdk.service.status(name).state == "TERMINATED")

    return terminate


def said(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


@pytest.mark.slow  # Ray takes its time; the demo has a service each time
def test_a_service_comes_up_answers_is_updated_in_place_and_ends(sdk, emulator, service, reaches, gone):
    service_id = sdk.service.deploy(service("echo", tags={"team": "ml"}))
    reaches("echo", "RUNNING")
    status = sdk.service.status("echo")
    assert said(status.query_url) == "hello world"
    config = status.primary_version.config
    assert config.applications[0]["runtime_env"]["env_vars"]["WHO"] == "world"
    assert config.applications[0]["runtime_env"]["working_dir"].startswith("s3://emulator-bucket/")
    assert sdk.service.list_tags(id=service_id) == {"team": "ml"}

    sdk.service.deploy(service("echo", word="changed"), in_place=True)
    reaches("echo", "RUNNING")
    assert said(status.query_url) == "changed world"
    kept = emulator.service(service_id)
    assert kept["transitions"] == ["STARTING", "RUNNING", "UPDATING", "RUNNING"]
    assert len(kept["versions"]) == 1

    pid = kept["versions"][0]["pid"]
    gone("echo")
    assert not processes_of(kept["versions"][0]["id"])
    assert pid
    with pytest.raises(urllib.error.URLError):
        said(status.query_url)
    with pytest.raises(RuntimeError, match="terminated"):
        sdk.service.deploy(service("echo"), in_place=True)


def test_what_the_api_says_of_services_that_only_begin(sdk, service, gone):
    """Deployed and terminated at once: what is looked at here needs no running Ray."""
    ids = {}
    for name in ("begin-a", "begin-b"):
        ids[name] = sdk.service.deploy(service(name, tags={"name": name}))
        gone(name)
    names = [item.name for item in sdk.service.list(page_size=1)]
    assert [name for name in names if name.startswith("begin-")] == ["begin-b", "begin-a"]
    assert [item.name for item in sdk.service.list(tags_filter={"name": ["begin-a"]})] == ["begin-a"]
    assert [item.name for item in sdk.service.list(name="begin-", state_filter=["RUNNING"])] == []
    sdk.service.archive(name="begin-a")
    assert [item.name for item in sdk.service.list(name="begin-")] == ["begin-b"]
    sdk.service.delete(name="begin-a")
    sdk.service.delete(id=ids["begin-b"])
    with pytest.raises(RuntimeError, match="not found"):
        sdk.service.status("begin-b")


@pytest.mark.slow
def test_a_rollout_canary_rollback_and_a_version_that_never_comes_up(sdk, emulator, service, reaches, gone):
    service_id = sdk.service.deploy(service("rolled", "one"))
    reaches("rolled", "RUNNING")
    url = sdk.service.status("rolled").query_url

    sdk.service.deploy(service("rolled", "two"), canary_percent=50)
    with pytest.raises(ValueError, match="in progress"):
        sdk.service.deploy(service("rolled", "three"))
    eventually(lambda: (found := sdk.service.status("rolled").canary_version) and found.weight == 50, 240)
    assert {said(url) for _ in range(40)} == {"one world", "two world"}
    sdk.service.rollback(name="rolled")
    reaches("rolled", "RUNNING")
    eventually(lambda: {said(url) for _ in range(10)} == {"one world"})

    sdk.service.deploy(service("rolled", "four"))
    reaches("rolled", "RUNNING")
    assert said(url) == "four world"

    sdk.service.deploy(service("rolled", import_path="echo_app:missing"))
    eventually(lambda: emulator.service(service_id)["versions"][-1]["current_state"] == "SYSTEM_FAILURE", 240)
    assert sdk.service.status("rolled").state == "ROLLING_OUT"
    assert said(url) == "four world"
    sdk.service.rollback(name="rolled")
    reaches("rolled", "RUNNING")
    gone("rolled")


@pytest.mark.slow
def test_a_service_that_falls_ill_and_recovers_and_a_killed_emulator(sdk, emulator, service, reaches, tmp_path):
    service_id = sdk.service.deploy(service("ill"))
    reaches("ill", "RUNNING")
    (tmp_path / "ill").touch()
    reaches("ill", "UNHEALTHY")
    (tmp_path / "ill").unlink()
    reaches("ill", "RUNNING")
    url, before = sdk.service.status("ill").query_url, emulator.service(service_id)["versions"][0]["pid"]
    emulator.kill()
    emulator.start()
    reaches("ill", "RUNNING")
    assert emulator.service(service_id)["versions"][0]["pid"] == before
    assert said(url) == "hello world"
    emulator.restart()
    reaches("ill", "RUNNING")
    assert emulator.service(service_id)["versions"][0]["pid"] != before
    sdk.service.terminate(name="ill")
    reaches("ill", "TERMINATED")


@pytest.mark.slow
def test_a_service_that_never_comes_up(sdk, service, reaches, gone):
    sdk.service.deploy(service("broken", import_path="no_such_module:app"))
    reaches("broken", "SYSTEM_FAILURE")
    gone("broken")


def processes_of(version_id):
    from pfa_gitops.emulator.process import MARK  # noqa: PLC0415 - the mark is the emulator's own affair
    from pfa_gitops.processes.ending import marked  # noqa: PLC0415 - the same

    return marked(MARK, version_id)
