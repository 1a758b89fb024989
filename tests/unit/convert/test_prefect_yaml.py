import textwrap

import pytest

from pfa_gitops.model.errors import ProblemsFound

FLOW = '''
from prefect import flow

@flow(name="Named")
def my_flow(a: int = 1):
    """Does it."""
'''


def test_what_a_deployment_says_becomes_a_manifest(converted):
    done = converted(
        textwrap.dedent("""\
        name: shop
        prefect-version: 3.1.0
        pull:
        - prefect.deployments.steps.git_clone: {id: clone, repository: "https://example.com/r.git"}
        - prefect.deployments.steps.run_shell_script: {script: ls, directory: "{{ clone.directory }}"}
        deployments:
        - name: daily
          version: null
          tags: [a, 2025]
          description: Does it
          entrypoint: flows/a.py:my_flow
          parameters: {days: 7}
          enforce_parameter_schema: false
          paused: true
          concurrency_limit: {limit: 1, collision_strategy: CANCEL_NEW}
          work_pool: {name: pool, work_queue_name: fast, job_variables: {image: "i:1", env: {A: b}}}
          schedules: [{cron: "0 3 * * *", timezone: Europe/Berlin}]
        """)
    )
    assert done.specs == {
        "Deployment/daily": {
            "entrypoint": "flows/a.py:my_flow",
            "flow_name": "my-flow",
            "work_pool": "pool",
            "work_queue": "fast",
            "job_variables": {"image": "i:1", "env": {"A": "b"}},
            "pull_steps": [
                {"prefect.deployments.steps.git_clone": {"id": "clone", "repository": "https://example.com/r.git"}},
                {"prefect.deployments.steps.run_shell_script": {"script": "ls", "directory": "{{ clone.directory }}"}},
            ],
            "parameters": {"days": 7},
            "enforce_parameter_schema": False,
            "schedules": [{"cron": "0 3 * * *", "timezone": "Europe/Berlin"}],
            "tags": ["a", "2025"],
            "description": "Does it",
            "paused": True,
            "concurrency_limit": {"limit": 1, "collision_strategy": "CANCEL_NEW"},
        }
    }
    assert done.project == {"external": ["WorkPool/pool"]}
    assert done.conversion.project["metadata"] == {"name": "shop"}
    assert [line[:3] for line in done.said("open")] == ["11:"]
    assert [*done.said("lost"), *done.said("changed"), *done.said("refused")] == []


def test_anchors_and_merge_keys_are_written_out(converted):
    done = converted(
        textwrap.dedent("""\
        definitions:
          pool: &pool {name: w, work_queue_name: q}
        base: &base {work_pool: *pool, entrypoint: "f.py:my_flow", pull: [], tags: [x]}
        deployments:
        - {<<: *base, name: one}
        - {<<: *base, name: two, tags: [y]}
        """)
    )
    assert [spec["tags"] for spec in done.specs.values()] == [["x"], ["y"]]
    assert [spec["work_queue"] for spec in done.specs.values()] == ["q", "q"]
    assert done.said("lost") == []


def test_what_stands_at_the_top_for_nothing_is_told(converted):
    done = converted(
        "definitions: {used: &used w, nothing: {a: 1}}\nvariables: {x: 1}\nother: {b: 2}\n"
        "deployments: [{name: d, entrypoint: 'f.py:f', pull: [], work_pool: {name: *used}}]\n"
    )
    assert [line[:2] for line in done.said("lost")] == ["2:", "3:"]


def test_a_key_that_stands_twice_counts_as_it_does_for_prefect_and_is_told(deployment):
    done = deployment("tags: [a]\ntags: [b]")
    assert done.spec["tags"] == ["b"]
    assert done.said("lost") == ["7: the key `tags` stands twice; the one in line 8 counts"]


def test_names_that_several_flows_share_become_unique_and_stay_on_the_platform(converted):
    done = converted(
        "deployments:\n"
        "- {name: prod, entrypoint: 'a.py:one', pull: [], work_pool: {name: w}}\n"
        "- {name: prod, entrypoint: 'a.py:two', pull: [], work_pool: {name: w}}\n"
    )
    assert list(done.specs) == ["Deployment/prod", "Deployment/two-prod"]
    assert done.specs["Deployment/two-prod"]["name"] == "prod"


def test_the_flow_is_named_by_its_source_and_the_project_that_holds_it_needs_no_name(deployment, tmp_path):
    (tmp_path / "f.py").write_text(FLOW)
    done = deployment("description: null")
    assert "flow_name" not in done.spec
    assert "description" not in done.spec
    assert done.said("open") == []


def test_a_project_elsewhere_gets_the_flows_name_and_description(converted, tmp_path):
    (tmp_path / "f.py").write_text(FLOW)
    output = tmp_path / "out"
    output.mkdir()
    text = "deployments: [{name: d, entrypoint: 'f.py:my_flow', pull: [], work_pool: {name: w}}]"
    done = converted(text, output=output)
    assert (done.spec["flow_name"], done.spec["description"]) == ("Named", "Does it.")
    [said] = done.said("open")
    assert "the flow's source is not in the project's folder" in said


def test_a_source_is_looked_for_up_to_the_checkouts_root(converted, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "f.py").write_text(FLOW)
    text = "deployments: [{name: d, entrypoint: 'f.py:my_flow', pull: [], work_pool: {name: w}}]"
    assert "flow_name" not in converted(text, file="pipelines/prefect.yaml").spec
    done = converted(text, file="pipelines/prefect.yaml", output=tmp_path / "pipelines")
    assert done.spec["flow_name"] == "Named"


def test_a_source_without_the_flow_is_told_as_what_it_is(converted, tmp_path):
    (tmp_path / "f.py").write_text("def my_flow(): ...\n")
    text = "deployments: [{name: d, entrypoint: 'f.py:my_flow', pull: [], work_pool: {name: w}}]"
    assert converted(text).said("refused") == ["1: my_flow in f.py is not a flow"]
    output = tmp_path / "out"
    output.mkdir()
    [said] = converted(text, output=output).said("open")
    assert said == "1: my_flow in f.py is not a flow: `flow_name: my-flow` is made of the function's name"


def test_two_deployments_of_one_flow_and_name_are_one_for_prefect_and_the_second_is_refused(converted):
    line = "- {name: d, entrypoint: 'f.py:f', pull: [], work_pool: {name: w}}\n"
    done = converted(f"deployments:\n{line}{line}")
    assert list(done.specs) == ["Deployment/d"]
    assert done.said("refused")[0].startswith("3: Deployment/f-d and Deployment/d are the same Deployment `f/d`")


def test_without_the_source_the_flows_name_is_a_guess_and_told(deployment):
    assert deployment("").spec["flow_name"] == "my-flow"
    done = deployment("flow_name: Mine")
    assert done.spec["flow_name"] == "Mine"
    assert done.said("open") == ["5: f.py is not here: `flow_name: Mine` is taken from the file"]


def test_what_prefect_deploy_passes_over_is_not_carried_over_and_told(deployment):
    done = deployment("job_variables: {a: 1}\nlogging: {level: DEBUG}\nstorage: {block: x}\nversion_type: git")
    assert set(done.spec) == {"entrypoint", "flow_name", "work_pool", "pull_steps"}
    assert [line[:2] for line in done.said("lost")] == ["7:", "8:", "9:", "10"]


def test_keys_of_prefect_2_are_carried_over_and_told(deployment):
    done = deployment("infra_overrides: {image: i, env.A: b}\nis_schedule_active: false")
    assert done.spec["job_variables"] == {"image": "i", "env": {"A": "b"}}
    assert done.spec["paused"] is True
    assert [line[:2] for line in done.said("changed")] == ["7:", "8:"]


def test_a_deployment_yaml_of_prefect_2_is_one_deployment(converted):
    done = converted(
        textwrap.dedent("""\
        name: old
        description: It
        version: abc
        work_queue_name: test
        work_pool_name: pool
        tags: []
        parameters: {a: 1}
        schedule: {cron: 0 3 * * *, timezone: Europe/Berlin, day_or: true}
        is_schedule_active: true
        infra_overrides: {env.A: b}
        flow_name: my-flow
        manifest_path: null
        infrastructure: {type: kubernetes-job, image: i, block_type_slug: kubernetes-job}
        storage: {bucket_path: b/p, _block_type_slug: s3, _block_document_name: code}
        path: sub
        entrypoint: f.py:my_flow
        parameter_openapi_schema: {title: Parameters, type: object, properties: {a: {}}}
        timestamp: "2023-01-01T00:00:00"
        """)
    )
    assert done.spec == {
        "entrypoint": "f.py:my_flow",
        "flow_name": "my-flow",
        "work_pool": "pool",
        "work_queue": "test",
        "job_variables": {"env": {"A": "b"}},
        "storage": {"block": "s3-bucket/code"},
        "path": "sub",
        "parameter_openapi_schema": {"title": "Parameters", "type": "object", "properties": {"a": {}}},
        "parameters": {"a": 1},
        "schedules": [{"cron": "0 3 * * *", "timezone": "Europe/Berlin"}],
        "description": "It",
        "version": "abc",
    }
    assert any(line.startswith("13: the infrastructure") for line in done.said("lost"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("- {entrypoint: 'a.py:f'}", "a deployment without a name: `prefect deploy` passes over it"),
        ("- {name: d}", "the deployment d names no entrypoint, so that nobody knows its flow"),
        ("- text", "a deployment is a mapping"),
        ("- {name: a/b, entrypoint: 'a.py:f', pull: []}", "Prefect does not take the name 'a/b'"),
        ("- {name: d, entrypoint: 'a.py:f', pull: [], schedules: [{cron: x}]}", "the cron expression cannot be read"),
        ("- {name: d, entrypoint: 'a.py:f', pull: [], concurrency_limit: many}", "must be a mapping"),
    ],
)
def test_what_prefect_would_refuse_is_refused_with_its_line(converted, fields, said):
    done = converted(f"deployments:\n{fields}\n")
    assert done.specs == {}
    [found] = done.said("refused")
    assert found.startswith("2: ")
    assert said in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("a: [", "YAML error"),
        ("[1]", "this is no prefect.yaml"),
        ("name: x", "the file has no deployments"),
        ("deployments: {a: 1}", "`deployments` is no list"),
        ("a: &a [*a]", "stands inside of what it names"),
    ],
)
def test_what_is_no_prefect_yaml_is_told(converted, text, said):
    with pytest.raises(ProblemsFound, match=said):
        converted(text)


def test_without_pull_steps_the_code_is_where_prefect_deploy_would_look(converted):
    text = "deployments: [{name: d, entrypoint: 'f.py:f', work_pool: {name: w, job_variables: {image: i}}}]\n"
    directory = "prefect.deployments.steps.set_working_directory"
    assert converted(text).spec["pull_steps"] == [{directory: {"directory": "/opt/prefect"}}]
    without_image = text.replace("image: i", "")
    done = converted(without_image)
    assert done.spec["pull_steps"] == [{directory: {"directory": "${{ project.directory }}"}}]
    assert done.said("changed") == [
        "1: no pull steps: `prefect deploy` has runs look for the code in the folder that it was called in"
    ]


@pytest.mark.parametrize(
    ("dockerfile", "steps"),
    [("auto", "/opt/prefect/${{ project.directory.split('/') | last }}"), ("Dockerfile", None)],
)
def test_an_image_that_is_built_has_the_code(converted, dockerfile, steps):
    done = converted(
        f"build: [{{a.build_docker_image: {{image_name: i, tag: t, dockerfile: {dockerfile}}}}}]\n"
        "deployments: [{name: d, entrypoint: 'f.py:f', work_pool: {name: w}}]\n"
    )
    directory = "prefect.deployments.steps.set_working_directory"
    assert done.spec["pull_steps"] == ([{directory: {"directory": steps}}] if steps else [])


def test_a_deployment_without_a_pool_is_converted_and_told(converted):
    done = converted("deployments: [{name: d, entrypoint: 'f.py:f', pull: []}]")
    assert "work_pool" not in done.spec
    assert any("no work pool is named" in line for line in done.said("open"))


def test_a_secret_in_clear_is_not_copied(deployment):
    done = deployment('work_pool: {name: w, job_variables: {env: {API_KEY: hunter2, DB: "pg://u:hunter2@h/d", A: b}}}')
    assert done.spec["job_variables"]["env"] == {"API_KEY": "${{ env.API_KEY }}", "DB": "${{ env.DB }}", "A": "b"}
    assert done.project["env"] == ["API_KEY", "DB"]
    assert "hunter2" not in repr(done.conversion)
    assert len(done.said("open")) == 3


def test_each_secret_gets_a_variable_of_its_own(converted):
    step = "prefect.deployments.steps.git_clone"
    done = converted(
        f"pull: [{{{step}: {{repository: 'https://u:hunter1@example.com/r', access_token: hunter2}}}}]\n"
        "deployments:\n"
        "- {name: a, entrypoint: 'f.py:f', work_pool: {name: w}, parameters: {access_token: hunter3}}\n"
    )
    assert done.spec["pull_steps"] == [
        {step: {"repository": "${{ env.REPOSITORY }}", "access_token": "${{ env.ACCESS_TOKEN }}"}}
    ]
    assert done.spec["parameters"] == {"access_token": "${{ env.ACCESS_TOKEN_2 }}"}
    assert done.project["env"] == ["ACCESS_TOKEN", "ACCESS_TOKEN_2", "REPOSITORY"]
    assert "hunter" not in repr(done.conversion)
