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


OLDER = """\
name: shop api
cluster_env: env:1
compute_config: small
access: public
canary_percent: 20
rollout_strategy: IN_PLACE
config: {access: {use_bearer_token: false}, max_uptime_timeout_sec: 1}
ray_gcs_external_storage_config: {enable: true, address: "redis:6379", redis_certificate_path: /c}
ray_serve_config:
  import_path: main:app
  http_options: {request_timeout_s: 60}
  runtime_env:
    working_dir: .
    excludes: [data]
    upload_path: s3://bucket/x
    pip: [fastapi]
    env_vars: {LEVEL: 3, DEBUG: true}
  deployments: [{name: Model, user_config: {text: "${{ x }}"}}]
"""


def test_a_service_that_is_no_agent_becomes_a_service(service):
    done = service(OLDER.replace("canary_percent: 20\n", ""))
    assert done.specs == {
        "Service/shop api": {
            "applications": [
                {
                    "import_path": "main:app",
                    "runtime_env": {"pip": ["fastapi"], "env_vars": {"LEVEL": "3", "DEBUG": "true"}},
                    "deployments": [{"name": "Model", "user_config": {"text": '${{ "${" }}{ x }}'}}],
                }
            ],
            "working_dir": ".",
            "excludes": ["data"],
            "compute_config": "small",
            "cluster_env": "env:1",
            "http_options": {"request_timeout_s": 60},
            "ray_gcs_external_storage_config": {
                "enabled": True, "address": "redis:6379", "certificate_path": "/c",
            },
            "query_auth_token_enabled": False,
            "rollout": {"in_place": True},
        }
    }  # fmt: skip
    assert done.project == {"external": ["ComputeConfig/small"]}
    assert done.said("lost") == ["6: a Service has no `max_uptime_timeout_sec`"]
    assert [line[:3] for line in done.said("changed")] == ["16:", "16:", "14:"]


def test_a_rollout_that_anyscale_refuses_is_refused_with_its_line(service):
    assert service(OLDER).said("refused") == [
        "5: `spec.rollout` is wrong: in_place knows no canary_percent and no max_surge_percent"
    ]


NEWER = """\
name: two
image_uri: anyscale/image/x:1
compute_config: {head_node: {instance_type: m5.large}, worker_nodes: []}
env_vars: {A: b, DB_PASSWORD: hunter2}
version_name: v1
grpc_options: {service_names: [rpc]}
applications:
- {name: a, import_path: "a:app", route_prefix: /a, runtime_env: {working_dir: src, env_vars: {PREFECT_API_KEY: hunter2}}}
- {name: b, import_path: "b:app", route_prefix: /b, runtime_env: {working_dir: src}, args: {run: prefect worker start}}
"""  # noqa: E501


def test_the_newer_form_with_several_applications(service, tmp_path):
    (tmp_path / "src").mkdir()
    done = service(NEWER)
    assert done.spec == {
        "applications": [
            {"name": "a", "import_path": "a:app", "route_prefix": "/a"},
            {"name": "b", "import_path": "b:app", "route_prefix": "/b", "args": {"run": "prefect worker start"}},
        ],
        "working_dir": "src",
        "env_vars": {"A": "b", "DB_PASSWORD": "${{ env.DB_PASSWORD }}"},
        "compute_config": {"head_node": {"instance_type": "m5.large"}, "worker_nodes": []},
        "image_uri": "anyscale/image/x:1",
        "grpc_options": {"service_names": ["rpc"]},
    }
    assert done.project == {"env": ["DB_PASSWORD"]}
    assert "hunter2" not in repr(done.conversion)
    assert [line[:2] for line in done.said("lost")] == ["8:", "5:"]
    assert [line.partition(" ")[0] for line in done.said("open")] == ["9:", "4:"]
    assert "this application starts a Prefect worker" in done.said("open")[0]


def test_files_on_which_the_applications_do_not_agree_are_refused_with_their_line(service):
    [said, *_] = service(NEWER.replace("working_dir: src}, args", "working_dir: other}, args")).said("refused")
    assert said == "8: a directory of the project is uploaded for the whole service only"


def test_a_service_without_a_name_is_called_like_its_file(service):
    done = service("applications: [{import_path: 'main:app'}]")
    assert done.specs == {"Service/prefect-agent-service": {"applications": [{"import_path": "main:app"}]}}
    assert done.said("open") == ["1: the service has no name: it is called prefect-agent-service here, like its file"]


def test_an_agent_that_shares_its_service_is_refused(service):
    text = "applications: [{import_path: 'a:app'}, {import_path: 'start_anyscale_service:entrypoint'}]"
    with pytest.raises(ProblemsFound, match="one of the service's applications is an agent"):
        service(text)


@pytest.mark.parametrize("text", ["name: x", "- 1", "deployments: []", "x"])
def test_what_is_no_service_is_told(service, text):
    with pytest.raises(ProblemsFound, match="this is no service of Anyscale"):
        service(text)
