"""The keys under which processes keep out of each other's way; see `StateStore.hold`."""

from __future__ import annotations

WORKER = "worker"
"""The one worker of a platform on SQLite."""

SWEEP = "sweep"
"""The repair loop: one sweep at a time is enough."""

CERTIFICATES = "certificates"
"""Telling the router of certificates."""

ACM = "acm"
"""Asking an ACME server for certificates."""

UPKEEP = "upkeep"
"""Collecting garbage, backing up: neither may meet the other."""


def building(app_id: str) -> str:
    """Running builds of an app: what makes slugs."""
    return f"build {app_id}"


def looking_after(oneoff_id: str) -> str:
    """Starting, watching and ending a one-off dyno."""
    return f"oneoff {oneoff_id}"


def attending(app_id: str) -> str:
    """Rolling an app out, applying or removing it."""
    return f"app {app_id}"
