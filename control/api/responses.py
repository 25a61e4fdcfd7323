"""Answers: JSON with an ETag, and lists by the page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from flask import Response, request

from control.api.ranges import Key, Page, asked, page, page_of
from control.errors import PreconditionFailed
from control.ports.windows import Window

T = TypeVar("T")


def reply(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    response = Response(content, status=status, mimetype="application/json")
    if isinstance(value, dict) and isinstance(changed := value.get("updated_at"), str):
        response.last_modified = datetime.fromisoformat(changed)
    return response


def listing(
    rows: Sequence[T],
    keys: Mapping[str, Key[T]],
    present: Callable[[T], Any],
    *,
    prepare: Callable[[Sequence[T]], None] = lambda _: None,
) -> Response:
    """One page of a list; only what is on the page is presented. Raises RangeNotSatisfiable.

    `prepare` looks up at once what presenting the page's rows one by one would ask for.
    """
    cut = page(rows, request.headers.get("Range"), keys)
    prepare(cut.rows)
    return _paged(cut, tuple(keys), [present(row) for row in cut.rows])


def window_listing(
    find: Callable[[Window], Sequence[T]],
    keys: Mapping[str, Key[T]],
    present: Callable[[Sequence[T]], list[Any]],
    *,
    kinds: Mapping[str, type],
) -> Response:
    """The same for a list that the database cuts: `find` gives the rows of a window, `present` all of them at once."""
    window = asked(request.headers.get("Range"), kinds)
    cut = page_of(find(window), window, keys)
    return _paged(cut, tuple(kinds), present(cut.rows))


def _paged(cut: Page[T], fields: Sequence[str], rows: list[Any]) -> Response:
    response = reply(rows, 206 if cut.next_range else 200)
    response.headers["Accept-Ranges"] = ", ".join(fields)
    if cut.content_range:
        response.headers["Content-Range"] = cut.content_range
    if cut.next_range:
        response.headers["Next-Range"] = cut.next_range
    return response


def add_etag(response: Response) -> Response:
    """Give a JSON answer to a GET its ETag, and answer 304 when the client has it already."""
    if request.method not in ("GET", "HEAD") or response.is_streamed or response.status_code not in (200, 206):
        return response
    response.set_etag(_digest(response))
    known = request.headers.get("If-None-Match")
    if known and request.if_none_match.contains(response.get_etag()[0] or ""):
        response.status_code = 304
        response.set_data(b"")
    return response


def demand_match(shown: Response) -> None:
    """Check the ETags in `If-Match` against what a GET shows now. Raises PreconditionFailed."""
    if not request.if_match.contains(_digest(shown)):
        raise PreconditionFailed(
            "This has changed since you read it, so nothing was changed; read it again, then decide anew."
        )


def _digest(response: Response) -> str:
    return hashlib.sha256(response.get_data()).hexdigest()[:32]
