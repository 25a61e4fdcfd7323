"""Paths of the control API."""

from __future__ import annotations

from urllib.parse import quote


def api_path(*parts: str) -> str:
    """A path of the API; every part is quoted, so that no name can reach another resource."""
    return "".join("/" + quote(part, safe="~") for part in parts)
