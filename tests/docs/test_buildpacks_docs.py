"""docs/buildpacks.md keeps up with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildpacks.slugc.buildpack import OWN
from buildpacks.slugc.exit_codes import ExitCode
from buildpacks.static.static_site.reading import KNOWN

BUILDPACKS = Path(__file__).resolve().parents[2] / "buildpacks"
DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/buildpacks.md").read_text()


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_status_is_explained(code):
    """A number in a log can be looked up."""
    assert re.search(rf"^\| {code.value} \|", DOCUMENT, re.MULTILINE)


@pytest.mark.parametrize("profile", sorted(BUILDPACKS.glob("*/lib/profile.d/*.sh")), ids=lambda path: path.stem)
def test_what_the_profile_sets_is_listed(profile):
    """Nobody has to read a buildpack to know what is in the environment."""
    for name in re.findall(r"^export ([A-Z_]+)=", profile.read_text(), re.MULTILINE):
        assert name in DOCUMENT, name


@pytest.mark.parametrize("name", OWN)
def test_every_buildpack_is_named(name):
    """In the order in which they are tried."""
    assert f"`{name}`" in DOCUMENT


def test_every_key_of_static_json_is_explained():
    """What a site may say can be looked up."""
    assert set(re.findall(r"^\| `([a-z_]+)` \|", DOCUMENT.partition("## Static sites")[2], re.MULTILINE)) == KNOWN
