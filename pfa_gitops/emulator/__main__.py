"""``python -m pfa_gitops.emulator``: parse flags, serve, stop cleanly on SIGTERM and SIGINT."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from pfa_gitops.emulator.app import make_app, make_world
from pfa_gitops.emulator.gate import Connection
from pfa_gitops.emulator.world import Settings

_CLOSE_WITHIN_S = 2
_TOKEN = "ANYSCALE_EMULATOR_TOKEN"  # noqa: S105 - the name of a variable


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal comes; one line on standard output says where."""
    flags = _flags(arguments)
    # A shell that starts us in the background leaves SIGINT ignored, and every job would inherit that. While it serves,
    # uvicorn has its own handlers; it raises the signal again when all is stopped, and that is our way out.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    listener = _listen(flags.host, flags.port)
    settings = Settings(
        data_dir=flags.data_dir.resolve(),
        token=flags.token or os.environ.pop(_TOKEN, None),
        start_delay_s=flags.start_delay,
        grace_s=flags.grace,
        keep_jobs=flags.keep_jobs,
        run_services=not flags.no_run_services,
        url=f"http://{flags.host}:{listener.getsockname()[1]}",
    )
    asyncio.run(_serve(settings, listener))
    return 0


def _flags(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pfa_gitops.emulator", description="A local Anyscale.")
    parser.add_argument("--data-dir", type=Path, required=True, help="where all state is kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", help=f"the only token to accept; ps shows it, unlike ${_TOKEN}")
    parser.add_argument("--start-delay", type=float, default=0.0, help="seconds a job waits for its cluster")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between TERM and KILL")
    parser.add_argument("--keep-jobs", action="store_true", help="leave jobs and services running at the end")
    parser.add_argument("--no-run-services", action="store_true", help="only pretend that services run")
    return parser.parse_args(arguments)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


async def _serve(settings: Settings, listener: socket.socket) -> None:
    world = make_world(settings)
    config = uvicorn.Config(
        make_app(world),
        http=Connection,
        lifespan="on",  # by default an error there is silent: nothing is watched, nothing is ended
        log_level="warning",
        timeout_graceful_shutdown=_CLOSE_WITHIN_S,
        server_header=False,
    )
    server = uvicorn.Server(config)
    ready = asyncio.create_task(_announce(server, settings.url))
    await server.serve(sockets=[listener])
    ready.cancel()


async def _announce(server: uvicorn.Server, url: str) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    sys.stdout.write(f"listening on {url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
