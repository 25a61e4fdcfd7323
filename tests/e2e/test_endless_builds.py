"""A build without an end."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

pytestmark = pytest.mark.platform


def test_a_build_that_takes_too_long(paas: Any, endless_build: subprocess.Popen[str]) -> None:
    """It is stopped, says after how long, and changes nothing; others were built meanwhile."""
    _, said = endless_build.communicate(timeout=180)

    assert endless_build.returncode == 1
    assert "took longer than its 2 minutes" in said
    assert "Nothing of the app was changed." in said
    assert paas.json("builds", "--app", "endless")[0]["status"] == "failed"
    assert paas.json("releases", "--app", "endless") == []
