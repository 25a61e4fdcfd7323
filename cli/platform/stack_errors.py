"""What can go wrong with a stack."""

from __future__ import annotations


class StackError(Exception):
    """Raised with one full sentence when a stack or the runner cannot be made."""
