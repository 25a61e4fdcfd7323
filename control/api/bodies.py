"""Request bodies: JSON objects, checked field by field. Unknown fields are ignored, as Heroku does."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import request

from control.errors import BadRequest, InvalidParams

MAX_BYTES = 2 << 20
"""256 kB of config vars may be six times as much when every character is escaped."""
_MAX_TEXT = 10_000


def body() -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object. Raises BadRequest."""
    data = request.get_data(cache=True)
    if not data.strip():
        return {}
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
        # A lone surrogate is legal in JSON and illegal everywhere behind it.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON in UTF-8; send a JSON object.") from None
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object, such as {}.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def text(values: dict[str, Any], field: str) -> str | None:
    """A text, or None when it is not there. Raises InvalidParams."""
    value = values.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value:
        raise InvalidParams(f"The field {field} must be a text.")
    if len(value) > _MAX_TEXT:
        raise InvalidParams(f"The field {field} must have at most {_MAX_TEXT} characters, and it has {len(value)}.")
    return value


def required_text(values: dict[str, Any], field: str) -> str:
    """A text that must be there. Raises InvalidParams."""
    value = text(values, field)
    if not value:
        raise InvalidParams(f"The field {field} is missing; it must be a text.")
    return value


def long_text(values: dict[str, Any], field: str, *, most: int) -> str:
    """A text that must be there and may be longer than others. Raises InvalidParams."""
    value = values.get(field)
    if not isinstance(value, str) or not value or "\0" in value:
        raise InvalidParams(f"The field {field} is missing; it must be a text.")
    if len(value) > most:
        raise InvalidParams(f"The field {field} must have at most {most} characters, and it has {len(value)}.")
    return value


def flag(values: dict[str, Any], field: str) -> bool | None:
    """True or false, or None when it is not there. Raises InvalidParams."""
    value = values.get(field)
    if value is not None and not isinstance(value, bool):
        raise InvalidParams(f"The field {field} must be true or false.")
    return value


def required_flag(values: dict[str, Any], field: str) -> bool:
    """True or false, which must be there. Raises InvalidParams."""
    value = flag(values, field)
    if value is None:
        raise InvalidParams(f"The field {field} is missing; it must be true or false.")
    return value


def number(values: dict[str, Any], field: str) -> int | None:
    """A whole number, or None when it is not there. Raises InvalidParams."""
    value = values.get(field)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise InvalidParams(f"The field {field} must be a whole number.")
    return value


def items(values: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """A list of objects; empty when it is not there. Raises InvalidParams."""
    value = values.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidParams(f"The field {field} must be a list of objects.")
    return value


def inner(values: dict[str, Any], field: str) -> dict[str, Any]:
    """An object that must be there. Raises InvalidParams."""
    value = values.get(field)
    if not isinstance(value, dict):
        raise InvalidParams(f"The field {field} is missing; it must be an object.")
    return value


def person(values: dict[str, Any], field: str) -> str:
    """What names an account: its id or e-mail address, or an object that holds one. Raises InvalidParams."""
    value = values.get(field)
    named = text(value, "id") or text(value, "email") if isinstance(value, dict) else text(values, field)
    if not named:
        raise InvalidParams(f"The field {field} is missing; it must be an account's e-mail address or id.")
    return named


def reference(values: dict[str, Any], field: str) -> str | None:
    """What names another thing: its id or name as a text, or an object that holds one. Raises InvalidParams."""
    value = values.get(field)
    if isinstance(value, dict):
        return text(value, "id") or text(value, "name")
    return text(values, field)
