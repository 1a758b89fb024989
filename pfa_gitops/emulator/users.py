"""Who is calling: the token check, and the calls about the user.

The real token format is ``aph0_…`` for people and ``sss_…`` for sessions; any well-formed one is good unless the
emulator was started with a token of its own.
"""

import hmac
import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pfa_gitops.emulator.envelope import ApiError, done, result
from pfa_gitops.emulator.store import Doc
from pfa_gitops.emulator.world import Settings, world_of

_WELL_FORMED = re.compile(r"(aph\d+|sss)_[A-Za-z0-9_.-]+")


def check_token(cookies: dict[str, str], settings: Settings) -> None:
    """Raise 401 unless the cookie ``cli_token`` holds a token that this emulator takes."""
    token = cookies.get("cli_token", "")
    if not _WELL_FORMED.fullmatch(token):
        raise ApiError(HTTPStatus.UNAUTHORIZED, "The token is missing or malformed.")
    if settings.token is not None and not hmac.compare_digest(token, settings.token):
        raise ApiError(HTTPStatus.UNAUTHORIZED, "The token is not valid.")


def mini_user(user: Doc) -> Doc:
    """The few fields that other objects carry of their creator."""
    return {key: user[key] for key in ("id", "name", "username", "email")}


async def userinfo(request: Request) -> Response:
    """The caller; every SDK process asks once, to check its token."""
    return result(world_of(request).user)


async def deployment_infra(_request: Request) -> Response:
    """Asked once per process before any image call; "azure" would change what the SDK sends."""
    return result({"deployment_infra": "aws"})


async def cli_usage(_request: Request) -> Response:
    """The CLI's telemetry: taken and forgotten."""
    return done()


ROUTES = [
    Route("/api/v2/userinfo/", userinfo, methods=["GET"]),
    Route("/api/v2/workos/deployment_infra", deployment_infra, methods=["GET"]),
    Route("/api/v2/cli_usage/", cli_usage, methods=["POST"]),
]
