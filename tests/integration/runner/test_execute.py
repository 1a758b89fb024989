"""`python -m pfa_gitops.runner.execute`, the job's first process: it fetches secrets, or says why it cannot."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import boto3
import pytest
from moto.server import ThreadedMotoServer
from support.prefect_server import PrefectServer

SHOW = "import json, os; print(json.dumps([os.environ.get(n) for n in ('KEY', 'OTHER', 'PFA_GITOPS_SECRET_ENV')]))"


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """The variables that lead boto3 to an AWS of our own, with one secret in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    client = boto3.client(
        "secretsmanager",
        region_name="us-west-2",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_secret(Name="prefect-api-key", SecretString="pnu_from-aws")
    yield variables
    client.close()
    server.stop()


def execute(references: object, variables: Mapping[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    text = references if isinstance(references, str) else json.dumps(references)
    return subprocess.run(
        [sys.executable, "-m", "pfa_gitops.runner.execute", *command],
        env={**os.environ, **variables, "PFA_GITOPS_SECRET_ENV": text},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def shown(references: object, variables: Mapping[str, str]) -> list[str | None]:
    done = execute(references, variables, "--", sys.executable, "-c", SHOW)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def from_aws(name: str) -> dict[str, object]:
    return {"from_aws_secret": {"id": name, "region": "us-west-2"}}


def test_a_secret_comes_from_aws_and_the_references_are_gone(aws: Mapping[str, str]):
    found = shown({"KEY": from_aws("prefect-api-key"), "OTHER": {"from_env": "PLAIN"}}, {**aws, "PLAIN": "2"})
    assert found == ["pnu_from-aws", "2", None]


def test_a_secret_that_is_not_there_is_one_line_and_exit_code_1(aws: Mapping[str, str]):
    done = execute({"KEY": from_aws("no-such-secret")}, aws, "--", "true")
    assert done.returncode == 1
    assert done.stderr.startswith("the AWS secret no-such-secret cannot be read: ResourceNotFoundException.")
    assert len(done.stderr.splitlines()) == 1


def test_what_are_no_references_is_one_line_too():
    done = execute("not json", {}, "--", "true")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_a_command_that_is_not_there_is_one_line_too():
    done = execute({}, {}, "--", "/no/such/command")
    assert (done.returncode, done.stderr) == (1, "/no/such/command cannot be started: No such file or directory\n")


def test_a_secret_comes_from_a_prefect_block(prefect_server: PrefectServer):
    kind = prefect_server.get("/block_types/slug/secret")
    schemas = prefect_server.post("/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}})
    document = {"name": "runner-secret", "block_type_id": kind["id"], "block_schema_id": schemas[0]["id"]}
    prefect_server.post("/block_documents/", {**document, "data": {"value": "from-prefect"}})
    references = {"KEY": {"from_prefect_block": "secret/runner-secret"}}
    assert shown(references, prefect_server.environment) == ["from-prefect", None, None]
    done = execute({"KEY": {"from_prefect_block": "secret/nope"}}, prefect_server.environment, "--", "true")
    assert done.returncode == 1
    assert "the Prefect block secret/nope cannot be read: it is not there." in done.stderr


RUN = {"PREFECT__FLOW_RUN_ID": "2f0c1bfc-6b7c-4f3e-9c39-0d9a1d1ff6f1"}
PAGE = f"runs/flow-run/{RUN['PREFECT__FLOW_RUN_ID']}"


def test_the_first_line_of_the_log_is_the_runs_page_also_when_a_secret_is_missing():
    variables = {**RUN, "PREFECT_API_URL": "http://127.0.0.1:4200/api"}
    assert execute({}, variables, "--", "echo", "flow").stdout == f"Flow run: http://127.0.0.1:4200/{PAGE}\nflow\n"
    failed = execute({"KEY": {"from_env": "NOT_THERE"}}, variables, "--", "echo", "flow")
    assert failed.stdout == f"Flow run: http://127.0.0.1:4200/{PAGE}\n"
    assert failed.returncode == 1


def test_a_servers_address_that_is_a_secret_is_shown_without_its_login():
    variables = {**RUN, "HIDDEN": "https://ada:word@prefect.example.com/api"}
    done = execute({"PREFECT_API_URL": {"from_env": "HIDDEN"}}, variables, "--", "echo", "flow")
    assert done.stdout == f"Flow run: https://prefect.example.com/{PAGE}\nflow\n"


def test_the_flows_process_knows_rays_hook_and_the_one_before():
    show = ("--", "bash", "-c", "echo $RAY_RUNTIME_ENV_HOOK $PFA_GITOPS_NEXT_RUNTIME_ENV_HOOK")
    own = "pfa_gitops.runner.runtime_env.send_working_dir"
    assert execute({}, {}, *show).stdout == f"{own}\n"
    assert execute({}, {"RAY_RUNTIME_ENV_HOOK": "anyscale.hook"}, *show).stdout == f"{own} anyscale.hook\n"
    assert execute({}, {"RAY_RUNTIME_ENV_HOOK": ""}, *show).stdout == "\n"
