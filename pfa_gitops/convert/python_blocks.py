"""Blocks that a script makes: `AnyscaleJob(…)`, `S3(…)` and the like → InfraBlocks and Blocks. Pure."""

import ast
from collections.abc import Iterator
from typing import Any

from pfa_gitops.convert.python_calls import Arguments, Context
from pfa_gitops.convert.secrets import looks_secret
from pfa_gitops.convert.templates import GONE
from pfa_gitops.convert.values import Made, Sort
from pfa_gitops.model.places import Address, Origin, Path
from pfa_gitops.platforms.prefect._infra_fields import AnyscaleInfraFields, RayInfraFields

INFRA = {"AnyscaleJob": "anyscale-job", "RayJob": "ray-job"}
BLOCKS = {
    "S3": "s3-bucket",
    "S3Bucket": "s3-bucket",
    "GCS": "gcs-bucket",
    "GcsBucket": "gcs-bucket",
    "Azure": "azure-blob-storage-container",
    "GitHub": "github-repository",
    "LocalFileSystem": "local-file-system",
    "RemoteFileSystem": "remote-file-system",
    "SMB": "smb",
}
"""Storage by its class: the slug that it has in Prefect 3."""
FIELDS = {
    "anyscale-job": tuple(AnyscaleInfraFields.model_fields),
    "ray-job": tuple(RayInfraFields.model_fields),
}
FILES = {"local-file-system": ("basepath",), "remote-file-system": ("basepath", "settings"), "smb": ("share_path",)}
"""Storage whose fields stayed the same: those that hold no secret."""


def infra_manifest(call: ast.Call, block_type: str, name: str, context: Context) -> Made:
    """The InfraBlock of an `AnyscaleJob(…)` or a `RayJob(…)`."""
    given = Arguments(call, context, (), Address("InfraBlock", name))
    spec: dict[str, Any] = {"type": block_type}
    for field in ("image_uri", "cluster_env", *FIELDS[block_type]):
        if field not in spec and (value := given.value(field)) not in (None, GONE, {}, [], ""):
            spec[field] = _env(value, given) if field == "env" and isinstance(value, dict) else value
    if isinstance(config := spec.get("compute_config"), str):
        context.report.refers.add(f"ComputeConfig/{config.partition(':')[0]}")
    given.report_rest(frozenset())
    return Made(Address("InfraBlock", name), spec, {(): context.origin(call)})


def _env(env: dict[str, Any], given: Arguments) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in env.items():
        if looks_secret(name, value):
            message = f"{name} looks like a secret; its text is not copied: the job reads its own {name}"
            mend = "say where it is kept, e.g. {from_aws_secret: {id: …, region: …}}"
            given.note(Sort.OPEN, message, mend, "env")
            found[name] = {"from_env": name}
        else:
            found[name] = value if isinstance(value, str) else str(value)
    return found


def block_manifests(call: ast.Call, kind: str, name: str, context: Context) -> Iterator[Made]:
    """The Block of a storage that is made in the script, and of its credentials."""
    slug = BLOCKS.get(kind)
    address = Address("Block", name)
    if kind == "S3":
        yield from _s3(call, name, context)
    elif kind == "Secret":
        yield _secret(call, name, context)
    elif slug in FILES:
        given = Arguments(call, context, (), address)
        data = {field: value for field in FILES[slug] if (value := given.value(field)) not in (None, GONE)}
        given.report_rest(frozenset())
        yield Made(address, {"type": slug, "data": data}, {(): context.origin(call)})
    else:
        message = f"the block {kind} called {name} is not carried over"
        mend = f"write a Block manifest of type {slug}" if slug else "write a Block manifest of it"
        context.note(Sort.LOST, message, mend, call)


def _secret(call: ast.Call, name: str, context: Context) -> Made:
    """Its value never leaves the script."""
    variable = name.replace("-", "_").upper()
    message = f"the secret's text is not copied; plan and apply take it from {variable}"
    mend = f"set {variable}, or say where it is kept, e.g. {{from_aws_secret: {{id: …, region: …}}}}"
    address = Address("Block", name)
    context.note(Sort.OPEN, message, mend, call, address)
    return Made(address, {"type": "secret", "data": {"value": {"from_env": variable}}}, {(): context.origin(call)})


KEYS = ("aws_access_key_id", "aws_secret_access_key")


def _s3(call: ast.Call, name: str, context: Context) -> Iterator[Made]:
    """Prefect 2's S3 has a path and keys; an s3-bucket has a bucket, a folder and a block of credentials."""
    given = Arguments(call, context, ("bucket_path",), Address("Block", name))
    bucket, _, folder = (given.text("bucket_path") or "").removeprefix("s3://").strip("/").partition("/")
    if not bucket:
        given.note(Sort.OPEN, "the bucket is not known without running the script", "fill in data", "bucket_path")
    data: dict[str, Any] = {"bucket_name": bucket or "FILL_IN", **({"bucket_folder": folder} if folder else {})}
    at: dict[Path, Origin] = {(): context.origin(call)}
    if keys := [key for key in KEYS if given.expression(key) is not None]:
        message = (
            f"{' and '.join(keys)} are not copied; the block aws-credentials/{name} takes them from the environment"
        )
        given.note(Sort.OPEN, message, "set these variables for plan and apply, or say where they are kept", keys[0])
        yield Made(
            Address("Block", f"{name}-credentials"),
            {"name": name, "type": "aws-credentials", "data": {key: {"from_env": key.upper()} for key in keys}},
            at,
        )
        data["credentials"] = f"{{{{ prefect.blocks.aws-credentials.{name} }}}}"
    given.report_rest(frozenset())
    yield Made(Address("Block", name), {"type": "s3-bucket", "data": data}, at)
