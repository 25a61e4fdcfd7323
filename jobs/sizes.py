"""Dyno sizes: memory is a limit, CPU a weight."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Size:
    """One dyno size. `cpu` is Nomad's MHz figure, which the exec driver turns into cgroup shares: a weight, no cap."""

    name: str
    memory_mb: int
    cpu: int
    processes: int
    """RLIMIT_NPROC of the dyno's own uid: threads count, as in Heroku's dyno limits."""
    disk_mb: int


SIZES = {
    size.name: size
    for size in (
        Size(name="free", memory_mb=512, cpu=50, processes=256, disk_mb=1024),
        Size(name="basic", memory_mb=512, cpu=50, processes=256, disk_mb=1024),
        Size(name="standard-1x", memory_mb=512, cpu=75, processes=256, disk_mb=2048),
        Size(name="standard-2x", memory_mb=1024, cpu=150, processes=512, disk_mb=2048),
        Size(name="performance-m", memory_mb=2560, cpu=400, processes=4096, disk_mb=4096),
    )
}

DEFAULT_SIZE = "free"

BUILD_CPU = 20
"""The lowest weight of all: a build never takes the CPU from a serving dyno."""
