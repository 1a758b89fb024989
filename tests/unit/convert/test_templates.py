import pytest

BUILD = """\
build:
- prefect.deployments.steps.run_shell_script: {id: commit, script: git rev-parse --short HEAD}
- prefect.deployments.steps.run_shell_script: {id: date, script: date}
- prefect_docker.deployments.steps.build_docker_image: {id: img, image_name: r/i, tag: "v-{{ commit.stdout }}"}
push:
- prefect_docker.deployments.steps.push_docker_image: {image_name: "{{ img.image_name }}", tag: "{{ img.tag }}"}
"""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("{{ img.image_name }}:{{ img.tag }}", "r/i:v-${{ git.short_commit }}"),
        ("{{ img.image }}", "r/i:v-${{ git.short_commit }}"),
        ("{{commit.stdout}}", "${{ git.short_commit }}"),
        ("{{ date.stdout }}", "${{ env.DATE_STDOUT }}"),
        ("{{ img.image_id }}", "${{ env.IMG_IMAGE_ID }}"),
        ("{{ $HOME_DIR }}/x", "${{ env.HOME_DIR }}/x"),
        ("a {{ prefect.blocks.secret.s }}", "a {{ prefect.blocks.secret.s }}"),
        ("{{ prefect.variables.v }}", "{{ prefect.variables.v }}"),
        ("{{ ctx.flow_run.name }}", "{{ ctx.flow_run.name }}"),
        ("a {{ nobody.knows }} b", "a  b"),
        ("{{ not a placeholder }}", "{{ not a placeholder }}"),
        ("${{ github.a b }}", '${{ "${" }}{ github.a b }}'),
        ("${{ github.sha }}", "$"),  # as Prefect would leave it
        ("echo ${#a[@]} ${x}", 'echo ${{ "${" }}#a[@]} ${x}'),
        ("${{ prefect.variables.v }}", '${{ "${" }}{ prefect.variables.v }}'),
    ],
)
def test_placeholders_in_job_variables(deployment, written, read):
    done = deployment(f"work_pool: {{name: w, job_variables: {{x: '{written}'}}}}", BUILD)
    assert done.spec["job_variables"] == {"x": read}


def test_what_nothing_fills_in_is_left_out_and_told(deployment):
    done = deployment("version: '{{ image.tag }}'\ntags: ['{{ img.nope }}', a]", BUILD)
    assert "version" not in done.spec
    assert done.spec["tags"] == ["${{ env.IMG_NOPE }}", "a"]
    assert done.said("lost")[0].startswith("7: {{ image.tag }} names no build or push step")


def test_where_nobody_fills_in_later_a_variable_is_the_projects(deployment):
    done = deployment("parameters: {a: '{{ prefect.variables.day }}', b: '{{ prefect.blocks.secret.s }}'}")
    assert done.spec["parameters"] == {"a": "${{ vars.day }}"}
    assert done.project["vars"] == {"day": "FILL_IN"}
    assert any("vars.day" in line for line in done.said("open"))
    assert any("prefect.blocks.secret.s" in line for line in done.said("lost"))


def test_pull_steps_keep_what_the_worker_fills_in(converted):
    step = "prefect.deployments.steps.set_working_directory"
    text = (
        f"pull: [{{{step}: {{directory: '{{{{ clone.directory }}}}/{{{{ prefect.variables.v }}}}/{{{{ $D }}}}'}}}}]\n"
    )
    done = converted(f"{text}deployments: [{{name: d, entrypoint: 'f.py:f', work_pool: {{name: w}}}}]\n")
    assert done.spec["pull_steps"] == [
        {step: {"directory": "{{ clone.directory }}/{{ prefect.variables.v }}/${{ env.D }}"}}
    ]


def test_a_secret_that_the_environment_gives_is_told(deployment):
    done = deployment("work_pool: {name: w, job_variables: {env: {K: '{{ $API_KEY }}'}}}")
    assert any("API_KEY looks like a secret" in line for line in done.said("open"))


def test_steps_are_told_once_for_all_deployments(converted):
    done = converted(
        f"{BUILD}pull: []\ndeployments:\n"
        "- {name: a, entrypoint: 'f.py:f', work_pool: {name: w}}\n"
        "- {name: b, entrypoint: 'f.py:f', work_pool: {name: w}}\n"
    )
    assert [line for line in done.said("open") if "image" in line] == [
        "4: the build step builds the image r/i; apply does not",
        "6: the push step pushes an image; apply does not",
    ]
    assert any("git rev-parse" in line for line in done.said("changed"))


def test_outputs_that_multiply_are_bounded(deployment):
    steps = ["build:", "- x.build_docker_image: {id: s0, image_name: aaaaaaaaaa, tag: a}"]
    for number in range(1, 30):
        name = "{{ s" + str(number - 1) + ".image_name }}"
        steps.append(f"- x.build_docker_image: {{id: s{number}, image_name: '{name}{name}', tag: a}}")
    done = deployment("version: '{{ s29.image_name }}'", "\n".join(steps) + "\n")
    assert "version" not in done.spec
    assert any("make more than 1,000,000 characters" in line for line in done.said("lost"))


def test_a_steps_output_that_names_itself_ends(deployment):
    build = "build:\n- x.build_docker_image: {id: i, image_name: '{{ i.image_name }}', tag: a}\n"
    assert deployment("version: '{{ i.image_name }}'", build).spec.get("version") is None
