"""Dyno sizes as people name them."""

from __future__ import annotations

from control.domain.rules import BrokenRule
from jobs.sizes import DEFAULT_SIZE, SIZES, Size

__all__ = ["DEFAULT_SIZE", "SIZES", "Size", "find_size"]


def find_size(name: object) -> Size:
    """Look a size up by name, whatever its case. Raises BrokenRule."""
    size = SIZES.get(name.lower()) if isinstance(name, str) else None
    if size is None:
        raise BrokenRule(f"Dyno size {name!s:.40} does not exist; choose one of: {', '.join(SIZES)}.")
    return size
