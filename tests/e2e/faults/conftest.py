"""What breaks a platform's servers."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def _probe_grows_old(probe: str) -> None:
    """Nomad's client knows a dyno again that is a minute old; a test waits for that, and others run meanwhile."""
    assert probe
