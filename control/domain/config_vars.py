"""Config vars: the app's environment. Values live in Vault only; this module merges and checks them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from control.domain.rules import BrokenRule

KEY_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_KEY_BYTES = 256
MAX_VALUE_BYTES = 64 * 1024
MAX_TOTAL_BYTES = 256 * 1024


def merge(base: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Apply changes to config vars: None removes a key, also one that is not there. Raises BrokenRule.

    No message ever holds a value.
    """
    merged = dict(base)
    for key, value in changes.items():
        _check_key(key)
        if value is None:
            merged.pop(key, None)
        else:
            _check_value(key, value)
            merged[key] = value
    total = sum(len(key.encode()) + len(value.encode()) for key, value in merged.items())
    if total > MAX_TOTAL_BYTES and len(merged) > 0:
        raise BrokenRule(
            f"The config vars of an app may hold {MAX_TOTAL_BYTES // 1024} kB in all and this change would make "
            f"them {total // 1024 + 1} kB; remove some or keep large data elsewhere."
        )
    return merged


def describe(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Describe a change as a release does: `Set A, B config vars`; names only."""
    written = [key for key in after if before.get(key) != after[key]]
    removed = [key for key in before if key not in after]
    parts = []
    if written:
        parts.append(f"Set {_names(written)}")
    if removed:
        parts.append(f"{'remove' if written else 'Remove'} {_names(removed)}")
    return f"{' and '.join(parts)} config vars"


def _names(keys: Iterable[str]) -> str:
    ordered = sorted(keys)
    shown = ", ".join(ordered[:10])
    return shown if len(ordered) <= 10 else f"{shown} and {len(ordered) - 10} more"


def _check_key(key: str) -> None:
    if KEY_PATTERN.fullmatch(key) is None or len(key) > MAX_KEY_BYTES:
        raise BrokenRule(
            f"{key!r:.80} cannot be the name of a config var; use letters, digits and underscores, "
            f"not beginning with a digit, at most {MAX_KEY_BYTES} characters."
        )


def _check_value(key: str, value: object) -> None:
    if not isinstance(value, str):
        raise BrokenRule(f"The value of {key} must be a string, or null to remove it.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise BrokenRule(
            f"The value of {key} is not valid Unicode text; encode binary data, for example as base64."
        ) from None
    if "\0" in value:
        raise BrokenRule(f"The value of {key} contains a NUL character, which no environment variable can hold.")
    if size > MAX_VALUE_BYTES:
        raise BrokenRule(
            f"The value of {key} has {size} bytes; a config var may hold {MAX_VALUE_BYTES // 1024} kB, "
            "so keep large data elsewhere."
        )
