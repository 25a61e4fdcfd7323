"""Times as counts in buckets: the same ones as in router/lua/metrics.lua, which fills them.

Milliseconds below 32 have a bucket each; above, every doubling has 16 buckets of equal width, so that the middle of a
bucket is at most 1/32 (3.1 %) away from whatever fell into it. The last bucket takes everything from 70 minutes on.
"""

from __future__ import annotations

from collections.abc import Mapping

_EXACT = 32
_STEPS = 16
_OCTAVES = 17
BUCKETS = _EXACT + _OCTAVES * _STEPS
"""How many buckets there are; they are numbered from 0."""

Counts = Mapping[int, int]
"""How many fell into a bucket, by its number; empty ones are left out."""


def bucket_of(ms: int) -> int:
    """The bucket of a time in whole milliseconds."""
    if ms < _EXACT:
        return max(ms, 0)
    octave = ms.bit_length() - _EXACT.bit_length()
    within = (ms >> (octave + 1)) - _STEPS
    return min(_EXACT + octave * _STEPS + within, BUCKETS - 1)


def middle(bucket: int) -> float:
    """The time in milliseconds that stands for a bucket."""
    if bucket < _EXACT:
        return float(bucket)
    octave, within = divmod(bucket - _EXACT, _STEPS)
    width = 2 << octave
    return (_STEPS + within) * width + (width - 1) / 2


def percentile(counts: Counts, share: float) -> float | None:
    """The time in milliseconds that this share (0 to 1) of all did not exceed, by nearest rank; None for no counts."""
    total = sum(counts.values())
    if not total:
        return None
    rank = max(1, -(-total * share // 1))
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank:
            break
    return middle(bucket)


def add(into: dict[int, int], counts: Counts) -> None:
    """Add counts to others."""
    for bucket, count in counts.items():
        into[bucket] = into.get(bucket, 0) + count
