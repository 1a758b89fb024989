"""How answers look on the wire: results, lists with paging, and errors. Pure."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

DEFAULT_COUNT = 20  # a page when the caller names no count; the real default is unknown


class ApiError(Exception):
    """An answer other than 2xx, in the envelope that the SDK turns into its own exceptions."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def not_found(what: str, name: str) -> ApiError:
    """404 for a thing that is named by the caller."""
    return ApiError(HTTPStatus.NOT_FOUND, f"{what} '{name}' was not found.")


def bad_request(detail: str) -> ApiError:
    """400."""
    return ApiError(HTTPStatus.BAD_REQUEST, detail)


def conflict(detail: str) -> ApiError:
    """409."""
    return ApiError(HTTPStatus.CONFLICT, detail)


def error(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """An error in the envelope ``{"error": {"detail": …}}``."""
    return JSONResponse({"error": {"detail": detail}}, status_code=status, headers=headers)


def result(value: Any, status: int = HTTPStatus.OK) -> Response:
    """One object."""
    return JSONResponse({"result": value}, status_code=status)


def done() -> Response:
    """204: nothing to say."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


def page(items: Sequence[Any], count: Any, token: Any, limit: int) -> Response:
    """One page of a list.

    ``count`` and ``token`` are what the caller sent, ``limit`` the most it may ask for. The token is the place in the
    list, so a list that grows at its head between two pages shows an item twice rather than hiding one.
    """
    start, size = _number(token or "0", "paging_token"), _number(count or DEFAULT_COUNT, "count")
    if not 0 < size <= limit:
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, f"count must be between 1 and {limit}")
    following = str(start + size) if start + size < len(items) else None
    shown = list(items[start : start + size])
    return JSONResponse({"results": shown, "metadata": {"total": len(items), "next_paging_token": following}})


def page_of(request: Request, items: Sequence[Any], limit: int) -> Response:
    """One page, as asked for in the query."""
    return page(items, request.query_params.get("count"), request.query_params.get("paging_token"), limit)


def page_for(body: dict[str, Any], items: Sequence[Any], limit: int) -> Response:
    """One page, as asked for in a search's body (``paging: {count, paging_token}``)."""
    paging = body.get("paging") or {}
    return page(items, paging.get("count"), paging.get("paging_token"), limit)


def _number(text: Any, what: str) -> int:
    try:
        return int(text)
    except ValueError as problem:
        raise bad_request(f"{what} is not valid: {text}") from problem
