"""What the Models API answers to a query: a page, or an error. Pure: it knows no socket."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 1000

_STATUSES = {"invalid_request_error": 400, "authentication_error": 401, "not_found_error": 404}


class RefusedRequestError(Exception):
    """The request gets an error instead of models; `kind` is the error's type on the wire."""

    def __init__(self, kind: str, message: str) -> None:
        """Keep what goes into the error body."""
        super().__init__(message)
        self.kind = kind
        self.status = _STATUSES[kind]

    def body(self, request_id: str) -> dict[str, Any]:
        """Build the error as it goes over the wire."""
        error = {"type": self.kind, "message": str(self)}
        return {"type": "error", "error": error, "request_id": request_id}


def page(items: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Cut the page out of `items` that `limit`, `after_id` and `before_id` ask for; other parameters say nothing.

    A page before a model ends right above it and keeps the order of the list. `has_more` speaks of the direction
    asked for.
    """
    limit = _limit(query.get("limit"))
    match query:
        case {"after_id": _, "before_id": _}:
            raise RefusedRequestError("invalid_request_error", "after_id, before_id: only one of them can be given")
        case {"before_id": cursor}:
            end = _position(items, "before_id", cursor)
            start = max(0, end - limit)
            return _envelope(items[start:end], has_more=start > 0)
        case _:
            start = _position(items, "after_id", query["after_id"]) + 1 if "after_id" in query else 0
            return _envelope(items[start : start + limit], has_more=start + limit < len(items))


def one(items: Sequence[Mapping[str, Any]], model_id: str) -> Mapping[str, Any]:
    """Find the model of this id."""
    for item in items:
        if item["id"] == model_id:
            return item
    raise RefusedRequestError("not_found_error", f"model: {model_id}")


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    # Bounded before int() sees it, which refuses numbers of thousands of digits in its own way.
    if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= LARGEST_LIMIT:
        return int(text)
    raise RefusedRequestError("invalid_request_error", f"limit: must be a whole number between 1 and {LARGEST_LIMIT}")


def _position(items: Sequence[Mapping[str, Any]], name: str, cursor: str) -> int:
    for position, item in enumerate(items):
        if item["id"] == cursor:
            return position
    raise RefusedRequestError("invalid_request_error", f"{name}: no model {cursor}")


def _envelope(data: Sequence[Mapping[str, Any]], *, has_more: bool) -> dict[str, Any]:
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"data": list(data), "has_more": has_more, **ends}
