"""Reads the result that a build left as JSON: whoever the build ran has written it."""

from __future__ import annotations

import json
from typing import Any, NoReturn

MOST_BYTES = 256 << 10
_DEEPEST = 20


def parse(data: bytes) -> dict[str, Any] | None:
    """The object in it; None for anything that could not be kept, sent on or put into a job as it is."""
    if len(data) > MOST_BYTES:
        return None
    try:
        found = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and _is_plain(found, _DEEPEST) else None


def _refuse(name: str) -> NoReturn:
    """NaN and the infinities are no JSON, and no database takes them."""
    raise ValueError(name)


def _is_plain(value: object, depth: int) -> bool:
    """Whether it is not too deep, and every text in it is Unicode that databases and environments can hold."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, dict):
        return depth > 0 and all(_is_plain(name, depth) and _is_plain(each, depth - 1) for name, each in value.items())
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
    return True
