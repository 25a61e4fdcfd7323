"""Paging by the Range header, in Heroku's grammar and in every dialect of it that clients send.

`version ..; max=15, order=desc` (Heroku CLI), `name ..; order=asc,max=10;` (heroku3), `id a..b; max=10,order=desc`
(heroku-go, whose field may be absent), and our own Next-Range: `id ]last..; max=200`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from control.errors import RangeNotSatisfiable

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


@dataclass(frozen=True, kw_only=True)
class _Asked:
    field: str
    start: str
    end: str
    exclusive: bool
    limit: int
    descending: bool


def page(rows: Sequence[T], header: str | None, keys: Mapping[str, Key[T]]) -> Page[T]:
    """Cut the page that a Range header asks for; the first of `keys` is the default field.

    Raises RangeNotSatisfiable.
    """
    asked = _parse(header, tuple(keys))
    key = keys[asked.field]
    found = sorted(rows, key=key, reverse=asked.descending)
    if found and (asked.start or asked.end):
        kind = type(key(found[0]))
        found = [row for row in found if _within(key(row), asked, kind)]
    shown, more = found[: asked.limit], len(found) > asked.limit
    if not shown:
        return Page(rows=[], content_range=None, next_range=None)
    first, last = _text(key(shown[0])), _text(key(shown[-1]))
    following = f"{asked.field} ]{last}..; max={asked.limit}" + (", order=desc" if asked.descending else "")
    return Page(rows=shown, content_range=f"{asked.field} {first}..{last}", next_range=following if more else None)


def _parse(header: str | None, fields: tuple[str, ...]) -> _Asked:
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
    return _Asked(
        field=field,
        start=parts.get("start") or "",
        end=parts.get("end") or "",
        exclusive=bool(parts.get("after")),
        limit=_limit(options.get("max")),
        descending=_descending(options.get("order")),
    )


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


def _within(value: Any, asked: _Asked, kind: type) -> bool:
    start, end = (_typed(text, kind) if text else None for text in (asked.start, asked.end))
    if start is not None and end is not None and not asked.exclusive:
        return bool(min(start, end) <= value <= max(start, end))
    if asked.exclusive and value == start:
        return False
    if asked.descending:
        return bool((start is None or value <= start) and (end is None or value >= end))
    return bool((start is None or value >= start) and (end is None or value <= end))


def _typed(text: str, kind: type) -> Any:
    if kind is not int:
        return text
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise RangeNotSatisfiable(f"{text[:40]!r} in the Range header must be a number.")
    return int(text)


def _text(value: object) -> str:
    return str(value)
