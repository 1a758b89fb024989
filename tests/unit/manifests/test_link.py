import pytest

from pfa_gitops.model.places import Address
from pfa_gitops.model.values import Action, Key, Reference

HEAD = "apiVersion: pfa-gitops/v1\nkind: {}\nmetadata: {{name: {}}}\nspec: {}\n"
PROJECT = (
    "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: test}\nspec: {external: ['Shape/*', Pool/default]}\n"
)


def manifest(kind: str, name: str, spec: str = "{}") -> str:
    return HEAD.format(kind, name, spec)


def job(spec: str, name: str = "a") -> str:
    return manifest("Job", name, "{entrypoint: 'flows/a.py:run', " + spec + "}")


@pytest.fixture
def linked(read):
    """Read documents and return the manifests by address."""

    def read_all(*documents: str, project: str = PROJECT):
        found = read({"pfa-gitops.yaml": project, "manifests/a.yaml": "---\n".join(documents)})
        return {str(manifest.address): manifest for manifest in found.manifests}

    return read_all


@pytest.mark.parametrize("text", ["gpu", "GPU pool"])
def test_a_reference_by_either_name_reads_the_platforms_name(linked, text):
    found = linked(manifest("Pool", "gpu", "{name: GPU pool}"), job(f"pool: {text}"))["Job/a"]
    assert found.spec.pool == "GPU pool"
    assert found.references == (Reference(("pool",), Address("Pool", "gpu"), frozenset({Action.REPLACE})),)
    assert found.spec.model_fields_set == {"entrypoint", "name", "pool"}


def test_only_the_name_in_the_pattern_is_replaced(linked):
    found = linked(manifest("Shape", "big", "{name: big-1}"), job("shape: 'big:3'"))["Job/a"]
    assert found.spec.shape == "big-1:3"


def test_a_reference_in_a_list_keeps_the_fields_set_at_every_level(linked):
    found = linked(job("after: [b]"), job("mode: careful", "b"))["Job/a"]
    assert found.spec.after == ["run/b"]
    assert found.spec.model_fields_set == {"entrypoint", "name", "after"}


@pytest.mark.parametrize("text", ["secret/db-1", "db"])
def test_a_key_that_is_more_than_a_name(linked, text):
    found = linked(manifest("Block", "db", "{type: secret, name: db-1}"), job(f"secret_store: {text}"))["Job/a"]
    assert found.spec.secret_store == "secret/db-1"
    assert found.references[0].target == Address("Block", "db")


def test_external_objects_are_taken_on_trust(linked):
    found = linked(job("shape: big, pool: default, queue: any"))["Job/a"]
    assert (found.spec.shape, found.spec.pool, found.references) == ("big", "default", ())


def test_an_optional_reference_counts_where_the_target_is_declared(linked):
    found = linked(
        manifest("Block", "s", "{type: s3-bucket}"), job("store: s3-bucket/s"), job("store: s3-bucket/t", "b")
    )
    assert found["Job/a"].references == (Reference(("store",), Address("Block", "s")),)
    assert found["Job/b"].references == ()


def test_references_inside_of_free_text(linked):
    data = "data: {x: ['{{ blocks.secret.db }} and {{ blocks.secret.none }}'], y: '{{ blocks.secret.db }}'}"
    found = linked(manifest("Block", "db", "{type: secret}"), job(data))["Job/a"]
    target = Address("Block", "db")
    assert found.references == (Reference(("data", "x", 0), target), Reference(("data", "y"), target))
    assert found.spec.data["y"] == "{{ blocks.secret.db }}"


@pytest.mark.parametrize("queue", ["fast", "default"])
def test_an_item_of_a_declared_list(linked, queue):
    pool = manifest("Pool", "gpu", "{name: GPU, queues: [{name: fast}]}")
    assert linked(pool, job(f"pool: gpu, queue: {queue}"))["Job/a"].spec.queue == queue


def test_an_item_of_a_list_that_the_owner_leaves_out_is_not_judged(linked):
    assert linked(manifest("Pool", "gpu"), job("pool: gpu, queue: any"))["Job/a"].spec.queue == "any"


def test_the_kinds_own_work_is_done(linked):
    found = linked(job("mode: fast, retries: 2"))["Job/a"]
    assert found.key == Key("Job", "run/a")
    assert found.spec.name == "run"
    assert str(found.origins.at(("spec", "retries"))) == "manifests/a.yaml:4:59"
    assert str(found.problem(("retries",), "x").origin) == "manifests/a.yaml:4:59"
