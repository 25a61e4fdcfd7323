"""A node agent and how to make things happen on its node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from control.ports.node import Crash, Node

OUTPUT = "line one\nline two\n"
CRASH = Crash(
    dyno="web.1",
    allocation_id="",
    exit_code=3,
    oom_killed=False,
    unwell=False,
    at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    lines=(),
)
RESULT = {"process_types": {"web": "python -m http.server"}, "slug_bytes": 3}
SCRIPT = """
mkdir -p /alloc/out && cd /alloc/out
printf 'tgz' > slug.tgz
printf '{"process_types": {"web": "python -m http.server"}, "slug_bytes": 3}' > result.json
printf 'cache' > cache.tar
printf 'line one\\nline two\\n'
"""
HOSTILE = """
mkdir -p /alloc/out && cd /alloc/out
ln -s /etc/hostname slug.tgz
ln -s /etc/hostname cache.tar
printf '[1, 2' > result.json
"""


@dataclass
class Stage:
    node: Node
    unavailable: Node
    build: Callable[..., str]
    """Runs a script as a build's task and gives the allocation's id."""
    crash: Callable[[str, str], None]
    """Has an allocation's end taken for the crash of an app's web.1, with exit code 3."""
    request: Callable[[str, int], None]
    """The router reports that one request of an app ended, and that so many are in flight."""
