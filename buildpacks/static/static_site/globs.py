"""Path patterns of static.json as regular expressions for nginx."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(\*\*|\*)")
_WILDCARDS = {"**": ".*", "*": "[^/]*"}


def to_regex(pattern: str) -> str:
    """`*` is anything but a slash, `**` is anything; the whole path has to match."""
    anchored = pattern if pattern.startswith("/") else f"/{pattern}"
    inner = "".join(_WILDCARDS.get(part, re.escape(part)) for part in _PARTS.split(anchored))
    return f"^{inner}$"
