"""Whether objects are as their manifests say: by the machinery of plans, and without a secret being read."""

import json
import re

from support.commands import Workdir
from support.middleman import middleman

PROJECT = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: sync}\n"
MANIFESTS = """apiVersion: pfa-gitops/v1
kind: Variable
metadata: {name: sync_a}
spec: {value: 1, tags: [x]}
---
apiVersion: pfa-gitops/v1
kind: Variable
metadata: {name: sync_b}
spec: {value: 1}
---
apiVersion: pfa-gitops/v1
kind: Block
metadata: {name: sync-secret}
spec: {type: secret, data: {value: {from_env: SYNC_SECRET}}}
"""
READS = re.compile("/(filter|count)$")


def test_what_is_in_sync_is_told_and_no_secret_is_read(tmp_path, prefect_server):
    project = Workdir(tmp_path, {"HOME": str(tmp_path), **prefect_server.environment})
    project.write("pfa-gitops.yaml", PROJECT)
    project.write("manifests/a.yaml", MANIFESTS)
    assert project.pfa("apply", "--auto-approve", SYNC_SECRET="hunter2-in-sync").returncode == 0
    found = prefect_server.get("/variables/name/sync_a")
    prefect_server.patch(f"/variables/{found['id']}", {"value": 2})
    prefect_server.post("/variables/", {"name": "sync_c", "value": 1})
    kept, _, rest = MANIFESTS.partition("---\n")
    project.write("manifests/a.yaml", kept + "---\n" + rest.partition("---\n")[2] + "---\n" + kept.replace("_a", "_c"))

    with middleman(prefect_server.url.removesuffix("/api"), READS) as stands:
        document = project.document("status", PREFECT_API_URL=f"{stands.url}/api")
        assert stands.writes == []
        clear = [noted for noted in stands.log if b'"include_secrets":true' in noted.asked.body.replace(b" ", b"")]
        assert clear == [], "only the inventory's own key is read"
    told = {one["address"]: (one["sync"], one["reason"]) for one in document["objects"]}
    assert told == {
        "Variable/sync_a": ("out of sync", "differs in value"),
        "Variable/sync_b": ("out of sync", "it left the manifests, and is still there"),
        "Variable/sync_c": (
            "out of sync",
            "the Variable sync_c exists and is not this project's",
        ),
        "Block/sync-secret": ("unknown", "its secrets are not compared: `pfa-gitops plan` does that"),
    }
    assert "hunter2" not in json.dumps(document)
