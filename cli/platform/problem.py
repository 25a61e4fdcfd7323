"""What `nomapaas up` and its kin cannot go on from."""

from __future__ import annotations


class Problem(Exception):
    """The message is one full sentence, or two: what is wrong and what to do."""
