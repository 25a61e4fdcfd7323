"""Paging by the Range header, in Heroku's grammar and in every dialect of it that clients send.

`version ..; max=15, order=desc` (Heroku CLI), `name ..; order=asc,max=10;` (heroku3), `id a..b; max=10,order=desc`
(heroku-go, whose field may be absent), and our own Next-Range: `id ]last..; max=200`. Rows may share a time, so the
last row's id goes with it there: `created_at ]2026-01-02T03:04:05Z~UUID..; max=200`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from control.errors import RangeNotSatisfiable
from control.ports.windows import Mark, Window, cut

T = TypeVar("T")
Key = Callable[[T], Any]

DEFAULT_MAX = 200
LARGEST_MAX = 1000

_GRAMMAR = re.compile(
    r"\s*(?P<field>[a-z_]+)?\s*(?:(?P<after>\])?(?P<start>[^;\s\]]*?)\.\.(?P<end>[^;\s]*))?\s*(?:;\s*(?P<options>.*))?"
)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list, with what its headers say."""

    rows: list[T]
    content_range: str | None
    next_range: str | None


def page(rows: Sequence[T], header: str | None, keys: Mapping[str, Key[T]]) -> Page[T]:
    """Cut the page that a Range header asks for; the first of `keys` is the default field, one of them is `id`.

    Raises RangeNotSatisfiable.
    """
    kinds = {name: type(key(rows[0])) if rows else str for name, key in keys.items()}
    window = asked(header, kinds)
    return page_of(cut(rows, window, key=keys[window.field], identity=keys["id"]), window, keys)


def page_of(rows: Sequence[T], window: Window, keys: Mapping[str, Key[T]]) -> Page[T]:
    """The same where a database has cut: `rows` are those of the window, with one more when more follow."""
    shown, more = list(rows[: window.limit]), len(rows) > window.limit
    if not shown:
        return Page(rows=[], content_range=None, next_range=None)
    key = keys[window.field]
    first, last = _text(key(shown[0])), _text(key(shown[-1]))
    mark = f"{last}~{keys['id'](shown[-1])}" if isinstance(key(shown[-1]), datetime) else last
    order = ", order=desc" if window.descending else ""
    following = f"{window.field} ]{mark}..; max={window.limit}{order}"
    return Page(rows=shown, content_range=f"{window.field} {first}..{last}", next_range=following if more else None)


def asked(header: str | None, kinds: Mapping[str, type]) -> Window:
    """Read a Range header; `kinds` are the fields that this list has, the default one first.

    Raises RangeNotSatisfiable.
    """
    fields = tuple(kinds)
    match = _GRAMMAR.fullmatch(header) if header and len(header) < 1000 and "=" not in header.split(";")[0] else None
    if match is None:
        if header and not header.lstrip().startswith("bytes"):
            raise RangeNotSatisfiable(f"The Range header cannot be read; write it like `{fields[0]} ..; max=200`.")
        match = _GRAMMAR.fullmatch("")
    parts = match.groupdict() if match else {}
    field = parts.get("field") or fields[0]
    if field not in fields:
        raise RangeNotSatisfiable(f"This list has no range over {field}; use one of: {', '.join(fields)}.")
    options = _options(parts.get("options") or "")
    return _window(
        field,
        start=_mark(parts.get("start"), kinds[field]),
        end=_mark(parts.get("end"), kinds[field]),
        exclusive=bool(parts.get("after")),
        limit=_limit(options.get("max")),
        descending=_descending(options.get("order")),
    )


def _window(
    field: str, *, start: Mark | None, end: Mark | None, exclusive: bool, limit: int, descending: bool
) -> Window:
    bounds = [None if start is None or exclusive else start.value, None if end is None else end.value]
    if descending:
        bounds.reverse()
    # Clients give both ends in either order, whichever way they want the rows.
    if None not in bounds:
        bounds.sort()
    low, high = bounds
    after = start if exclusive else None
    return Window(field=field, low=low, high=high, after=after, limit=limit, descending=descending)


def _options(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in re.split(r"[,;]", text) if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_MAX
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= LARGEST_MAX:
        raise RangeNotSatisfiable(f"The max in the Range header must be a number from 1 to {LARGEST_MAX}.")
    return int(text)


def _descending(text: str | None) -> bool:
    if text not in (None, "asc", "desc"):
        raise RangeNotSatisfiable("The order in the Range header must be asc or desc.")
    return text == "desc"


def _mark(text: str | None, kind: type) -> Mark | None:
    if not text:
        return None
    if kind is int:
        return Mark(value=_number(text))
    if kind is datetime:
        moment, _, row_id = text.partition("~")
        return Mark(value=_moment(moment), id=row_id or None)
    return Mark(value=text)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise RangeNotSatisfiable(f"{text[:40]!r} in the Range header must be a number.")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise RangeNotSatisfiable(
            f"{text[:40]!r} in the Range header must be a time such as 2026-01-02T03:04:05Z."
        ) from None


def _text(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
