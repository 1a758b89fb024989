"""Whether a deployment's runs will start: in plan as after apply, in status as it is. Real Prefect, the emulator.

No worker runs: the tests say to Prefect what one would.
"""

import pytest
from support.anyscale_emulator import AnyscaleEmulator, eventually
from support.commands import Workdir

PROJECT = """apiVersion: pfa-gitops/v1
kind: Project
metadata: {name: NAME}
spec: {external: [WorkPool/*, ComputeConfig/*]}
"""
POOL = """apiVersion: pfa-gitops/v1
kind: WorkPool
metadata: {name: wr-pool}
spec: {type: anyscale, queues: [{name: fast, priority: 1}, {name: slow, priority: 2}]}
---
apiVersion: pfa-gitops/v1
kind: ComputeConfig
metadata: {name: wr-compute}
spec: {head_node: {instance_type: m5.2xlarge}}
---
apiVersion: pfa-gitops/v1
kind: Agent
metadata: {name: wr-agent}
spec:
  {work_pool: wr-pool, work_queues: [fast], compute_config: wr-compute, prefect: {api_url: "http://127.0.0.1:9/api"}}
---
apiVersion: pfa-gitops/v1
kind: InfraBlock
metadata: {name: wr-infra}
spec: {type: anyscale-job, compute_config: wr-compute, env: {TOKEN: {from_prefect_block: secret/wr-token}}}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: wr-fast}
spec:
  {flow_name: wr-flow, entrypoint: f.py:f, path: /code, work_pool: wr-pool, work_queue: fast, infra_block: wr-infra}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: wr-slow}
spec: {flow_name: wr-flow, entrypoint: f.py:f, path: /code, work_pool: wr-pool, work_queue: slow}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: wr-nowhere}
spec: {flow_name: wr-flow, entrypoint: f.py:f, path: /code}
"""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    server = AnyscaleEmulator(tmp_path_factory.mktemp("quiet") / "data", "--no-run-services").start()
    yield server
    server.stop()


def started(folder, name, *environments):
    variables = {key: value for one in environments for key, value in one.items()}
    made = Workdir(folder, {"HOME": str(folder), **variables})
    made.write("pfa-gitops.yaml", PROJECT.replace("NAME", name))
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory, prefect_server, quiet):
    made = started(tmp_path_factory.mktemp("run"), "will-run", prefect_server.environment, quiet.env)
    made.write("manifests/a.yaml", POOL)
    return made


def chains(document):
    return {one["address"].partition("/")[2]: one for one in document["will_run"]}


def links(chain, verdict=None):
    """The parts and the reasons of a chain's links, or of those of one verdict."""
    told = [link for link in chain["links"] if verdict in {None, link["verdict"]}]
    return {link["part"]: link["reason"] for link in told}


def poll(server, *queues):
    """What a worker does: it says that it is there, and asks for runs."""
    server.post("/work_pools/wr-pool/workers/heartbeat", {"name": "wr-worker", "heartbeat_interval_seconds": 3600})
    ask_for_runs(server, *queues)


def ask_for_runs(server, *queues):
    before = last_polls(server, queues)
    server.post("/work_pools/wr-pool/get_scheduled_flow_runs", {"work_queue_names": list(queues)})
    eventually(lambda: all(last_polls(server, queues)[name] not in {None, before[name]} for name in queues))


def last_polls(server, queues):
    found = {queue["name"]: queue for queue in server.post("/work_pools/wr-pool/queues/filter", {})}
    return {name: found[name]["last_polled"] for name in queues}


def test_a_plan_counts_what_it_makes_as_there_and_a_status_does_not(project):
    plan = chains(project.document("plan"))
    assert links(plan["wr-fast"]) == {
        "queue": "the queue fast",
        "pool": "apply makes the WorkPool wr-pool",
        "worker": "apply starts Agent/wr-agent",
        "agent": "apply makes the Agent wr-agent",
        "configuration": "apply makes the InfraBlock wr-infra",
        "compute config": "apply makes the ComputeConfig wr-compute",
        "secrets": "from_prefect_block secret/wr-token was not fetched: `pfa-gitops status --check` does that",
    }
    assert plan["wr-fast"]["verdict"] == "unknown", "because of the secret"
    assert links(plan["wr-slow"], "not") == {
        "worker": "no worker is online in the pool wr-pool, and no agent of this project serves the queue slow"
    }
    assert "no work pool" in links(plan["wr-nowhere"], "not")["pool"]
    now = chains(project.document("status"))
    assert {chain["verdict"] for chain in now.values()} == {"not"}
    shown = project.pfa("plan").stdout
    assert "? wr-fast: queue → pool → worker → agent → configuration → compute config → secrets?; secrets: " in shown
    assert "✗ wr-slow: worker: no worker" in shown


def test_after_apply_it_is_told_as_it_is(project, prefect_server):
    assert project.pfa("apply", "--auto-approve").returncode == 0
    fast = chains(project.document("status"))["wr-fast"]
    assert links(fast, "not") == {"worker": "no worker is online in the pool wr-pool"}
    ask_for_runs(prefect_server, "fast")
    heard = links(chains(project.document("status"))["wr-fast"], "not")["worker"]
    assert heard.startswith("no worker is online in the pool wr-pool, the last one was heard "), heard
    poll(prefect_server, "fast")
    document = project.document("status")
    found = chains(document)
    assert links(found["wr-fast"], "not") == {}
    assert links(found["wr-fast"])["worker"] == "the worker wr-worker"
    assert links(found["wr-fast"])["agent"] == "the agent wr-agent runs"
    [worker] = [link for link in found["wr-fast"]["links"] if link["part"] == "worker"]
    assert 0 <= worker["age_seconds"] < 600
    assert "slow" in links(found["wr-slow"])["worker"], "the worker that is online polls another queue"
    pages = {one["address"]: one["page"] for one in document["objects"]}
    assert pages["WorkPool/wr-pool"].endswith("/work-pools/work-pool/wr-pool")
    assert "/deployments/deployment/" in pages["Deployment/wr-fast"]
    assert "/services/" in pages["Agent/wr-agent"]
    shown = project.pfa("status").stdout
    assert "▲ wr-nowhere  no work pool, and no process that serves it\n" in shown
    assert "Sync: 7 in sync.\n" in shown
    assert "Last apply: complete, by " in shown


def test_check_tries_the_secrets_and_exits_with_2(project, prefect_server):
    only = Workdir(project.folder.parent / "checked", project.environment)
    only.write("pfa-gitops.yaml", PROJECT.replace("NAME", "will-run"))
    kept = [text for text in POOL.split("---\n") if "name: wr-slow}" not in text and "wr-nowhere" not in text]
    only.write("manifests/a.yaml", "---\n".join(kept))
    poll(prefect_server, "fast")
    missing = only.document("status", "--check", code=2)
    assert missing["well"] is False
    assert links(chains(missing)["wr-fast"], "not") == {
        "secrets": "the secret from_prefect_block secret/wr-token does not exist"
    }
    secret_block(prefect_server, "wr-token", "hunter2-of-the-run")
    done = only.pfa("status", "--check")
    assert done.returncode == 0, done.stdout
    assert "✓ will run: queue → pool → worker (" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert "left the manifests, and is still there" in done.stdout, "of the deployments that it names no more"


def secret_block(server, name, value):
    kind = server.get("/block_types/slug/secret")
    [schema, *_] = server.post("/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}})
    body = {"name": name, "block_type_id": kind["id"], "block_schema_id": schema["id"], "data": {"value": value}}
    server.post("/block_documents/", body)


BROKEN = {
    "a paused pool": ({"is_paused": True}, {"is_paused": False}, {"pool": "the pool wr-pool is paused"}),
    "a pool without slots": (
        {"concurrency_limit": 0},
        {"concurrency_limit": None},
        {"concurrency": "the pool wr-pool has the limit 0: nothing starts"},
    ),
}


@pytest.mark.slow  # units have the rules, and the next test one more such change
@pytest.mark.parametrize("case", BROKEN)
def test_what_was_changed_in_prefect_is_seen_now_and_in_the_plan_that_does_not_mend_it(project, prefect_server, case):
    broken, mended, told = BROKEN[case]
    poll(prefect_server, "fast")
    prefect_server.patch("/work_pools/wr-pool", broken)
    try:
        for command in ("status", "plan"):
            assert links(chains(project.document(command))["wr-fast"], "not") == told
        assert "✗ wr-fast" in project.pfa("plan").stdout, "though there is nothing to change"
    finally:
        prefect_server.patch("/work_pools/wr-pool", mended)


def test_what_the_manifest_breaks_or_mends_is_told_by_the_plan(project, prefect_server):
    poll(prefect_server, "fast")
    prefect_server.patch("/work_pools/wr-pool/queues/fast", {"concurrency_limit": 0})
    paused = POOL.replace("{name: fast, priority: 1}", "{name: fast, priority: 1, paused: true, concurrency_limit: 2}")
    project.write("manifests/a.yaml", paused)
    try:
        plan, now = (chains(project.document(command))["wr-fast"] for command in ("plan", "status"))
        assert links(plan, "not") == {"queue": "the queue fast is paused"}
        assert links(plan, "ok")["concurrency"] == "2 of 2 slots of the queue fast are free"
        assert links(now, "not") == {"concurrency": "the queue fast has the limit 0: nothing starts"}
    finally:
        prefect_server.patch("/work_pools/wr-pool/queues/fast", {"concurrency_limit": None})
        project.write("manifests/a.yaml", POOL)


@pytest.mark.slow  # units have the rules
def test_slots_that_are_taken(project, prefect_server):
    poll(prefect_server, "fast")
    prefect_server.patch("/work_pools/wr-pool", {"concurrency_limit": 1})
    found = prefect_server.get("/deployments/name/wr-flow/wr-fast")
    run = prefect_server.post(f"/deployments/{found['id']}/create_flow_run", {})
    prefect_server.post(f"/flow_runs/{run['id']}/set_state", {"state": {"type": "RUNNING"}, "force": True})
    try:
        fast = chains(project.document("status"))["wr-fast"]
        told = "all 1 slots of the pool wr-pool are taken: runs wait until one ends"
        assert links(fast, "not") == {"concurrency": told}
    finally:
        prefect_server.delete(f"/flow_runs/{run['id']}")
        prefect_server.patch("/work_pools/wr-pool", {"concurrency_limit": None})


def test_an_agent_that_is_not_as_its_manifest_says_and_an_image_that_nobody_built(project, prefect_server):
    poll(prefect_server, "fast")
    changed = POOL.replace("work_queues: [fast],", "work_queues: [fast], env: {A: b},")
    imaged = changed.replace("compute_config: wr-compute, env:", "image_uri: 'anyscale/image/no-such:1', env:")
    project.write("manifests/a.yaml", imaged)
    try:
        plan, now = (chains(project.document(command))["wr-fast"] for command in ("plan", "status"))
        image = {"image": "the Image no-such is not there"}
        assert links(plan, "not") == image
        assert links(plan)["agent"] == "apply rolls out the agent wr-agent"
        assert links(now, "not").keys() == {"agent", "image"}
        assert "not as its manifest says" in links(now)["agent"]
    finally:
        project.write("manifests/a.yaml", POOL)


def test_a_version_that_is_named_must_be_there_unless_the_deployment_names_another(project):
    pinned = POOL.replace("compute_config: wr-compute, env: {TOKEN", "compute_config: 'wr-compute:9', env: {TOKEN")
    override = "infra_block: wr-infra, infra_overrides: {compute_config: 'wr-compute:1'}}"
    try:
        project.write("manifests/a.yaml", pinned)
        plan = chains(project.document("plan"))["wr-fast"]
        assert links(plan, "not")["compute config"] == "there is no version 9 of the compute config wr-compute"
        project.write("manifests/a.yaml", pinned.replace("infra_block: wr-infra}", override))
        plan = chains(project.document("plan"))["wr-fast"]
        assert "compute config" not in links(plan, "not")
        reasons = {link["reason"] for link in plan["links"] if link["part"] == "compute config"}
        assert "version 1 of the compute config wr-compute is there" in reasons
    finally:
        project.write("manifests/a.yaml", POOL)


def test_what_a_plan_deletes_is_not_there_for_runs_that_name_it(tmp_path, prefect_server):
    made = started(tmp_path, "will-run-pruned", prefect_server.environment)
    made.write("manifests/a.yaml", PRUNED)
    made.document("apply", "--auto-approve")
    assert links(chains(made.document("plan"))["pruned"])["configuration"] == "the Variable run_bucket is there"
    made.write("manifests/a.yaml", PRUNED.partition("---\n")[2])
    plan, now = (chains(made.document(command))["pruned"] for command in ("plan", "status"))
    assert links(plan, "not") == {"configuration": "apply takes the Variable run_bucket away", **NO_POOL}
    assert links(now)["configuration"] == "the Variable run_bucket is there"


NO_POOL = {"pool": "it has no work pool, and no process that serves it"}
PRUNED = """apiVersion: pfa-gitops/v1
kind: Variable
metadata: {name: run_bucket}
spec: {value: b}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: pruned}
spec:
  flow_name: pruned
  entrypoint: f.py:f
  path: /code
  job_variables: {bucket: "{{ prefect.variables.run_bucket }}"}
"""


def test_what_no_manifest_declares_is_looked_for(tmp_path, project, prefect_server, quiet):
    """The pool and its compute config are somebody else's. Of a platform that is not asked nothing is known."""
    poll(prefect_server, "fast")
    foreign = started(tmp_path, "will-run-foreign", prefect_server.environment)
    foreign.write("manifests/a.yaml", FOREIGN)
    found = chains(foreign.document("plan"))
    assert links(found["foreign"])["pool"] == "the WorkPool wr-pool is there"
    assert links(found["foreign"], "unknown") == {
        "compute config": "Anyscale is not asked: no manifest is of a kind of it"
    }
    assert links(found["astray"], "not") == {
        "pool": "the WorkPool no-such-pool is not there",
        "configuration": "the InfraBlock no-such-infra is not there",
    }
    assert foreign.pfa("plan").returncode == 0


FOREIGN = """apiVersion: pfa-gitops/v1
kind: InfraBlock
metadata: {name: foreign-infra}
spec: {type: anyscale-job, compute_config: "wr-compute:1"}
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: foreign}
spec:
  flow_name: foreign
  entrypoint: f.py:f
  path: /code
  work_pool: wr-pool
  work_queue: fast
  infra_block: foreign-infra
---
apiVersion: pfa-gitops/v1
kind: Deployment
metadata: {name: astray}
spec:
  flow_name: foreign
  entrypoint: f.py:f
  path: /code
  work_pool: no-such-pool
  job_variables: {image: "{{ prefect.blocks.anyscale-job.no-such-infra.image_uri }}"}
"""
