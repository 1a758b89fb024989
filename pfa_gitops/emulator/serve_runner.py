"""One service version under Ray Serve: ``python -m pfa_gitops.emulator.serve_runner FOLDER``, a process of its own.

Reads ``FOLDER/deploy.json`` (a Serve config and its generation, read again whenever it changes: that is how an
in-place update arrives) and writes ``FOLDER/status.json`` (generation, HTTP port, and each application's status).
Ends when there is ``FOLDER/stop``: Serve lets each replica end by itself, then all of its Ray goes. A signal to the
group ends Ray's own daemons as well, so that no replica hears of it. The only module that imports Ray.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

_CPUS = 4  # logical: four replicas of the usual size fit
_OBJECT_STORE_BYTES = 100 * 1024 * 1024
_TICK_S = 0.25


class _Stopped(Exception):
    """The end is asked for."""


def main(folder: Path) -> int:
    """Serve what the folder says until the end is asked for."""
    _listen_to_signals()
    try:
        _serve(folder)
    except _Stopped:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        _shut_down()
    return 0


def _listen_to_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)


def _stop(_number: int, _frame: Any) -> None:
    raise _Stopped


def _serve(folder: Path) -> None:
    import ray  # noqa: PLC0415 - importing it takes a second, and a signal must be heard meanwhile
    from ray import serve  # noqa: PLC0415 - the same

    _leave_out_what_serve_needs_not()
    ray.init(
        address="local",
        num_cpus=_CPUS,
        object_store_memory=_OBJECT_STORE_BYTES,
        include_dashboard=False,
        namespace="serve",
        logging_level="WARNING",
        _system_config={"prestart_worker_first_driver": False},  # idle workers cost 60 MB each
    )
    port = _free_port()
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": port})
    _listen_to_signals()  # Ray took them: it would abort
    deployed, refusal = None, None
    while not (folder / "stop").exists():
        wanted = json.loads((folder / "deploy.json").read_text())
        if wanted["generation"] != deployed:
            refusal = _deploy(wanted["config"])
            deployed = wanted["generation"]
        applications = {"config": {"status": "DEPLOY_FAILED", "message": refusal}} if refusal else _statuses()
        _write(folder / "status.json", {"generation": deployed, "port": port, "applications": applications})
        time.sleep(_TICK_S)
    raise _Stopped


def _leave_out_what_serve_needs_not() -> None:
    """No dashboard process and no autoscaler: two Python processes less, a quarter of the start-up time.

    ``include_dashboard=False`` still starts a dashboard process, and no public option leaves either out. A Ray that
    has no such methods starts as it likes.
    """
    from ray._private.node import Node  # noqa: PLC0415 - see above

    def no_dashboard(node: Any, **_options: Any) -> None:
        node._webui_url = None

    for name, replacement in (("start_api_server", no_dashboard), ("start_monitor", lambda _node: None)):
        if hasattr(Node, name):
            setattr(Node, name, replacement)


def _deploy(config: dict[str, Any]) -> str | None:
    """Hand Serve its config; what is wrong with it, if anything is."""
    from ray.serve.context import _get_global_client  # noqa: PLC0415 - serve has no public call for a whole config
    from ray.serve.schema import ServeDeploySchema  # noqa: PLC0415 - see _serve

    try:
        _get_global_client().deploy_apps(ServeDeploySchema(**config))
    except Exception as problem:
        return str(problem)
    return None


def _statuses() -> dict[str, dict[str, str]]:
    from ray import serve  # noqa: PLC0415 - see _serve

    return {
        name: {"status": str(found.status.value), "message": found.message}
        for name, found in serve.status().applications.items()
    }


def _shut_down() -> None:
    if "ray" not in sys.modules:
        return
    import ray  # noqa: PLC0415 - see _serve
    from ray import serve  # noqa: PLC0415 - see _serve

    if ray.is_initialized():
        serve.shutdown()
        ray.shutdown()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _write(path: Path, content: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content))
    os.replace(part, path)  # noqa: PTH105 - atomic, as the reader may look at any moment


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
