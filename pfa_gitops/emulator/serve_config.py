"""From the ``ray_serve_config`` on the wire to the one that a local Ray Serve can run.

Kept: applications (name, import_path, args, route_prefix, deployments, env_vars, working_dir, py_modules) and
logging_config. Left out: requirements (nothing is installed), host, port and gRPC options (the emulator's own ports).
"""

import shutil
from pathlib import Path
from typing import Any

from pfa_gitops.emulator.environment import text_values
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.working_dir import local_path, package


def runnable(ray_serve_config: Doc, bucket: Path, folder: Path) -> Doc:
    """The Serve config to deploy; packages become local zip files in ``bucket`` or ``folder``."""
    applications = [
        _application(item, number, bucket, folder)
        for number, item in enumerate(ray_serve_config.get("applications") or [])
    ]
    config: Doc = {"applications": applications}
    if ray_serve_config.get("logging_config"):
        config["logging_config"] = ray_serve_config["logging_config"]
    return config


def _application(item: Doc, number: int, bucket: Path, folder: Path) -> Doc:
    name = item.get("name") or ("default" if number == 0 else f"app{number}")
    prefix = item.get("route_prefix", "/" if number == 0 else f"/{name}")
    runtime_env = _runtime_env(item.get("runtime_env") or {}, bucket, folder)
    return {**item, "name": name, "route_prefix": prefix, "runtime_env": runtime_env}


def _runtime_env(sent: Doc, bucket: Path, folder: Path) -> Doc:
    kept: dict[str, Any] = {"env_vars": text_values(sent.get("env_vars") or {})}
    if sent.get("working_dir"):
        kept["working_dir"] = _zip_uri(sent["working_dir"], bucket, folder)
    if sent.get("py_modules"):
        kept["py_modules"] = [_zip_uri(uri, bucket, folder) for uri in sent["py_modules"]]
    return kept


def _zip_uri(uri: str, bucket: Path, folder: Path) -> str:
    here = local_path(uri)
    if here is None:
        return f"file://{package(uri, bucket, folder)}"
    # Ray takes no plain folder for an application, only a package.
    base = folder / f"package-{here.name}"
    return f"file://{shutil.make_archive(str(base), 'zip', here.parent, here.name)}"
