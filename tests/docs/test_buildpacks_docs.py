"""docs/buildpacks.md keeps up with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildpacks.slugc.exit_codes import ExitCode

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/buildpacks.md").read_text()


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_status_is_explained(code):
    """A number in a log can be looked up."""
    assert re.search(rf"^\| {code.value} \|", DOCUMENT, re.MULTILINE)


def test_what_the_profile_sets_is_listed():
    """Nobody has to read the buildpack to know what is in the environment."""
    profile = (Path(__file__).resolve().parents[2] / "buildpacks/python/lib/profile.d/python.sh").read_text()

    for name in re.findall(r"^export ([A-Z_]+)=", profile, re.MULTILINE):
        assert name in DOCUMENT, name
