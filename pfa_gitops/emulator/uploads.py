"""The cloud's bucket: presigned PUT urls and the files behind them. The only writer of the bucket folder.

Objects are named ``s3://emulator-bucket/<path>`` and lie in ``<data dir>/bucket/<path>``.
"""

import asyncio
import hashlib
import hmac
import secrets
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.clouds import cloud_of
from pfa_gitops.emulator.envelope import ApiError, bad_request, result
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.world import World, body_of, world_of

BUCKET = "emulator-bucket"


def stored_file(bucket: Path, uri: str) -> Path | None:
    """Where an ``s3://`` URI of our bucket lies, or None for any other URI."""
    prefix = f"s3://{BUCKET}/"
    return bucket / uri.removeprefix(prefix) if uri.startswith(prefix) else None


async def presign(request: Request) -> Response:
    """An url to PUT one file to, and the ``s3://`` URI that names it from then on."""
    body, world = await body_of(request), world_of(request)
    cloud = cloud_of(world, request.path_params["cloud_id"])
    path = f"{cloud['id']}/{_part(body, 'file_type', 'files')}/{_part(body, 'file_name', '')}"
    return result(
        {
            "file_uri": f"s3://{BUCKET}/{path}",
            "url": f"{world.settings.url}/_emulator/bucket/{path}?signature={_signature(world, path)}",
            "url_scheme": "http",
            "bucket_name": f"s3://{BUCKET}",
            "bucket_path": path,
            "file_exists": (world.bucket / path).is_file(),
        }
    )


def _part(body: Doc, key: str, default: str) -> str:
    """One part of a path, which leads nowhere else."""
    value = str(body.get(key) or default)
    if value in ("", "..") or Path(value).name != value:
        raise bad_request(f"{key} is not valid: {value}")
    return value


async def put(request: Request) -> Response:
    """Take a file; the url's signature is the only credential, as with a real presigned url."""
    world, path = world_of(request), request.path_params["path"]
    if not hmac.compare_digest(_signature(world, path), request.query_params.get("signature", "")):
        raise ApiError(HTTPStatus.FORBIDDEN, "The signature does not fit.")
    await asyncio.to_thread(_write, world.bucket / path, await request.body())
    return Response(status_code=HTTPStatus.OK)


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    arriving = target.with_name(target.name + "." + secrets.token_hex(4))
    arriving.write_bytes(content)
    arriving.rename(target)


def _signature(world: World, path: str) -> str:
    return hmac.new(_key(world).encode(), path.encode(), hashlib.sha256).hexdigest()


def _key(world: World) -> str:
    found = world.store.get("secret", "upload-key")
    if found is None:
        found = world.store.insert("secret", {"id": "upload-key", "value": secrets.token_hex()})
    return str(found["value"])


ROUTES = [
    Route("/api/v2/clouds/{cloud_id}/generate_cloud_data_bucket_presigned_url", presign, methods=["POST"]),
    Route("/_emulator/bucket/{path:path}", put, methods=["PUT"]),
]
