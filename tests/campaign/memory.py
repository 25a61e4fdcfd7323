"""How much memory a reader of archives took."""

from __future__ import annotations

from pathlib import Path


def peak_mb() -> int:
    """Megabytes that this program has had resident at most, since it is this program.

    `ru_maxrss` would count what its parent had when it was forked (getrusage(2) survives execve), a whole pytest.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) >> 10
