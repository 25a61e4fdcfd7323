"""A window on an ordered list: what a Range header asks for, in a form that a database can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A place in a list: a value of its field and, where several rows may share that, the row's id."""

    value: Any
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Window:
    """Rows in the order of a field and then of their ids; `limit` is how many the client wants at most."""

    field: str
    low: Any = None
    """The least value, itself included; None for no bound."""
    high: Any = None
    """The greatest value, itself included."""
    after: Mark | None = None
    """Only rows that come after this one, in the order that is asked for."""
    limit: int
    descending: bool = False


def cut(rows: Iterable[T], window: Window, *, key: Callable[[T], Any], identity: Callable[[T], str]) -> list[T]:
    """The rows of a window and, when more follow, one of those: so one sees that there are more."""
    found = sorted(rows, key=lambda row: (key(row), identity(row)), reverse=window.descending)
    low, high, after = window.low, window.high, window.after
    if low is not None:
        found = [row for row in found if key(row) >= low]
    if high is not None:
        found = [row for row in found if key(row) <= high]
    if after is not None:
        found = [row for row in found if _follows((key(row), identity(row)), after, descending=window.descending)]
    return found[: window.limit + 1]


def _follows(place: tuple[Any, str], after: Mark, *, descending: bool) -> bool:
    value, row_id = place
    if value == after.value:
        return after.id is not None and (row_id < after.id if descending else row_id > after.id)
    return bool(value < after.value if descending else value > after.value)
