"""What a build says of an app.json, which is hostile input."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.domain.manifests import Scale, parse_manifest
from control.domain.rules import BrokenRule


def test_everything_that_it_can_ask_for() -> None:
    """Values and secrets apart, sizes by our names, the check as the seam has it."""
    found = parse_manifest(
        {
            "env": {"A": {"value": "1"}, "B": {"generator": "secret"}},
            "buildpacks": ["python", "https://example.com/b.git"],
            "formation": {"web": {"quantity": 2, "size": "Standard-2X"}, "worker": {"size": "eco"}},
            "postdeploy": " seed ",
            "healthchecks": {"web": [{"path": "/up"}]},
            "cron": [{"command": "tidy", "schedule": "@daily"}],
        },
        most_dynos=10,
    )

    assert (dict(found.env), found.secrets) == ({"A": "1"}, {"B"})
    assert found.buildpacks == ("heroku/python", "https://example.com/b.git")
    assert found.formation == {"web": Scale(quantity=2, size="standard-2x"), "worker": Scale(quantity=1, size="free")}
    assert (found.postdeploy, found.health_check.path) == ("seed", "/up")
    assert found.kept == {
        "env": ["A", "B"],
        "postdeploy": "seed",
        "cron": [{"command": "tidy", "schedule": "@daily"}],
    }


def test_a_cache_is_true_or_false() -> None:
    """Off where nothing is said, and refused where it is neither."""
    assert parse_manifest({"cache": True}, most_dynos=10).cache is True
    assert parse_manifest({}, most_dynos=10).cache is False
    with pytest.raises(BrokenRule, match="cache must be true or false"):
        parse_manifest({"cache": "yes"}, most_dynos=10)


@pytest.mark.parametrize("nothing", [None, {}, {"env": {}, "formation": {}, "cron": []}])
def test_nothing_asked_for_is_nothing_kept(nothing: Any) -> None:
    """Most sources have no app.json."""
    assert parse_manifest(nothing, most_dynos=10).kept is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"formation": {"web": {"quantity": 11}}}, "11 dynos of web are more than the 10"),
        ({"formation": {"web": {"quantity": -1}}}, "cannot be negative"),
        ({"formation": {"web": {"size": "huge"}}}, "Dyno size huge does not exist"),
        ({"formation": {"we b": {}}}, "cannot be a process type"),
        ({"env": {"A B": {"value": "1"}}}, "cannot be the name of a config var"),
        ({"env": {"A B": {"generator": "secret"}}}, "cannot be the name of a config var"),
        ({"env": {"A": {"value": "x" * 70_000}}}, "a config var may hold 64 kB"),
        ({"buildpacks": ["heroku/cobol"]}, "There is no buildpack heroku/cobol"),
        ({"postdeploy": "x" * 20_000}, "scripts.postdeploy must be a text"),
        ({"healthchecks": {"web": [{"path": "up"}]}}, "health check path up in app.json must begin with one slash"),
        ({"env": []}, "has another form than it must have"),
        ([], "has another form than it must have"),
    ],
)
def test_what_cannot_be_is_said(asked: Any, said: str) -> None:
    """One sentence that names app.json."""
    with pytest.raises(BrokenRule, match=r"app\.json") as caught:
        parse_manifest(asked, most_dynos=10)

    assert said in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(["env", "buildpacks", "formation", "postdeploy", "healthchecks", "cron"])


@given(st.dictionaries(_KEYS, _JSON))
def test_no_answer_of_a_build_is_too_odd(document: Any) -> None:
    """It is a manifest or a broken rule, and never another error."""
    with suppress(BrokenRule):
        assert parse_manifest(document, most_dynos=10).postdeploy != ""
