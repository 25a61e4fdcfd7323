"""Names and URLs of buildpacks."""

from __future__ import annotations

import pytest

from buildpacks.slugc import buildpack as slugc
from control.domain.buildpacks import OWN, check_buildpack, check_buildpacks
from control.domain.rules import BrokenRule


def test_the_catalogue_is_what_builds_know() -> None:
    """Every buildpack of ours is in it, by every name that a build takes, and no other."""
    assert tuple(own.name for own in OWN) == slugc.OWN
    assert {name: own.name for own in OWN for name in own.names if "/" in name} == slugc._ALIASES


@pytest.mark.parametrize("name", ["python", "heroku/python", "nomapaas/python", "urn:buildpack:heroku/python"])
def test_all_names_of_ours_are_kept_as_one(name: str) -> None:
    """Whatever a client calls it."""
    assert check_buildpack(name) == "heroku/python"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/heroku/heroku-buildpack-ruby",
        "https://example.com/b.git#v1.2",
        "https://example.com/b.git#feature/x",
        "https://example.com:8443/b.tgz?signed=1",
    ],
)
def test_urls_are_kept_as_they_are(url: str) -> None:
    """A git repository, with or without a ref, or a tarball."""
    assert check_buildpack(url) == url


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("heroku/ruby", "There is no buildpack heroku/ruby here; choose one of: heroku/nodejs"),
        ("http://example.com/b.git", "is no buildpack"),
        ("git@github.com:heroku/x.git", "is no buildpack"),
        ("https:///x", "is no buildpack"),
        ("https://example.com/a b", "is no buildpack"),
        ("https://example.com:99999/x", "is no buildpack"),
        ("https://exämple.com/x", "is no buildpack"),
        ("https://example.com/" + "x" * 1000, "is no buildpack"),
        ("", "is no buildpack"),
        ("https://me:secret@example.com/x", "must not hold a user name or a password"),
        ("https://example.com/x#--upload-pack=x", "is not the name of a branch, tag or commit"),
    ],
)
def test_what_can_be_no_buildpack(wanted: str, said: str) -> None:
    """One sentence, which never repeats a password."""
    with pytest.raises(BrokenRule) as caught:
        check_buildpack(wanted)

    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_each_once_and_not_too_many() -> None:
    """The same one twice is a slip."""
    with pytest.raises(BrokenRule, match=r"^The buildpack heroku/python is named twice"):
        check_buildpacks(["python", "heroku/python"])
    with pytest.raises(BrokenRule, match="An app may have 20 buildpacks, and these are 21"):
        check_buildpacks(f"https://example.com/{number}" for number in range(21))
