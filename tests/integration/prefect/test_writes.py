"""Writes that a table of fields does not show: what must survive them, what happens when an answer is lost."""

import pytest
from support.prefect_bench import Wire, run, settle

from pfa_gitops.model.values import Action, Result
from pfa_gitops.platforms.prefect._runner_documents import runner_documents


def document(server, slug: str, name: str) -> dict:
    return server.get(f"/block_types/slug/{slug}/block_documents/name/{name}?include_secrets=true")


def make_document(server, slug: str, name: str, data: dict, schema_id: str | None = None) -> dict:
    block_type = server.get(f"/block_types/slug/{slug}")
    wanted = {"block_schemas": {"block_type_id": {"any_": [block_type["id"]]}}, "limit": 1}
    schema_id = schema_id or server.post("/block_schemas/filter", wanted)[0]["id"]
    body = {"name": name, "data": data, "block_type_id": block_type["id"], "block_schema_id": schema_id}
    return server.post("/block_documents/", body)


def test_secrets_that_no_manifest_names_survive_and_removed_fields_go(prefect_server):
    data = {"username": "joe", "password": "by-hand", "host": "h", "connect_args": {"a": 1}}
    made = make_document(prefect_server, "database-credentials", "by-hand", data)

    async def scenario(bench):
        spec = {"type": "database-credentials", "data": {"username": "anna", "connect_args": {"b": 2}}}
        assert await settle(bench, "Block", "by-hand", spec) is Action.UPDATE

    run(prefect_server, scenario)
    found = document(prefect_server, "database-credentials", "by-hand")
    assert found["data"] == {"username": "anna", "password": "by-hand", "connect_args": {"b": 2}}
    assert found["id"] == made["id"]
    prefect_server.delete(f"/block_documents/{made['id']}")


def test_nested_secrets_that_no_manifest_names_survive(prefect_server):
    keys = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "by-hand"}
    made = make_document(prefect_server, "s3-bucket", "nested", {"bucket_name": "a", "credentials": keys})

    async def scenario(bench):
        spec = {"type": "s3-bucket", "data": {"bucket_name": "b", "credentials": {"aws_access_key_id": "AKIB"}}}
        assert await settle(bench, "Block", "nested", spec) is Action.UPDATE

    run(prefect_server, scenario)
    found = document(prefect_server, "s3-bucket", "nested")["data"]
    assert found == {"bucket_name": "b", "credentials": {**keys, "aws_access_key_id": "AKIB"}}
    prefect_server.delete(f"/block_documents/{made['id']}")


def test_a_block_saved_from_python_with_all_its_defaults_is_no_difference(prefect_server):
    data = {"bucket_name": "a", "bucket_folder": "", "credentials": None}
    made = make_document(prefect_server, "s3-bucket", "saved", data)

    async def scenario(bench):
        assert await settle(bench, "Block", "saved", {"type": "s3-bucket", "data": {"bucket_name": "a"}}) is Action.NONE
        assert (
            await settle(bench, "Block", "saved", {"type": "s3-bucket", "data": {"bucket_name": "b"}}) is Action.UPDATE
        )

    run(prefect_server, scenario)
    assert document(prefect_server, "s3-bucket", "saved")["data"] == {**data, "bucket_name": "b"}
    prefect_server.delete(f"/block_documents/{made['id']}")


def test_infra_blocks_register_their_type_where_it_is_missing(prefect_server):
    for slug in ("anyscale-job", "ray-job"):
        prefect_server.delete(f"/block_types/{prefect_server.get(f'/block_types/slug/{slug}')['id']}")

    async def scenario(bench):
        manifests = [
            bench.manifest("InfraBlock", f"registering-{number}", {"type": "anyscale-job", "timeout_s": number})
            for number in range(4)
        ]
        plan = await bench.plan(manifests)
        assert {change.action for change in plan.changes} == {Action.CREATE}
        await bench.apply(plan)
        assert {change.action for change in (await bench.plan(manifests)).changes} == {Action.NONE}
        for manifest in manifests:
            await bench.delete(manifest)
        assert await settle(bench, "InfraBlock", "registering", {"type": "ray-job", "address": "a"}) is Action.CREATE
        assert await settle(bench, "InfraBlock", "registering", {"type": "anyscale-job"}) is Action.REPLACE

    run(prefect_server, scenario)
    found = document(prefect_server, "anyscale-job", "registering")
    expected = runner_documents()["blocks"]["anyscale-job"]
    assert found["block_schema"]["checksum"] == expected["schema"]["checksum"]
    assert found["block_type"]["name"] == expected["type"]["name"]
    assert found["data"] == {"type": "anyscale-job"}
    prefect_server.delete(f"/block_documents/{found['id']}")


def test_an_infra_block_of_an_older_schema_moves_only_when_it_is_written(prefect_server):
    async def register(bench):
        await settle(bench, "InfraBlock", "registering", {"type": "anyscale-job"})

    run(prefect_server, register)
    block_type = prefect_server.get("/block_types/slug/anyscale-job")
    fields = {"title": "Older", "block_type_slug": "anyscale-job", "secret_fields": [], "block_schema_references": {}}
    older = prefect_server.post("/block_schemas/", {"block_type_id": block_type["id"], "fields": fields})
    data = {"type": "anyscale-job", "timeout_s": 5, "gone_since": True, "cloud": {"not": "text"}}
    made = make_document(prefect_server, "anyscale-job", "older", data, older["id"])

    async def scenario(bench):
        assert await settle(bench, "InfraBlock", "older", {"type": "anyscale-job", "timeout_s": 5}) is Action.NONE
        assert document(prefect_server, "anyscale-job", "older")["block_schema_id"] == older["id"]
        later = {"type": "anyscale-job", "cloud": "lab"}
        assert await settle(bench.forgetful, "InfraBlock", "older", later) is Action.UPDATE

    run(prefect_server, scenario)
    found = document(prefect_server, "anyscale-job", "older")
    assert found["block_schema"]["checksum"] == runner_documents()["blocks"]["anyscale-job"]["schema"]["checksum"]
    assert found["data"] == {**data, "cloud": "lab"}
    prefect_server.delete(f"/block_documents/{made['id']}")
    prefect_server.delete(f"/block_schemas/{older['id']}")


@pytest.mark.parametrize("kind", ["anyscale", "docker"])
def test_a_pool_without_a_template_gets_that_of_its_type(prefect_server, kind):
    async def scenario(bench):
        assert await settle(bench, "WorkPool", f"bare {kind}", {"type": kind}) is Action.CREATE

    run(prefect_server, scenario)
    template = prefect_server.get(f"/work_pools/bare%20{kind}")["base_job_template"]
    if kind == "anyscale":
        assert template == runner_documents()["base_job_template"]
    assert set(template) == {"job_configuration", "variables"}
    prefect_server.delete(f"/work_pools/bare%20{kind}")


RETYPED = {"type": "docker", "description": "new", "queues": [{"name": "ours", "priority": 1}]}


@pytest.fixture
def retyped(prefect_server):
    """A pool of type process with settings, a queue and a deployment that no manifest names: the deployment's path."""
    pool = {"name": "retyped", "type": "process", "description": "by hand", "concurrency_limit": 7, "is_paused": True}
    prefect_server.post("/work_pools/", pool)
    prefect_server.post("/work_pools/retyped/queues", {"name": "by-hand", "priority": 5, "concurrency_limit": 2})
    flow = prefect_server.post("/flows/", {"name": "of-others"})
    deployment = {"name": "foreign", "flow_id": flow["id"], "work_pool_name": "retyped", "work_queue_name": "by-hand"}
    yield f"/deployments/{prefect_server.post('/deployments/', deployment)['id']}"
    prefect_server.delete("/work_pools/retyped")
    prefect_server.delete(f"/flows/{flow['id']}")


def test_a_pool_of_another_type_takes_over_all_that_the_manifest_does_not_name(prefect_server, retyped):
    queue = "POST /work_pools/retyped/queues"
    wire = Wire(("POST /work_pools/", queue, queue))

    async def scenario(bench):
        assert await settle(bench, "WorkPool", "retyped", RETYPED) is Action.REPLACE

    run(prefect_server, scenario, wire)
    found = prefect_server.get("/work_pools/retyped")
    kept = {name: found[name] for name in ("type", "description", "concurrency_limit", "is_paused")}
    assert kept == {"type": "docker", "description": "new", "concurrency_limit": 7, "is_paused": True}
    assert "image" in found["base_job_template"]["variables"]["properties"], "the template is the new type's"
    queues = {queue["name"]: queue for queue in prefect_server.post("/work_pools/retyped/queues/filter")}
    assert queues.keys() == {"default", "by-hand", "ours"}
    assert queues["by-hand"]["concurrency_limit"] == 2
    moved = prefect_server.get(retyped)
    assert (moved["work_pool_name"], moved["work_queue_name"]) == ("retyped", "by-hand")


def test_a_pool_that_is_replaced_in_part_tells_what_to_look_after(prefect_server, retyped):
    async def scenario(bench):
        plan = await bench.plan([bench.manifest("WorkPool", "retyped", RETYPED)])
        [outcome] = await bench.run(plan)
        return outcome

    outcome = run(prefect_server, scenario, Wire(refuse=f"PATCH {retyped}"))
    assert outcome.result is Result.FAILED
    assert "was deleted to be made again, then: " in outcome.problem.message
    assert outcome.problem.mend.endswith("its queues (by-hand, default) and its deployments (foreign)")


def test_a_replacement_that_cannot_succeed_deletes_nothing(prefect_server, retyped):
    spec = {**RETYPED, "storage_configuration": {"default_result_storage_block": "s3-bucket/missing"}}

    async def scenario(bench):
        plan = await bench.plan([bench.manifest("WorkPool", "retyped", spec)])
        [outcome] = await bench.run(plan)
        return outcome.result

    assert run(prefect_server, scenario) is Result.FAILED
    assert prefect_server.get("/work_pools/retyped")["type"] == "process"


def test_an_infra_block_of_another_type_keeps_what_both_types_have(prefect_server):
    env = {"A": "1"}

    async def scenario(bench):
        first = {"type": "anyscale-job", "env": env, "cloud": "lab", "max_retries": 2}
        assert await settle(bench, "InfraBlock", "retyped", first) is Action.CREATE
        second = {"type": "ray-job", "entrypoint_num_cpus": 2}
        assert await settle(bench.forgetful, "InfraBlock", "retyped", second) is Action.REPLACE
        found = document(prefect_server, "ray-job", "retyped")["data"]
        await bench.delete(bench.manifest("InfraBlock", "retyped", second))
        return found

    assert run(prefect_server, scenario) == {"type": "ray-job", "env": env, "entrypoint_num_cpus": 2}


def test_priorities_settle_beside_queues_that_are_not_ours(prefect_server):
    prefect_server.post("/work_pools/", {"name": "priorities", "type": "process"})
    for number, name in enumerate("abcd", start=2):
        prefect_server.post("/work_pools/priorities/queues", {"name": name, "priority": number})

    async def scenario(bench):
        wanted = [("d", 1), ("new", 2), ("a", 3), ("b", 6)]
        queues = [{"name": name, "priority": priority} for name, priority in wanted]
        assert await settle(bench, "WorkPool", "priorities", {"type": "process", "queues": queues}) is Action.UPDATE
        again = [{"name": name, "priority": 5 - place} for place, (name, _) in enumerate(wanted, start=1)]
        assert await settle(bench, "WorkPool", "priorities", {"type": "process", "queues": again}) is Action.UPDATE

    run(prefect_server, scenario)
    assert len(prefect_server.post("/work_pools/priorities/queues/filter")) == 6
    prefect_server.delete("/work_pools/priorities")


LOST = [
    ("Variable", "lost_answer", {"value": 1}, "POST /variables/"),
    ("ConcurrencyLimit", "lost-answer", {"limit": 1}, "POST /v2/concurrency_limits/"),
    ("WorkPool", "lost-answer", {"type": "process", "queues": [{"name": "q"}]}, "POST /work_pools/"),
    ("WorkPool", "lost-answer", {"type": "process", "queues": [{"name": "q"}]}, "POST /work_pools/lost-answer/queues"),
    ("Block", "lost-answer", {"type": "local-file-system", "data": {"basepath": "/a"}}, "POST /block_documents/"),
    ("InfraBlock", "lost-answer", {"type": "ray-job"}, "POST /block_documents/"),
]


@pytest.mark.parametrize(("kind", "name", "spec", "lost"), LOST)
def test_a_lost_answer_makes_nothing_twice_and_fails_nothing(prefect_server, kind, name, spec, lost):
    wire = Wire((lost,))

    async def scenario(bench):
        assert await settle(bench, kind, name, spec) is Action.CREATE
        await bench.delete(bench.manifest(kind, name, spec))

    run(prefect_server, scenario, wire)
    assert wire.lose[lost] == 0
    assert wire.sent[lost] <= 2


def test_many_objects_are_observed_in_few_requests(prefect_server):
    wire = Wire()

    async def scenario(bench):
        manifests = [
            *(bench.manifest("Variable", f"many_{number}", {"value": number}) for number in range(50)),
            *(bench.manifest("ConcurrencyLimit", f"many-{number}", {"limit": 1}) for number in range(50)),
            *(
                bench.manifest("WorkPool", f"many-{n}", {"type": "process", "queues": [{"name": "q"}]})
                for n in range(50)
            ),
            *(bench.manifest("Block", f"many-{n}", {"type": "local-file-system", "data": {}}) for n in range(50)),
            *(bench.manifest("InfraBlock", f"many-{number}", {"type": "ray-job"}) for number in range(50)),
        ]
        assert {change.action for change in (await bench.plan(manifests)).changes} == {Action.CREATE}

    run(prefect_server, scenario, wire)
    assert wire.sent.total() <= 9, wire.sent


def test_prefects_own_form_of_a_nested_block_passes_through(prefect_server):
    keys = make_document(prefect_server, "aws-credentials", "by-id", {"aws_access_key_id": "AKIA"})

    async def scenario(bench):
        nested = {"$ref": {"block_document_id": keys["id"]}}
        spec = {"type": "s3-bucket", "data": {"bucket_name": "a", "credentials": nested}}
        assert await settle(bench, "Block", "by-id-bucket", spec) is Action.CREATE
        named = "{{ prefect.blocks.aws-credentials.by-id }}"
        spec = {"type": "s3-bucket", "data": {"bucket_name": "a", "credentials": named}}
        assert await settle(bench, "Block", "by-id-bucket", spec) is Action.NONE
        await bench.delete(bench.manifest("Block", "by-id-bucket", spec))

    run(prefect_server, scenario)
    prefect_server.delete(f"/block_documents/{keys['id']}")
