import pytest

from pfa_gitops.convert.service import service_reader
from pfa_gitops.model.errors import ProblemsFound

README = """\
name: prefect-agent
ray_serve_config:
  import_path: start_anyscale_service:entrypoint
  runtime_env:
    env_vars:
      PREFECT_API_URL: "https://api.prefect.cloud/api/accounts/..."
      PREFECT_API_KEY: "hunter2"
      ANYSCALE_PREFECT_QUEUE: test
    pip: ["prefect-anyscale"]
    working_dir: https://github.com/anyscale/prefect-anyscale/archive/refs/tags/v0.2.1.zip
"""
URL = "https://api.prefect.cloud/api/accounts/..."


@pytest.fixture
def service(converted):
    return lambda text: converted(text, service_reader("flows"), "prefect-agent-service.yaml")


def test_the_readmes_service_becomes_an_agent_and_its_pool(service):
    done = service(README)
    assert done.specs == {
        "WorkPool/flows": {"type": "anyscale", "queues": [{"name": "test"}]},
        "Agent/prefect-agent": {
            "work_pool": "flows",
            "work_queues": ["test"],
            "prefect": {
                "api_url": URL,
                "api_key": {"from_aws_secret": {"id": "prefect-api-key", "region": "FILL_IN"}},
            },
        },
    }
    assert "hunter2" not in repr(done.conversion)
    assert done.said("open") == [
        "7: PREFECT_API_KEY stands in the service's definition in clear; its text is not copied"
    ]
    assert [line[:3] for line in done.said("changed")] == ["9: ", "10:", "1: "]


def test_a_key_in_aws_stays_there(service):
    text = README.replace(
        'PREFECT_API_KEY: "hunter2"', "ANYSCALE_PREFECT_AWS_SECRET_ID: k\n      ANYSCALE_PREFECT_AWS_REGION: r"
    )
    assert service(text).specs["Agent/prefect-agent"]["prefect"]["api_key"] == {
        "from_aws_secret": {"id": "k", "region": "r"}
    }


def test_the_newer_form_of_a_service(service):
    done = service(f"""\
name: agent
image_uri: anyscale/image/x:1
compute_config: cc
cloud: c
tags: {{team: ml}}
requirements: [prefect-anyscale==0.2.1, pandas]
working_dir: .
env_vars: {{PREFECT_API_URL: "{URL}", LEVEL: 3, DB_PASSWORD: hunter2}}
grpc_options: {{port: 1}}
applications: [{{import_path: "start_anyscale_service:entrypoint", num_replicas: 1}}]
""")
    spec = done.specs["Agent/agent"]
    assert spec["env"] == {"LEVEL": "3", "DB_PASSWORD": {"from_env": "DB_PASSWORD"}}
    assert spec["requirements"] == ["pandas"]
    kept = {"image_uri": "anyscale/image/x:1", "compute_config": "cc", "cloud": "c", "working_dir": "."}
    assert kept.items() <= spec.items()
    assert done.project == {"external": ["ComputeConfig/cc"]}
    assert "hunter2" not in repr(done.conversion)
    assert done.said("lost") == ["9: an Agent has no `grpc_options`"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nray_serve_config: {import_path: 'main:app'}", "serves main:app, which is no agent"),
        ("name: x", "has no import_path"),
        ("- 1", "has no import_path"),
    ],
)
def test_another_service_is_refused(service, text, said):
    with pytest.raises(ProblemsFound, match=said):
        service(text)
